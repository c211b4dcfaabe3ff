"""One run's page: the header, the timeline, and the views in panes, all linked by one selection."""

import html
import logging
from collections.abc import Callable, Mapping
from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest, filling_cache
from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.incidents import incidents_of
from deeptracker.dashboard.data.run import Run, first_line
from deeptracker.dashboard.data.search import open_place, places_of
from deeptracker.dashboard.look.theme import CSS
from deeptracker.dashboard.shell.chips import Chips
from deeptracker.dashboard.shell.header import Header
from deeptracker.dashboard.shell.link_check import sift_picks
from deeptracker.dashboard.shell.pane_head import PaneHead
from deeptracker.dashboard.shell.panes import Panes
from deeptracker.dashboard.shell.stepping import step_anomaly, step_iteration
from deeptracker.dashboard.shell.view_frame import ViewFrame
from deeptracker.dashboard.views.registry import TIMELINE, VIEWS, linked, view_class
from deeptracker.dashboard.widgets.controls import action, rail, text, with_rail
from deeptracker.wording import counted

__all__ = ["RunPage"]

logger = logging.getLogger(__name__)

POLL_MILLISECONDS = 5000


class RunPage:
    """The page of one run, for one person.

    Parameters
    ----------
    run : Run
    query : str
        The link's query string.
    dark : bool
        Whether the browser shows the dark theme.
    view_errors : mapping of str to Exception, optional
        The errors that `prepare` caught, by the title of the view.
    """

    def __init__(
        self,
        run: Run,
        query: str = "",
        *,
        dark: bool = False,
        view_errors: Mapping[str, Exception] | None = None,
    ) -> None:
        view_errors = view_errors or {}
        self.run = run
        self.linked = linked(dark=dark)
        self.selection = self.linked.selection
        self._reads = Latest(run.location)
        self._apply_link(query)
        if not query.removeprefix("?"):
            self.selection.view = _opening_view(run)
        self.timeline = self._frame(TIMELINE, view_errors)
        # A view is made when it is first opened, so that hidden views cost no time.
        self.frames = {name: self._frame(location, view_errors) for name, location in VIEWS.items()}
        self.chips = Chips(
            title="Selection",
            hint="Nothing is picked. Drag on the timeline for a window, click for an iteration.",
            sizing_mode="stretch_width",
            margin=0,
        )
        self._chosen: list[tuple[str, str, Any]] = []
        self.notice_text = text(margin=0)
        self.notice = self._notice_row()
        self.header = Header(
            views=list(VIEWS),
            split=self.selection.split,
            dark=dark,
            sizing_mode="stretch_width",
            margin=0,
        )
        self.tools = PaneHead(
            pane="timeline",
            view="timeline",
            title=self.timeline.title,
            about=self.timeline.about,
            run=run.name,
            sizing_mode="stretch_width",
            margin=0,
        )
        self.header.param.watch(lambda event: self._act(event.new), "event")
        self.tools.param.watch(lambda event: self._send_csv(event.new), "event")
        self.chips.param.watch(lambda event: self._drop(event.new), "event")
        self.selection.param.watch(
            self._list_picks, ["iterations", "classes", "images", "nodes", "filters", "window"]
        )
        self.selection.param.watch(self._show_notice, "notice")
        self.selection.param.watch(self._write_header, ["split", "spacing", "window"])
        self.timeline.build()
        self.panes = Panes(self.frames, self.selection, run.name)
        self._list_picks()
        self._show_notice()
        self._write_header()

    def _notice_row(self) -> pn.Row:
        """Make the line that shows the notice, with its button."""
        return pn.Row(
            self.notice_text,
            action("Close", self._close_notice, width=70, margin=(4, 0, 0, 8)),
            visible=False,
            margin=(6, 16),
            sizing_mode="stretch_width",
        )

    @classmethod
    def prepare(cls, run: Run, query: str = "") -> dict[str, Exception]:
        """Read on a thread everything that a new page reads, into the cache of all pages.

        Makes the page once and discards it, so that exactly the page's own reads happen.

        Returns
        -------
        dict of str to Exception
            The error of each view that failed, by the view's title.
        """
        with filling_cache():
            page = cls(run, query)
        frames = (page.timeline, *page.frames.values())
        return {frame.title: frame.failure for frame in frames if frame.failure is not None}

    def panel(self) -> pn.viewable.Viewable:
        """Give the whole page."""
        top = pn.Column(
            self.header,
            pn.Column(
                with_rail(
                    self.timeline.place, rail(self.tools, *self._timeline_controls(), self.chips)
                ),
                css_classes=["dt-timeline"],
                stylesheets=[CSS],
                sizing_mode="stretch_width",
                margin=0,
            ),
            css_classes=["dt-top"],
            stylesheets=[CSS],
            sizing_mode="stretch_width",
            margin=0,
        )
        return pn.Column(
            top,
            self.notice,
            self.panes.panel(),
            css_classes=["dt-page"],
            stylesheets=[CSS],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _frame(self, location: str, view_errors: Mapping[str, Exception]) -> ViewFrame:
        maker = view_class(location)
        states = self.linked.of(maker)
        return ViewFrame(maker, self.run, *states, view_error=view_errors.get(maker.title))

    @property
    def _titles(self) -> dict[str, str]:
        return {name: frame.title for name, frame in self.frames.items()}

    def follow(self) -> None:
        """Show a new commit, if there is one; show a notice if the store cannot be read."""
        query = self.linked.to_query()

        def read() -> tuple[Run | None, str]:
            try:
                newer = self.run.newer()
                errors = self.prepare(newer, query) if newer is not None else {}
                run = newer or self.run
                return newer, self.run.find_read_error() if errors else run.read_error
            except Exception as error:  # noqa: BLE001  shown in the header
                return None, self.run.find_read_error() or first_line(error)

        self._reads.find(read, lambda found: self._show_newer(*found))

    def _show_newer(self, newer: Run | None, read_error: str) -> None:
        if read_error:
            if self.header.live["state"] != "lost":
                logger.warning("the store %s cannot be read: %s", self.run.location, read_error)
            self.header.live = {
                "state": "lost",
                "text": "store not reachable",
                "title": f"The page keeps showing what it has read. {read_error}",
            }
            return
        if newer is not None:
            self.run.move_to(newer)
            for frame in (self.timeline, *self.frames.values()):
                frame.update()
            self._write_header()
            last = int(self.run.iterations[-1]) if len(self.run.iterations) else 0
            self.header.live = {
                "state": "new",
                "text": f"new data, up to iteration {last:,}",
                "title": "A commit arrived while the page was open; all views show it",
            }
        elif self.header.live["state"] == "lost":
            self.header.live = _live_state()

    def failed(self, error: BaseException) -> None:
        """Show the error of an action that failed outside of any view's frame."""
        logger.error("an action failed", exc_info=error)
        self.selection.notice = f"The action failed: {error or type(error).__name__}"

    def sync(self, location: Any) -> None:
        """Keep the address of the page in step with the selection, both ways."""

        def to_address() -> None:
            query = self.linked.to_query()
            if not query and self.selection.view != _opening_view(self.run):
                # An address without choices opens another view.
                query = f"v={self.selection.view}"
            search = f"?{query}" if query else ""
            if location.search != search:
                location.search = search

        def from_address(event: Any) -> None:
            if event.new.removeprefix("?") != self.linked.to_query():
                self._apply_link(event.new)

        self.linked.watch(to_address)
        location.param.watch(from_address, "search")

    def _apply_link(self, query: str) -> None:
        """Set the values of a link, without names that the run does not have."""

        def sift(values: dict[str, Any]) -> list[str]:
            try:
                return sift_picks(self.run, values, self.linked.states)
            except Exception:
                # If the store is lost, the views show that.
                logger.exception("the picks of a link cannot be checked")
                return []

        self.linked.from_query(query, sift)

    def _act(self, act: dict[str, Any]) -> None:
        """Act on an event of a key or of the header."""
        selection, run = self.selection, self.run
        acts: dict[str, Callable[[], Any]] = {
            "step": lambda: (step_anomaly if act["anomalies"] else step_iteration)(
                run, selection, act["step"]
            ),
            "view": lambda: selection.param.update(view=act["view"]),
            "split": lambda: selection.param.update(split=act["split"]),
            "theme": lambda: self._set_theme(dark=act["dark"]),
            "spacing": lambda: selection.param.update(
                spacing="ordinal" if selection.spacing == "true" else "true"
            ),
            "whole": lambda: selection.param.update(window=None),
            "drop": lambda: selection.param.update(iterations=[]),
            "places": lambda: self.header.param.update(places=places_of(run, self._titles)),
            "open": lambda: open_place(run, selection, act["kind"], act["name"]),
        }
        acts[act["type"]]()

    def _set_theme(self, *, dark: bool) -> None:
        self.header.dark = self.selection.dark = dark

    def _send_csv(self, act: dict[str, Any]) -> None:
        if act["type"] == "csv":
            self.tools.answer = self.timeline.csv() | {"count": act["count"]}

    def _timeline_controls(self) -> list[Any]:
        view = self.timeline.view
        return view.controls() if view is not None else []

    def _show_notice(self, *_: Any) -> None:
        words = html.escape(self.selection.notice)
        self.notice_text.object = f"<div class='alert' role='status'>{words}</div>"
        self.notice.visible = bool(self.selection.notice)

    def _close_notice(self) -> None:
        self.selection.notice = ""

    def _list_picks(self, *_: Any) -> None:
        """List the picks as chips."""
        selection = self.selection
        chosen: list[tuple[str, str, Any]] = []
        if selection.window is not None:
            first, last = selection.window
            chosen.append((f"iterations {first:,} to {last:,}", "window", None))
        chosen += [(f"iteration {entry:,}", "iterations", entry) for entry in selection.iterations]
        chosen += [(named_class(name), "classes", name) for name in selection.classes]
        chosen += [(f"image {image}", "images", image) for image in selection.images]
        chosen += [(name or "network", "nodes", name) for name in selection.nodes]
        chosen += [
            (f"{entry[0]} filter {entry[1]}", "filters", entry) for entry in selection.filters
        ]
        self._chosen = chosen
        self.chips.chips = [shown for shown, _, _ in chosen]

    def _drop(self, act: dict[str, Any]) -> None:
        """Drop the pick of a chip; if the chip has disappeared meanwhile, drop nothing."""
        for shown, name, value in self._chosen[act["place"] : act["place"] + 1]:
            if shown != act["shown"]:
                return
            picked = getattr(self.selection, name)
            rest = None if name == "window" else [other for other in picked if other != value]
            self.selection.param.update(**{name: rest})

    def _write_header(self, *_: Any) -> None:
        run, selection = self.run, self.selection
        iterations = run.iterations
        count = len(iterations)
        recorded = f"{counted(count, 'iteration')} recorded"
        if count:
            recorded += f", {_span(iterations[0], iterations[-1])}"
        first, last = run.columns(selection.window)
        which = "iteration" if first == last else "iterations"
        shown = f"{which} {_span(iterations[first], iterations[last])}" if count else ""
        network = str(run.attributes.get("network", ""))
        self.header.param.update(
            facts={
                "run": run.name,
                "network": network if network != run.name else "",
                "iterations": recorded,
                "commit": run.commit[:8],
                "updated": str(run.attributes.get("updated", "")),
            },
            split=selection.split,
            spacing=selection.spacing,
            shown=shown,
        )
        if not self.header.live["text"]:
            self.header.live = _live_state()


def _live_state() -> dict[str, str]:
    return {
        "state": "following",
        "text": "following",
        "title": "New commits of the store are shown within seconds",
    }


def _span(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _opening_view(run: Run) -> str:
    """Choose the view of an address without choices: where the run has something to tell."""
    try:
        has_incidents = bool(incidents_of(run))
    except Exception:
        # If the store is lost, the views show that.
        logger.exception("the incidents cannot be read")
        has_incidents = False
    if has_incidents:
        return "incidents"
    return "validation" if run.has_images else "layers"
