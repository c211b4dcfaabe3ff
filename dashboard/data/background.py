"""Slow reads on threads, so that one person's deep zoom does not block other pages."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

__all__ = ["Latest", "filling_cache", "is_filling_cache", "submit"]

Found = TypeVar("Found")
THREADS = 8

_pools: dict[str, ThreadPoolExecutor] = {}
_pools_lock = threading.Lock()
_thread = threading.local()


def submit(store: str, work: Callable[[], Found]) -> "Future[Found]":
    """Run `work` on a thread of a store; a store that hangs takes no threads from other stores."""
    with _pools_lock:
        if store not in _pools:
            _pools[store] = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")
        return _pools[store].submit(work)


@contextmanager
def filling_cache() -> Iterator[None]:
    """Make objects on this thread only to fill the cache with what they read.

    A `Latest` reads nothing meanwhile: its reads happen on a thread anyway. The objects belong to a
    document of their own: without one, Bokeh names the document that the server's thread is at work
    on at the moment, and Panel fails where that changes between two looks.
    """
    _thread.is_filling_cache = True
    try:
        with set_curdoc(Document()):
            yield
    finally:
        _thread.is_filling_cache = False


def is_filling_cache() -> bool:
    """Whether this thread makes objects only to fill the cache."""
    return getattr(_thread, "is_filling_cache", False)


class Latest:
    """Runs requests on a thread, one after another; of the waiting requests only the last.

    Without a served page (a notebook, a test, the first warm-up) a request runs at once.

    Parameters
    ----------
    store : str
        The store that `work` reads. Each store has its own threads.

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
            Reads and computes; must not touch the page. Its exceptions are raised in place of the
            call of `show`.
        show : callable
            Changes the page. Not called if a later `find` came first.
        """
        if is_filling_cache():
            return
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            show(work())
            return
        self._next = work, show
        if self._running:
            return
        self._running = True
        # A change between the sending of a page and its ready event would never arrive there.
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
            # As one message, after the waiting ones: no chart gets half of a change, or a change to
            # a part that has not arrived yet.
            with pn.io.hold():
                show(done.result())

        submit(self._store, work).add_done_callback(
            lambda done: _with_lock(loop, context, document, lambda: shown(done))
        )


def _with_lock(loop: Any, context: Any, document: Any, act: Callable[[], None]) -> None:
    """Run `act`, which changes a page, from any thread.

    The page's session has the server's loop and the lock. So no thread needs its own loop, and
    Panel and Bokeh may run callbacks in any thread. If the page has closed,
    nothing happens.
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
        task.result()  # the loop reports an exception raised here

    with suppress(RuntimeError):  # the server has stopped
        loop.call_soon_threadsafe(begin)


# The loop keeps only weak references.
_tasks: "set[asyncio.Task[None]]" = set()
