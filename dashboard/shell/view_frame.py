"""A view's frame: it makes the view when it is first shown, and catches the view's errors."""

import html
import logging
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd
import panel as pn

from deeptracker.dashboard.data.background import Latest, filling_cache, is_filling_cache
from deeptracker.dashboard.data.run import first_line
from deeptracker.dashboard.selection.state import State
from deeptracker.dashboard.widgets.controls import action, text

__all__ = ["View", "ViewFrame"]

logger = logging.getLogger(__name__)


class View(Protocol):
    """The interface between a view and its frame.

    The frame makes a view from the run, the selection and the view's states.

    Attributes
    ----------
    title : str
        Of its tab.
    tip : str
        One line on what it shows; the tooltip of its tab.
    about : str
        What it shows and how to read it; an empty line between paragraphs.
    states : tuple of type
        The classes of its states, in the order of the constructor's arguments.
    """

    title: str
    tip: str
    about: str
    states: tuple[type[State], ...]

    def panel(self) -> pn.viewable.Viewable:
        """Give what to show."""

    def update(self) -> None:
        """Draw the store's current data."""

    def table(self) -> pd.DataFrame:
        """Give the numbers that are shown."""


class ViewFrame:
    """The place of one view on the page.

    The frame makes a view when it is first shown. It does not redraw a hidden view: it delivers
    the changes when the view is shown again. If a view fails, the frame shows the error in the
    view's place; the other views still work.

    Parameters
    ----------
    maker : type
        Class of the view; takes the run, the selection and its states.
    run : Run
    *states : State
        The selection and the view's states, which the view may watch.
    view_error : Exception, optional
        The error of reading ahead for this view. The frame shows it and reads nothing, until a
        person tries again.

    Attributes
    ----------
    failure : Exception or None
        The error that keeps the view from showing.
    """

    def __init__(
        self, maker: Any, run: Any, *states: State, view_error: Exception | None = None
    ) -> None:
        self.title = str(maker.title)
        self.tip = str(maker.tip)
        self.about = str(maker.about)
        self.view: Any = None
        self.is_shown = False
        self.failure: Exception | None = None
        self._make = lambda: maker(run, *states)
        self._make_copy = lambda copies: maker(run, *copies).panel()
        self._view_error = view_error
        self._reads = Latest(run.location if run is not None else "")
        self._run = run
        self._states = states
        self._stale = False
        self._missed: dict[Any, dict[str, Any]] = {}
        self.place = pn.Column(
            text(_skeleton(self.title), margin=0),
            sizing_mode="stretch_width",
            visible=False,
            margin=0,
        )

    def show(self) -> None:
        """Show the view: make it, or deliver the changes that it missed."""
        self.is_shown = True
        self.place.visible = True
        if self.view is None:
            self._after_page(self._prepare)
        else:
            self._catch_up()

    def hide(self) -> None:
        """Hide the view, and redraw nothing until it is shown again."""
        self.is_shown = False
        self.place.visible = False

    def build(self) -> None:
        """Make the view now."""
        self.is_shown = True
        self.place.visible = True
        self._build(self._view_error)

    def update(self) -> None:
        """Draw the store's current data, now or when the view is shown next."""
        if not self.is_shown or self.view is None:
            self._stale = True
            return
        self._try(self.view.update)

    def csv(self) -> dict[str, str]:
        """Give the numbers shown as `csv`, or the reason why there are none as `error`."""
        if self.view is None:
            return {"error": f"{self.title} is not drawn yet: save its numbers when it is."}
        try:
            return {"csv": self.view.table().to_csv(index=False)}
        except Exception as error:
            logger.exception("the numbers of %s", self.title)
            return {"error": f"The numbers of {self.title} could not be read: {error}"}

    def _after_page(self, act: Callable[[], None]) -> None:
        """Call a function after the page has shown the frame; at once if there is no page."""
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            act()
        else:
            document.add_timeout_callback(act, 15)

    def _prepare(self) -> None:
        """Read on a thread everything that the view reads when it is made, then make it."""
        copies = [state.copied() for state in self._states]

        def filled() -> Exception | None:
            try:
                with filling_cache():
                    self._make_copy(copies)
            except Exception as error:  # noqa: BLE001  shown in the view's place
                return error
            return None

        if pn.state.curdoc is None:
            self._build()
        else:
            self._reads.find(filled, self._build)

    def _build(self, view_error: Exception | None = None) -> None:
        if self.view is not None:
            return
        if view_error is not None:
            self._fail(view_error)
            return
        known = self._watchers()
        try:
            view = self._make()
            shown = view.panel()
        except Exception as error:  # noqa: BLE001  other views still work
            for watcher in self._watchers() - known:
                watcher.inst.param.unwatch(watcher)
            self._fail(error)
            return
        self.view, self.failure = view, None
        for watcher in self._watchers() - known:
            self._guard(watcher)
        self.place.objects = [shown]
        self.place.param.trigger("objects")

    def _watchers(self) -> set[Any]:
        return {
            watcher
            for state in self._states
            for kinds in state.param.watchers.values()
            for watchers in kinds.values()
            for watcher in watchers
        }

    def _guard(self, watcher: Any) -> None:
        """Make a watcher of the view wait while the view is hidden, and show its errors there."""

        def guarded(*events: Any) -> None:
            if self.is_shown:
                self._try(watcher.fn, *events)
                return
            missed = self._missed.setdefault(watcher.fn, {})
            for event in events:
                missed[event.name] = event

        watcher.inst.param.unwatch(watcher)
        watcher.inst.param.watch(
            guarded,
            list(watcher.parameter_names),
            onlychanged=watcher.onlychanged,
            queued=watcher.queued,
            precedence=watcher.precedence,
        )

    def _catch_up(self) -> None:
        missed, self._missed = self._missed, {}
        stale, self._stale = self._stale, False
        for watcher, events in missed.items():
            self._try(watcher, *events.values())
        if stale:
            self._try(self.view.update)

    def _try(self, act: Callable[..., Any], *arguments: Any) -> None:
        if self.view is None:
            return
        try:
            # All its changes go out as one message, a plain Bokeh figure's changes too: the
            # page may be acting on an event without Bokeh's lock.
            with pn.io.hold():
                act(*arguments)
        except Exception as error:  # noqa: BLE001  other views still work
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.view, self.failure = None, error
        if is_filling_cache():
            return
        logger.error("the view %s failed", self.title, exc_info=error)
        self._show_error(error, "")
        if self._run is not None:
            self._reads.find(
                self._run.find_read_error, lambda read_error: self._show_error(error, read_error)
            )

    def _show_error(self, error: Exception, read_error: str) -> None:
        if self.failure is not error:
            return
        trace = "".join(traceback.format_exception(error))
        content = (
            "<div class='dt-failed' role='alert' data-testid='failed'>"
            f"{self._error_html(error, read_error)}"
            f"<details><summary>Details for a bug report</summary><pre>{html.escape(trace)}</pre>"
            "</details></div>"
        )
        retry = action("Try again", self._prepare, margin=(8, 0), width=110)
        self.place.objects = [text(content, margin=0), retry]

    def _error_html(self, error: Exception, read_error: str) -> str:
        """Show the error; for a lost store, the text of that store's page in home.py."""
        if read_error:
            return (
                f"<h3>This run cannot be shown</h3><p>{html.escape(read_error)}</p>"
                "<p class='dt-hint'>The store is expected at "
                f"<code>{html.escape(self._run.location)}</code>. Restore it or process its "
                "training log again, and then try again; drawn charts stay.</p>"
            )
        return (
            f"<h3>{html.escape(self.title)} could not be drawn</h3>"
            f"<p>{html.escape(first_line(error))}</p>"
            "<p class='dt-hint'>The other views still work. Trying again reads the store again; "
            "a link to this page opens the same view for others.</p>"
        )


def _skeleton(title: str) -> str:
    lines = "<i></i>" * 14
    return (
        f"<div class='dt-skeleton' role='status' data-testid='skeleton'><p>{html.escape(title)} is "
        f"being drawn</p>{lines}</div>"
    )
