"""One or two panes of views: each has tabs and tools, and shows one view at a time."""

from collections.abc import Mapping
from typing import Any

import panel as pn

from deeptracker.dashboard.look.theme import CSS
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.shell.divider import Divider
from deeptracker.dashboard.shell.pane_head import PaneHead
from deeptracker.dashboard.shell.view_frame import ViewFrame

__all__ = ["Panes"]


class Panes:
    """The views of a page: one alone, or two side by side or one below the other.

    Parameters
    ----------
    frames : mapping of str to ViewFrame
        By the name of the view, in the order of the tabs.
    selection : Selection
    run : str
        The run's name, for the names of files.
    """

    def __init__(self, frames: Mapping[str, ViewFrame], selection: Selection, run: str) -> None:
        self.frames = frames
        self.selection = selection
        tabs = [[name, frame.title, frame.tip] for name, frame in frames.items()]
        self.heads = [PaneHead(pane=pane, tabs=tabs, run=run, margin=0) for pane in ("a", "b")]
        self.bodies = [pn.Column(sizing_mode="stretch_width", margin=0) for _ in self.heads]
        self.columns = [
            pn.Column(
                head,
                body,
                css_classes=["dt-pane", f"dt-pane-{head.pane}"],
                stylesheets=[CSS],
                sizing_mode="stretch_width",
                margin=0,
            )
            for head, body in zip(self.heads, self.bodies, strict=True)
        ]
        self.divider = Divider(visible=False, width=16, margin=0)
        self.deck = pn.Row(
            self.columns[0],
            self.divider,
            self.columns[1],
            stylesheets=[CSS],
            sizing_mode="stretch_width",
            margin=0,
        )
        for place, head in enumerate(self.heads):
            head.sizing_mode = "stretch_width"
            head.param.watch(lambda event, place=place: self._on_event(place, event.new), "event")
        selection.param.watch(self._chosen, ["view", "second", "split"])
        self._arrange(at_once=True)

    def panel(self) -> pn.viewable.Viewable:
        """Give the panes."""
        return self.deck

    def _on_event(self, place: int, act: Mapping[str, Any]) -> None:
        if act["type"] == "tab":
            setattr(self.selection, ("view", "second")[place], act["view"])
        elif act["type"] == "csv":
            head = self.heads[place]
            head.answer = self.frames[head.view].csv() | {"count": act["count"]}

    def _chosen(self, *events: Any) -> None:
        """Keep a view in one pane only: the other pane takes the view that this one showed."""
        selection = self.selection
        if selection.split and selection.view == selection.second:
            change = {event.name: event.old for event in events}
            if "view" in change and change["view"] != selection.second:
                selection.second = change["view"]
                return
            if "second" in change and change["second"] != selection.view:
                selection.view = change["second"]
                return
            selection.second = next(name for name in self.frames if name != selection.view)
            return
        self._arrange()

    def _arrange(self, *, at_once: bool = False) -> None:
        selection = self.selection
        wanted = [selection.view, selection.second if selection.split else ""]
        if wanted[1] == wanted[0]:
            wanted[1] = ""
        for name, frame in self.frames.items():
            if name not in wanted and frame.is_shown:
                frame.hide()
        for place, name in enumerate(wanted):
            if not name:
                continue
            frame = self.frames[name]
            self._move(frame, place)
            self.heads[place].param.update(view=name, title=frame.title, about=frame.about)
            if at_once:
                frame.build()
            elif not frame.is_shown:
                frame.show()
        self.columns[1].visible = bool(wanted[1])
        self.divider.visible = bool(wanted[1]) and selection.split == "beside"
        self.deck.css_classes = [
            "dt-deck",
            f"dt-two-{selection.split}" if selection.split else "dt-alone",
        ]

    def _move(self, frame: ViewFrame, place: int) -> None:
        """Put a frame into a pane; visited views stay there, hidden, so that they reappear fast."""
        for other, body in enumerate(self.bodies):
            if frame.place in body.objects:
                if other == place:
                    return
                body.remove(frame.place)
        self.bodies[place].append(frame.place)
