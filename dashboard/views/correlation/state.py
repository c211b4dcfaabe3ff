"""The state of the correlation view."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.data.known_names import drop_unknown, has_class, has_node
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["CorrelationState"]


class CorrelationState(State):
    """How the correlation view turns, orders and unfolds the cube."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "association": "as",
        "cube_flat": "cf",
        "cube_order": "co",
        "cube_classes": "cc",
        "cube_layers": "cl",
        "cube_class": "uc",
        "cube_layer": "ul",
    }

    association: Any = param.Selector(
        default="co_occurrence", objects=["co_occurrence", "association"]
    )
    cube_flat = param.Integer(
        default=0, bounds=(0, 100), doc="how far the cube is unfolded: 0 oblique, 100 flat"
    )
    cube_order: Any = param.Selector(
        default="name", objects=["name", "anomaly"], doc="order of the cube's classes"
    )
    cube_classes = param.Tuple(
        default=None,
        length=2,
        doc="first item of the cube's class axis, and the one after the last",
    )
    cube_layers = param.Tuple(default=None, length=2, doc="the same of the layer axis")
    cube_class = param.String(default="", doc="the class unfolded into images in the cube")
    cube_layer = param.String(default="", doc="the layer unfolded into filters in the cube")

    @classmethod
    def sift(cls, run: Run, values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have; see `State.sift`."""
        missing = drop_unknown(values, "cube_class", has_class(run), "unfolded class {}".format)
        return missing + drop_unknown(
            values, "cube_layer", has_node(run), "unfolded layer {}".format
        )
