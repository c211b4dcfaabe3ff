"""Slow reads beside the event loop, so that one person's deep zoom stops nobody else's page."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import panel as pn

__all__ = ["Latest"]

Found = TypeVar("Found")
THREADS = 8

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")


class Latest:
    """Finds things on a thread, one after another; of what is asked for meanwhile, the last.

    Without a served page (a notebook, a test, the first warm-up) everything is done at once.

    Examples
    --------
    >>> reads = Latest()
    >>> reads.find(lambda: read(window), draw)
    """

    def __init__(self) -> None:
        self._running = False
        self._next: tuple[Callable[[], Any], Callable[[Any], None]] | None = None

    def find(self, work: Callable[[], Found], show: Callable[[Found], None]) -> None:
        """Call ``show(work())``: `work` on a thread, `show` on the page's own event loop.

        Parameters
        ----------
        work : callable
            Reads and computes; touches nothing of the page. What it raises is raised on the page's
            loop.
        show : callable
            Changes the page. Not called where a later `find` came before it could be.
        """
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            show(work())
            return
        self._next = work, show
        if not self._running:
            self._start(document)

    def _start(self, document: Any) -> None:
        assert self._next is not None
        (work, show), self._next = self._next, None
        self._running = True

        def on_loop(done: Future[Any]) -> None:
            def shown() -> None:
                # As one message, behind those that wait: no chart sees half of what changed, and
                # none hears of a part that it has not got yet.
                with pn.io.hold():
                    show(done.result())

            self._running = False
            if self._next is not None:
                self._start(document)
                return
            # What changes after a page was sent and before it is ready would never arrive there.
            if pn.state.loaded:
                shown()
            else:
                # Only once it is ready, not while it becomes so, can changes be held together.
                pn.state.onload(lambda: document.add_next_tick_callback(shown))

        # Not from the thread: what a document on hold is told of meanwhile may be lost.
        loop = asyncio.get_running_loop()

        def told(done: Future[Any]) -> None:
            with suppress(RuntimeError):  # the server stopped
                loop.call_soon_threadsafe(document.add_next_tick_callback, lambda: on_loop(done))

        _threads.submit(work).add_done_callback(told)
