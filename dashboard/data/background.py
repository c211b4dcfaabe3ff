"""Slow reads on threads, so that one person's deep zoom stops nobody else's page."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import panel as pn
from panel.io.state import set_curdoc

__all__ = ["Latest", "is_rehearsing", "rehearsing", "submit"]

Found = TypeVar("Found")
THREADS = 8

_pools: dict[str, ThreadPoolExecutor] = {}
_making = threading.Lock()
_here = threading.local()


def submit(store: str, work: Callable[[], Found]) -> "Future[Found]":
    """Run `work` on a thread of a store: one that hangs takes no threads from another's pages."""
    with _making:
        if store not in _pools:
            _pools[store] = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")
        return _pools[store].submit(work)


@contextmanager
def rehearsing() -> Iterator[None]:
    """Make something on this thread only to have what it reads in the cache.

    A `Latest` finds nothing meanwhile: what it would read is read on a thread anyway.
    """
    _here.is_rehearsing = True
    try:
        yield
    finally:
        _here.is_rehearsing = False


def is_rehearsing() -> bool:
    """Whether what is made on this thread is thrown away."""
    return getattr(_here, "is_rehearsing", False)


class Latest:
    """Finds things on a thread, one after another; of what is asked for meanwhile, the last.

    Without a served page (a notebook, a test, the first warm-up) everything is done at once.

    Parameters
    ----------
    store : str
        Where `work` reads. Each store has threads of its own.

    Examples
    --------
    >>> reads = Latest(run.location)
    >>> reads.find(lambda: read(window), draw)
    """

    def __init__(self, store: str = "") -> None:
        self._store = store
        self._running = False
        self._next: tuple[Callable[[], Any], Callable[[Any], None]] | None = None

    def find(self, work: Callable[[], Found], show: Callable[[Found], None]) -> None:
        """Call ``show(work())``: `work` on a thread, `show` with the page's lock.

        Parameters
        ----------
        work : callable
            Reads and computes; touches nothing of the page. What it raises is raised where `show`
            would have been called.
        show : callable
            Changes the page. Not called where a later `find` came before it could be.
        """
        if is_rehearsing():
            return
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            show(work())
            return
        self._next = work, show
        if self._running:
            return
        self._running = True
        # What changes after a page was sent and before it is ready would never arrive there.
        if pn.state.loaded:
            self._start(document)
        else:
            pn.state.onload(lambda: self._start(document))

    def _start(self, document: Any) -> None:
        assert self._next is not None
        (work, show), self._next = self._next, None
        context = document.session_context
        loop = context.server_context.application_context.io_loop

        def shown(done: "Future[Any]") -> None:
            if self._next is not None:
                self._start(document)
                return
            self._running = False
            # As one message, behind those that wait: no chart sees half of what changed, and none
            # hears of a part that it has not got yet.
            with pn.io.hold():
                show(done.result())

        submit(self._store, work).add_done_callback(
            lambda done: _with_lock(loop, context, document, lambda: shown(done))
        )


def _with_lock(loop: Any, context: Any, document: Any, act: Callable[[], None]) -> None:
    """Have `act` change a page, whichever thread this is.

    The page's session names the server's loop and has the lock; no thread needs a loop of its own,
    and nothing depends on where Panel and Bokeh run callbacks. A page that is gone is left alone.
    """
    loop = getattr(loop, "asyncio_loop", loop)

    def locked() -> None:
        with set_curdoc(document):
            act()

    def begin() -> None:
        task = loop.create_task(context.session.with_document_locked(locked))
        _tasks.add(task)
        task.add_done_callback(ended)

    def ended(task: "asyncio.Task[None]") -> None:
        _tasks.discard(task)
        task.result()  # raised here, the loop reports it

    with suppress(RuntimeError):  # the server stopped
        loop.call_soon_threadsafe(begin)


# The loop itself keeps only weak references.
_tasks: "set[asyncio.Task[None]]" = set()
