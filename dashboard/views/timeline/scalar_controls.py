"""Controls of the timeline's scalars; each is shown only while it has an effect."""

from itertools import islice
from typing import Any

from deeptracker.dashboard.views.timeline.state import TimelineState
from deeptracker.dashboard.widgets.controls import check, choice
from deeptracker.dashboard.widgets.tick_list import TickList

__all__ = ["ScalarControls"]

# Default number of drawn scalars without a separate pane.
MOST_OTHERS = 3
# Limits for the scalars that a link may draw and that the list offers.
MOST_DRAWN = 40
MOST_LISTED = 100
SMOOTHINGS = {0.0: "none", 0.6: "0.6", 0.8: "0.8", 0.9: "0.9", 0.95: "0.95", 0.98: "0.98"}


class ScalarControls:
    """Smoothing, scales, and the choice of drawn scalars without a separate pane.

    Parameters
    ----------
    state : TimelineState
    """

    def __init__(self, state: TimelineState) -> None:
        self.state = state
        self._others: list[str] = []
        smoothings: dict[Any, str] = dict(SMOOTHINGS)
        smoothings.setdefault(state.smoothing, f"{state.smoothing:g}")
        self.smoothing = choice(
            state.param.smoothing,
            "Smoothing",
            smoothings,
            "Exponential moving average of loss, error and learning rate: the weight of the past "
            "at each recorded value. The recorded line stays, pale.",
            92,
        )
        self.log = check(
            state.param.log_scalars, "log", "Loss and learning rate on logarithmic scales", 88
        )
        self.others = TickList(
            title="Further scalars",
            test_id="other-scalars",
            margin=(4, 0, 4, 4),
            sizing_mode="stretch_width",
        )
        self.others.param.watch(self._chose, "ticked")
        self.others.param.watch(self._list, "search")

    @property
    def shown_others(self) -> list[str]:
        """Names of the drawn scalars without a separate pane."""
        if self.state.scalars is None:
            return self._others[:MOST_OTHERS]
        chosen = set(self.state.scalars)
        return [name for name in self._others if name in chosen][:MOST_DRAWN]

    def offer(self, others: list[str], *, can_smooth: bool, can_log: bool) -> None:
        """Show the controls that apply to the store's scalars.

        Parameters
        ----------
        others : list of str
            Names of the scalars without a separate pane.
        can_smooth, can_log : bool
            Whether there are scalars, and some with a logarithmic scale.
        """
        self._others = others
        self.smoothing.visible = can_smooth
        self.log.visible = can_log
        self.others.visible = len(others) > MOST_OTHERS and not self.state.slim
        self._list()

    def _list(self, *_: Any) -> None:
        """List the names that match the search, up to a limit, and the drawn ones."""
        shown, words = self.shown_others, self.others.search.lower().split()
        found = (name for name in self._others if all(word in name.lower() for word in words))
        listed = {*shown, *islice(found, MOST_LISTED)}
        self.others.param.update(
            names=[name for name in self._others if name in listed],
            count=len(self._others),
            ticked=shown,
        )

    def _chose(self, event: Any) -> None:
        if event.new != self.shown_others:
            self.state.scalars = list(event.new)
