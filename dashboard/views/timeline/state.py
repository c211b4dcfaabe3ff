"""The state of the timeline."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.data.known_names import drop_unknown
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["TimelineState"]


class TimelineState(State):
    """The timeline's choice of scalars, and how it draws them."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "smoothing": "sm",
        "log_scalars": "ll",
        "scalars": "sc",
        "slim": "sl",
    }
    WORDS: ClassVar[Mapping[str, str]] = {
        "scalars": "the further scalars",
    }

    smoothing = param.Number(
        default=0.0, bounds=(0.0, 0.99), doc="weight of the past in the timeline's moving average"
    )
    log_scalars = param.Boolean(default=True, doc="loss and learning rate on logarithmic scales")
    scalars = param.List(
        default=None, allow_None=True, item_type=str, doc="further scalars drawn; a few if None"
    )
    slim = param.Boolean(default=False, doc="show the timeline's main row alone")

    @classmethod
    def sift(cls, run: Run, values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have; see `State.sift`."""
        if not values["scalars"]:
            return []
        recorded = set(run.scalar_names())
        missing = drop_unknown(values, "scalars", recorded.__contains__, "scalar {}".format)
        # If none of them is left, draw the default scalars.
        values["scalars"] = values["scalars"] or None
        return missing
