"""What is queued for a page while its socket is busy arrives."""

import asyncio

import pytest
from bokeh.document import Document
from panel.io import document
from tornado.locks import Lock

from deeptracker.dashboard.server import message_delivery


class Line:
    """A connection whose socket takes one message at a time, when it is told to."""

    def __init__(self):
        self.protocol = self
        self._socket = self
        self.sent, self.pending = [], []
        self.write_lock = Lock()

    def create(self, _kind, events):
        return events

    def send(self, message):
        self.sent.append(message)
        self.write_lock.acquire()
        self.pending.append(asyncio.get_running_loop().create_future())
        return self.pending[-1:]

    def take(self):
        self.write_lock.release()
        self.pending.pop(0).set_result(None)


async def two_messages(monkeypatch):
    """Queue a message, and another while the first is on its way."""
    page, line = Document(), Line()
    monkeypatch.setitem(document.extra_socket_handlers, Line, lambda conn, msg: conn.send(msg))
    document.schedule_write_events(page, [line], ["first"])
    await asyncio.sleep(0.01)
    assert line.sent == [["first"]]
    document.schedule_write_events(page, [line], ["second"])
    await asyncio.sleep(0.002)
    line.take()
    await asyncio.sleep(0.1)
    return line.sent


def test_what_is_queued_while_a_message_is_sent_follows_it(monkeypatch):
    monkeypatch.setattr(document, "_dispatch_msgs", document._dispatch_msgs)
    message_delivery.deliver_all()
    assert asyncio.run(two_messages(monkeypatch)) == [["first"], ["second"]]


async def renamed(page):
    """What Panel may have some day: another name for what it gets."""
    assert page not in document._WRITE_BLOCK


async def sends_otherwise(doc):
    """What Panel may have some day: no queue."""
    return doc


@pytest.mark.parametrize("panels", [renamed, sends_otherwise, document.schedule_write_events, None])
def test_a_panel_that_sends_in_another_way_is_left_alone_with_a_line(panels, monkeypatch, caplog):
    monkeypatch.setattr(document, "_dispatch_msgs", panels)
    monkeypatch.setattr(message_delivery, "_send_queued", panels)
    message_delivery.deliver_all()
    assert document._dispatch_msgs is panels
    [line] = caplog.messages
    assert "page may show a change only together with the next one" in line


@pytest.mark.xfail(
    strict=True, reason="once Panel sends it, dashboard/server/message_delivery.py can go"
)
def test_panel_alone_sends_it(monkeypatch):
    monkeypatch.setattr(document, "_dispatch_msgs", message_delivery._send_queued)
    assert asyncio.run(two_messages(monkeypatch)) == [["first"], ["second"]]
