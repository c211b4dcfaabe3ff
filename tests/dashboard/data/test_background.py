"""Reads on threads: the page's loop stays free, and the last of many requests wins."""

import asyncio
import threading

import pytest
from panel.io.state import set_curdoc

from deeptracker.dashboard.data.background import Latest


class Page:
    """A served document, as far as scheduling goes: a loop, and next ticks from that alone.

    Bokeh's takes them from any thread, but while it is on hold it may lose them.
    """

    def __init__(self, loop):
        self.loop = loop
        self.session_context = object()
        self.hold = None

    def add_next_tick_callback(self, callback):
        assert asyncio.get_running_loop() is self.loop
        self.loop.call_soon(callback)


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited 30 s")


def test_without_a_page_everything_is_done_at_once():
    shown = []
    Latest().find(threading.current_thread, shown.append)
    assert shown == [threading.current_thread()]


def test_the_loop_stays_free_and_only_the_last_request_is_shown_after_the_first():
    async def visit():
        page, latest, shown, ticks = Page(asyncio.get_running_loop()), Latest(), [], 0
        release = threading.Event()

        def slow():
            assert release.wait(30)
            return "first"

        with set_curdoc(page):
            latest.find(slow, shown.append)
            for number in range(5):
                latest.find(lambda number=number: number, shown.append)
        for _ in range(20):
            await asyncio.sleep(0)
            ticks += 1
        assert shown == []
        release.set()
        await until(lambda: shown)
        return shown, ticks

    shown, ticks = asyncio.run(visit())
    assert ticks == 20
    assert shown == [4]


def test_what_a_read_raises_is_raised_on_the_loop():
    async def visit():
        loop = asyncio.get_running_loop()
        raised = []
        loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
        with set_curdoc(Page(loop)):
            Latest().find(lambda: 1 / 0, pytest.fail)
        await until(lambda: raised)
        return raised

    assert isinstance(asyncio.run(visit())[0], ZeroDivisionError)
