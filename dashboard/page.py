"""One run's page: the header, the timeline, and the views in tabs, all linked by one selection."""

import html
from functools import partial
from typing import Any

import panel as pn

from dashboard.controls import action, beside, rail, text
from dashboard.run import Run
from dashboard.selection import VIEWS, Selection
from dashboard.theme import CSS
from dashboard.views.correlation import CorrelationView
from dashboard.views.info import InfoView
from dashboard.views.layers import LayerView
from dashboard.views.timeline import Timeline
from dashboard.views.validation import ValidationView
from dashboard.views.weights import WeightView

__all__ = ["RunPage"]

VIEW_CLASSES: dict[str, Any] = {
    "validation": ValidationView,
    "layers": LayerView,
    "weights": WeightView,
    "correlation": CorrelationView,
    "info": InfoView,
}
POLL_MILLISECONDS = 5000


class RunPage:
    """The page of one run, for one person.

    Parameters
    ----------
    run : Run
    query : str
        The link's query string.
    """

    def __init__(self, run: Run, query: str = "") -> None:
        self.run = run
        self.selection = Selection()
        self.selection.from_query(query)
        self.timeline = Timeline(run, self.selection)
        self.views: dict[str, Any] = {}
        # A view is made when its tab is first opened: nobody waits for what is not shown.
        self._places = {name: pn.Column(sizing_mode="stretch_width") for name in VIEWS}
        self.tabs = pn.Tabs(
            *((name.capitalize(), place) for name, place in self._places.items()),
            active=VIEWS.index(self.selection.view),
            sizing_mode="stretch_width",
            css_classes=["dt-tabs"],
            stylesheets=[CSS],
        )
        self.chips = pn.Column(margin=0)
        self.notice = pn.pane.Alert("", alert_type="warning", visible=False, margin=(4, 0))
        self.header = text(margin=0)
        self.tabs.param.watch(self._tab_opened, "active")
        self.selection.param.watch(self._view_chosen, "view")
        self.selection.param.watch(
            self._tell, ["iterations", "classes", "images", "nodes", "filters", "window"]
        )
        self.selection.param.watch(self._noticed, "notice")
        self._show(self.selection.view)
        self._tell()
        self._noticed()
        self._write_header()

    def panel(self) -> pn.viewable.Viewable:
        """Give the whole page."""
        return pn.Column(
            self.header,
            pn.Column(
                self.notice,
                beside(self.timeline.panel(), rail(self.chips)),
                self.tabs,
                sizing_mode="stretch_width",
                margin=(10, 16),
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def follow(self) -> None:
        """Go on to a new commit, if there is one."""
        if self.run.refresh():
            self.timeline.update()
            for view in self.views.values():
                view.update()
            self._write_header()

    def sync(self, location: Any) -> None:
        """Keep the address of the page in step with the selection, both ways."""

        def to_address(*_: Any) -> None:
            query = self.selection.to_query()
            search = f"?{query}" if query else ""
            if location.search != search:
                location.search = search

        def from_address(event: Any) -> None:
            if event.new.removeprefix("?") != self.selection.to_query():
                self.selection.from_query(event.new)

        names = [name for name in self.selection.param if name not in ("name", "notice")]
        self.selection.param.watch(to_address, names)
        location.param.watch(from_address, "search")

    def _show(self, name: str) -> None:
        if name in self.views:
            return
        view = VIEW_CLASSES[name](self.run, self.selection)
        self.views[name] = view
        self._places[name].objects = [view.panel()]

    def _tab_opened(self, event: Any) -> None:
        self.selection.view = VIEWS[event.new]

    def _view_chosen(self, event: Any) -> None:
        self._show(event.new)
        self.tabs.active = VIEWS.index(event.new)

    def _noticed(self, *_: Any) -> None:
        self.notice.object = self.selection.notice
        self.notice.visible = bool(self.selection.notice)

    def _tell(self, *_: Any) -> None:
        """List what is selected; a click on a chip drops it."""
        selection = self.selection
        chips: list[Any] = []

        def chip(shown: str, name: str, value: Any) -> None:
            drop = partial(_drop, selection, name, value)
            label = f"{shown}  \u00d7"
            chips.append(action(label, drop, css_classes=["dt-chip"], margin=(0, 4, 4, 4)))

        if selection.window is not None:
            first, last = selection.window
            chip(f"iterations {first:,} to {last:,}", "window", None)
        for iteration in selection.iterations:
            chip(f"iteration {iteration:,}", "iterations", iteration)
        for name in selection.classes:
            chip(f"class {name}", "classes", name)
        for image in selection.images:
            chip(f"image {image}", "images", image)
        for name in selection.nodes:
            chip(name or "network", "nodes", name)
        for entry in selection.filters:
            chip(f"{entry[0]} filter {entry[1]}", "filters", entry)
        hint = "Drag on the timeline to set a window, click to pick an iteration; shift adds one."
        title = text("<h3>Selection</h3>", margin=(0, 4))
        self.chips.objects = (
            [title, *chips]
            if chips
            else [title, text(f"<span class='dt-hint'>{hint}</span>", width=236, margin=(0, 4))]
        )

    def _write_header(self) -> None:
        run = self.run
        iterations = run.iterations
        span = f"{iterations[0]:,} to {iterations[-1]:,}" if len(iterations) else "none yet"
        facts = [
            f"<b>{html.escape(run.name)}</b>",
            html.escape(str(run.attributes.get("network", ""))),
            f"{len(iterations):,} iterations recorded, {span}",
            f"commit {html.escape(run.commit[:8])}",
        ]
        self.header.object = (
            "<div class='dt-header'><a class='dt-brand' href='./'>DeepTracker</a>"
            + "".join(f"<span>{fact}</span>" for fact in facts if fact)
            + "<button class='dt-copy' onclick=\"navigator.clipboard.writeText(location.href);"
            "this.textContent='Copied';setTimeout(()=>this.textContent='Copy link',1500)\">"
            "Copy link</button></div>"
        )


def _drop(selection: Selection, name: str, value: Any) -> None:
    if name == "window":
        selection.window = None
    else:
        setattr(selection, name, [other for other in getattr(selection, name) if other != value])
