"""The state of the validation view."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.data.class_series import Listing
from deeptracker.dashboard.data.known_names import drop_unknown, has_class
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["ValidationState"]


class ValidationState(State):
    """How the validation view lists classes and their images."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "open_classes": "oc",
        "class_order": "so",
        "pixels": "px",
        "class_grouping": "cg",
        "class_clusters": "nc",
        "open_groups": "og",
        "class_search": "cq",
        "least_marks": "cm",
        "anomaly_lines": "al",
        "image_order": "io",
        "image_list": "il",
    }

    open_classes = param.List(default=[], item_type=str, doc="classes unfolded into images")
    class_order: Any = param.Selector(
        default="name", objects=["name", "error", "anomaly", "similarity"], doc="order of classes"
    )
    pixels: Any = param.Selector(
        default="correct", objects=["correct", "predicted", "loss"], doc="what image pixels show"
    )
    class_grouping: Any = param.Selector(
        default="none", objects=["none", "similarity", "given"], doc="how classes are grouped"
    )
    class_clusters = param.Integer(default=12, bounds=(2, 100), doc="clusters of similar classes")
    open_groups = param.List(default=[], item_type=str, doc="groups unfolded into classes")
    class_search = param.String(default="", doc="parts of class names, by commas; all if empty")
    least_marks = param.Integer(default=0, bounds=(0, None), doc="anomalous iterations of a class")
    anomaly_lines = param.Boolean(default=False, doc="anomalous images as a line under each class")
    image_order: Any = param.Selector(
        default="forgetting", objects=["index", "forgetting", "similarity"], doc="order of images"
    )
    image_list: Any = param.Selector(
        default="forgotten", objects=["forgotten", "never", "unforgettable"]
    )

    def listing(self, threshold: int) -> Listing:
        """Give how classes are listed.

        Parameters
        ----------
        threshold : int
            Anomalous images that make an iteration anomalous.
        """
        return Listing(
            order=self.class_order,
            grouping=self.class_grouping,
            clusters=self.class_clusters,
            open_groups=self.open_groups,
            search=self.class_search,
            least_marks=self.least_marks,
            threshold=threshold,
        )

    @classmethod
    def sift(cls, run: Run, values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have; see `State.sift`."""
        return drop_unknown(values, "open_classes", has_class(run), "unfolded class {}".format)
