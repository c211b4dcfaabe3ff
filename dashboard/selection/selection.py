"""The selection: the state that all views share. It knows no view."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import param

from deeptracker.dashboard.selection.state import State

__all__ = ["RULES", "Selection"]

RULES = ["left", "right", "full"]
WINDOWS = 50


def _is_filter(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) is int
    )


class FilterList(param.List):
    """A list of filters, each as [parameter, index]."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        if not all(map(_is_filter, val)):
            raise ValueError(f"{self.name} must be lists of a parameter and an index, not {val}")


class Selection(State):
    """A person's choices that concern more than one view.

    Views read it and write to it; no view knows another.

    Parameters
    ----------
    views : sequence of str
        Names of the page's views. Without them a view may have any name.
    first : sequence of str
        The view that is shown, and the one in the other pane; the first two by default.
    """

    KEYS: ClassVar[Mapping[str, str]] = {
        "view": "v",
        "window": "w",
        "iterations": "i",
        "classes": "c",
        "images": "m",
        "nodes": "n",
        "filters": "f",
        "rule": "r",
        "anomaly_window": "k",
        "threshold": "t",
        "split": "sp",
        "second": "v2",
        "spacing": "ax",
    }
    WORDS: ClassVar[Mapping[str, str]] = {
        "view": "the view",
        "window": "the window of iterations",
        "anomaly_window": "the window of the anomaly rule",
        "threshold": "the threshold of anomalies",
        "split": "the layout",
        "second": "the second view",
        "spacing": "the time axis",
    }

    view: Any = param.Selector(
        default="", objects=[""], check_on_set=False, doc="the view in the first pane"
    )
    window = param.Tuple(default=None, length=2, doc="first and last iteration shown; all if None")
    iterations = param.List(default=[], item_type=int, doc="picked iterations")
    classes = param.List(default=[], item_type=str, doc="picked classes")
    images = param.List(default=[], item_type=int, doc="picked images, the last one opened")
    nodes = param.List(default=[], item_type=str, doc="picked nodes of the architecture tree")
    filters = FilterList(default=[], doc="picked filters, as [parameter, index]")
    rule: Any = param.Selector(default="left", objects=RULES, doc="anomaly rule")
    anomaly_window = param.Integer(default=5, bounds=(1, WINDOWS), doc="snapshots of the rule")
    threshold = param.Integer(default=1, bounds=(1, None), doc="anomalous images for a mark")
    split: Any = param.Selector(
        default="",
        objects=["", "beside", "below"],
        doc="place of the second pane: right of the first, or below",
    )
    second: Any = param.Selector(
        default="", objects=[""], check_on_set=False, doc="the view in the other pane"
    )
    spacing: Any = param.Selector(
        default="ordinal",
        objects=["ordinal", "true"],
        doc="time axes: snapshots evenly wide, or at their iterations",
    )
    dark = param.Boolean(default=False, doc="the browser's theme; not part of a link")
    notice = param.String(default="", doc="a message to the person; not part of a link")
    request = param.Dict(default={}, doc="what `open` asks of the page; not part of a link")

    def __init__(self, views: Sequence[str] = (), first: Sequence[str] = (), **values: Any) -> None:
        super().__init__()
        self._views = tuple(views)
        self._first = tuple(first) or (*views[:2], *views[:1])
        shown = dict(zip(("view", "second"), self._first, strict=False))
        for name, view in shown.items():
            parameter = self.param[name]
            parameter.objects, parameter.check_on_set = list(views), True
            parameter.default = view
        self.param.update(**shown | values)

    def copied(self) -> Self:
        """Make a selection of the same values, without watchers."""
        values = {name: getattr(self, name) for name in (*self.KEYS, "dark")}
        return type(self)(self._views, self._first, **values)

    def open(self, view: str, **values: Any) -> None:
        """Request a view, as a link does: with values of the selection or of a state.

        Parameters
        ----------
        view : str
            Name of the view.
        **values
            By the names of parameters. A callable is called with the present value.
        """
        self.request = {"view": view, **values}

    def toggle(self, name: str, value: Any, *, add: bool = False) -> None:
        """Pick a value of a list parameter; drop it if it is the only pick.

        Parameters
        ----------
        add : bool
            Whether to keep the other picks; a picked value is then always dropped.
        """
        picked = list(getattr(self, name))
        if value in picked:
            chosen = (
                [other for other in picked if other != value]
                if add or len(picked) == 1
                else [value]
            )
        else:
            chosen = [*picked, value] if add else [value]
        setattr(self, name, chosen)
