"""The state of the weight view."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.data.known_names import drop_unknown, has_parameter
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["WeightsState"]


class WeightsState(State):
    """The choices of the weight view's raster."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "raster_scale": "rs",
        "raster": "p",
        "raster_statistic": "ps",
        "raster_range": "z",
    }
    WORDS: ClassVar[Mapping[str, str]] = {
        "raster": "the parameter of the weights",
        "raster_range": "the range of the weights",
    }

    raster_scale: Any = param.Selector(
        default="shared", objects=["shared", "own"], doc="colours of rasters side by side"
    )
    raster = param.String(default="", doc="parameter of the weight raster")
    raster_statistic: Any = param.Selector(default="mean", objects=["mean", "min", "max", "range"])
    raster_range = param.Tuple(
        default=None, length=4, doc="first and last column, first and last weight of the raster"
    )

    @classmethod
    def sift(cls, run: Run, values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have; see `State.sift`."""
        missing = drop_unknown(
            values, "raster", lambda name: has_parameter(run, name), "parameter {}".format
        )
        if missing:
            # The range of weights belongs to this parameter.
            values["raster_range"] = None
        return missing
