"""The state that the views of layers and of weights share."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.selection.state import State

__all__ = ["FiltersState"]


class FiltersState(State):
    """Weights or gradients, and how filters are measured, ordered and ranked."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "filter_rank": "fr",
        "top_filters": "tk",
        "quantity": "q",
        "filter_measure": "fm",
        "filter_scale": "fs",
        "filter_order": "fo",
    }

    filter_rank = param.String(default="anomaly_score", doc="measure that ranks the top filters")
    top_filters = param.Integer(default=8, bounds=(1, 100), doc="how many filters are the top ones")
    quantity: Any = param.Selector(default="weights", objects=["weights", "gradients"])
    filter_measure = param.String(default="change_relative_norm2")
    filter_scale: Any = param.Selector(default="all", objects=["all", "row", "column"])
    filter_order: Any = param.Selector(default="index", objects=["index", "size", "similarity"])
