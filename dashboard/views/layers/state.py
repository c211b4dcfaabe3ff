"""The state of the layer view."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.data.known_names import drop_unknown, has_node
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["LayersState"]

LEVELS = ["network", "stage", "block", "layer", "parameter", "filter"]


class LayersState(State):
    """How far the layer view unfolds the architecture, and how it draws nodes."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "open_nodes": "on",
        "closed_nodes": "cn",
        "open_level": "ol",
        "layer_search": "ls",
        "enlarged": "en",
        "horizon_bands": "hb",
        "statistic": "st",
        "encoding": "e",
        "common_scale": "cs",
        "log_scale": "lg",
    }

    open_nodes = param.List(default=None, allow_None=True, doc="nodes unfolded beyond the level")
    closed_nodes = param.List(default=[], item_type=str, doc="nodes folded in spite of the level")
    open_level: Any = param.Selector(
        default="stage", objects=LEVELS, doc="kind of node that the tree is unfolded to"
    )
    layer_search = param.String(default="", doc="words in the names of the nodes shown")
    enlarged = param.String(default=None, allow_None=True, doc="node whose multiple is enlarged")
    horizon_bands = param.Integer(default=3, bounds=(1, 5), doc="bands of a horizon chart")
    statistic = param.String(default="std", doc="the statistic drawn as a line")
    encoding: Any = param.Selector(
        default="band", objects=["band", "line", "box", "horizon", "change", "histogram", "ridge"]
    )
    common_scale = param.Boolean(default=False, doc="one vertical scale for all nodes")
    log_scale = param.Boolean(default=False, doc="logarithmic vertical scale")

    @classmethod
    def sift(cls, run: Run, values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have; see `State.sift`."""
        missing = drop_unknown(values, "open_nodes", has_node(run), "unfolded layer {}".format)
        missing += drop_unknown(values, "closed_nodes", has_node(run), "folded layer {}".format)
        # If none of them is left, unfold the default nodes.
        values["open_nodes"] = values["open_nodes"] or None
        return missing
