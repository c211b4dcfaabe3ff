"""Messages to the page that Panel has queued, and would forget.

While a page's socket is busy Panel (1.9 at least) queues what has changed, and marks the page as
one for which something is queued. Having sent what it took from the queue it takes back the mark,
though more may have been queued meanwhile; the task that is to send that finds no mark and gives
up, and the page does not hear of it before the next change is queued.
"""

from panel.io import document

__all__ = ["deliver_all"]

# There is no public way to either; the queue was renamed in Panel 1.10.
_send_queued = document._dispatch_msgs  # noqa: SLF001
_queue = vars(document)["_WRITE_EVENTS" if hasattr(document, "_WRITE_EVENTS") else "_WRITE_MSGS"]


def deliver_all() -> None:
    """See to it that what was queued while a message was sent is sent right after it."""
    document._dispatch_msgs = _send_all  # noqa: SLF001


async def _send_all(page: document.Document) -> None:
    await _send_queued(page)
    while page in _queue and page not in document._WRITE_BLOCK:  # noqa: SLF001
        document._WRITE_BLOCK[page] = True  # noqa: SLF001
        await _send_queued(page)
