"""Reads on threads: the page's loop stays free, and the last of many requests wins."""

import asyncio
import threading
from contextlib import asynccontextmanager

import panel as pn
import pytest
from bokeh.application import Application
from bokeh.io.doc import patch_curdoc
from bokeh.server.contexts import ApplicationContext
from panel.io.state import set_curdoc
from tornado.ioloop import IOLoop

from deeptracker.dashboard.data.background import THREADS, Latest, filling_cache


@asynccontextmanager
async def opened():
    """Yield the document of a real session, made as Bokeh makes it and shown in a browser."""
    application = ApplicationContext(Application(), io_loop=IOLoop.current())
    session = await application.create_session_if_needed("a visit")
    await session.with_document_locked(pn.state._on_load, session.document)
    yield session.document


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
        latest, shown, ticks = Latest(), [], 0
        release = threading.Event()

        def slow():
            assert release.wait(30)
            return "first"

        async with opened() as page:
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
        async with opened() as page:
            with set_curdoc(page):
                Latest().find(lambda: 1 / 0, pytest.fail)
            await until(lambda: raised)
        return raised

    assert isinstance(asyncio.run(visit())[0], ZeroDivisionError)


def test_what_is_asked_for_on_a_thread_without_a_loop_is_shown_with_the_pages_lock():
    async def visit():
        shown = []
        async with opened() as page:

            def ask():
                with pytest.raises(RuntimeError, match="no running event loop"):
                    asyncio.get_running_loop()
                with set_curdoc(page):
                    Latest().find(lambda: "read", show)

            def show(found):
                # Bokeh collects what to send only while the lock is held.
                is_locked = page.session_context.session._pending_writes is not None
                shown.append((found, pn.state.curdoc is page, is_locked))

            await asyncio.to_thread(ask)
            await until(lambda: shown)
        return shown

    assert asyncio.run(visit()) == [("read", True, True)]


def test_reads_of_a_store_that_hangs_take_no_thread_from_another_store():
    async def visit():
        release, shown = threading.Event(), []
        async with opened() as page:
            with set_curdoc(page):
                for _ in range(THREADS + 1):
                    Latest("hangs").find(lambda: release.wait(30), lambda _: None)
                Latest("answers").find(lambda: "read", shown.append)
            try:
                await until(lambda: shown)
                return release.is_set(), shown
            finally:
                release.set()

    assert asyncio.run(visit()) == (False, ["read"])


def test_what_a_thread_makes_for_the_cache_never_belongs_to_the_page_of_somebody_else():
    def made():
        with filling_cache():
            return pn.state.curdoc, pn.state.session_args, pn.widgets.Select(options=["a"]).value

    async def visit():
        async with opened() as page:
            with patch_curdoc(page):  # as while the server's thread changes a page
                return page, await asyncio.to_thread(made)

    page, (document, arguments, value) = asyncio.run(visit())
    assert document is not page
    assert (document.session_context, arguments, value) == (None, {}, "a")
