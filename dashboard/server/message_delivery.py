"""A workaround for messages that Panel queues for a page and does not send in time.

While a page's socket is busy, Panel (1.9 and 1.10 at least) queues changes and marks the page as
one with queued messages. After it has sent the messages that it took from the queue, Panel removes
the mark, although more messages may have been queued meanwhile. The task that should send those
finds no mark and stops. They then reach the page only when the next change is queued.
"""

import inspect
import logging
from typing import Any

from panel import __version__
from panel.io import document

__all__ = ["deliver_all"]

# Panel 1.9 queues messages, Panel 1.10 the events that they are made of.
QUEUES = ("_WRITE_MSGS", "_WRITE_EVENTS")
MARKED = "_WRITE_BLOCK"
# Panel has no public name for it.
_send_queued: Any = getattr(document, "_dispatch_msgs", None)


def deliver_all() -> None:
    """Make Panel send messages that were queued during a send right after that send.

    A Panel version whose sending code differs from the known versions is left unchanged; a line in
    the log reports this.
    """
    name = _queue_of(_send_queued)
    if name is None:
        logging.getLogger(__name__).warning(
            "Panel %s sends queued messages in a way that DeepTracker does not know: sometimes a "
            "page may show a change only together with the next one",
            __version__,
        )
        return
    queue, marked = getattr(document, name), getattr(document, MARKED)

    async def send_all(doc: document.Document) -> None:
        await _send_queued(doc)
        while doc in queue and doc not in marked:
            marked[doc] = True
            await _send_queued(doc)

    document._dispatch_msgs = send_all  # noqa: SLF001


def _queue_of(send: Any) -> str | None:
    """Name the queue that a function sends for one document; None if it is another function."""
    if not inspect.iscoroutinefunction(send) or list(inspect.signature(send).parameters) != ["doc"]:
        return None
    used = set(send.__code__.co_names)
    return next((name for name in QUEUES if {name, MARKED} <= used), None)
