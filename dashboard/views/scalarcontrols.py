"""Controls of the timeline's scalars, which are there when what they change is."""

from typing import Any

import panel as pn

from dashboard.controls import check, choice, text
from dashboard.selection import Selection

__all__ = ["ScalarControls"]

# Of scalars that no pane knows so many are drawn until a person chooses.
MOST_OTHERS = 3
LIST_HEIGHT = 106
# As those of a `Field`.
BOX_SIZE = "input[type=checkbox] { width: 14px; height: 14px; margin: 0 5px 0 0; flex: none; }"
SMOOTHINGS = {0.0: "none", 0.6: "0.6", 0.8: "0.8", 0.9: "0.9", 0.95: "0.95", 0.98: "0.98"}


class ScalarControls:
    """Smoothing, scales, and which of the scalars that no pane knows are drawn.

    Parameters
    ----------
    selection : Selection
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self._others: list[str] = []
        smoothings: dict[Any, str] = dict(SMOOTHINGS)
        smoothings.setdefault(selection.smoothing, f"{selection.smoothing:g}")
        self.smoothing = choice(
            selection.param.smoothing,
            "Smoothing",
            smoothings,
            "Exponential moving average of loss, error and learning rate: the weight that the "
            "past keeps from one recorded value to the next. The recorded line stays, pale.",
            92,
        )
        self.log = check(
            selection.param.log_scalars, "log", "Loss and learning rate on logarithmic scales", 80
        )
        self.boxes = pn.widgets.CheckBoxGroup(
            stylesheets=[BOX_SIZE], margin=0, sizing_mode="stretch_width"
        )
        self.boxes.param.watch(self._chose, "value")
        self._told = text(margin=(0, 0, 2, 0))
        self.others = pn.Column(
            self._told,
            pn.Column(
                self.boxes,
                height=LIST_HEIGHT,
                scroll="y-auto",
                margin=0,
                sizing_mode="stretch_width",
            ),
            margin=(4, 0, 2, 4),
            sizing_mode="stretch_width",
        )

    @property
    def shown_others(self) -> list[str]:
        """Names of the scalars that no pane knows and that are drawn."""
        if self.selection.scalars is None:
            return self._others[:MOST_OTHERS]
        return [name for name in self._others if name in self.selection.scalars]

    def offer(self, others: list[str], *, can_smooth: bool, can_log: bool) -> None:
        """Offer what the store's scalars allow.

        Parameters
        ----------
        others : list of str
            Names of the scalars that no pane knows.
        can_smooth, can_log : bool
            Whether there are scalars, and some with a logarithmic scale.
        """
        self._others = others
        shown = self.shown_others
        self.smoothing.visible = can_smooth
        self.log.visible = can_log
        self.others.visible = len(others) > MOST_OTHERS and not self.selection.slim
        self._told.object = (
            "<span class='dt-small' data-testid='other-scalars'>"
            f"Further scalars: {len(shown)} of {len(others)} drawn</span>"
        )
        named = {name.replace("_", " "): name for name in others}
        self.boxes.param.update(options=named, value=shown)

    def _chose(self, event: Any) -> None:
        if event.new != self.shown_others:
            self.selection.scalars = list(event.new)
