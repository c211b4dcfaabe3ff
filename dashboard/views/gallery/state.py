"""The state of the gallery."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param

from deeptracker.dashboard.selection.state import State

__all__ = ["GalleryState"]


class GalleryState(State):
    """The gallery's choice of images or classes, and its filters."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "gallery_of": "go",
        "gallery_list": "gl",
        "gallery_class": "gc",
        "gallery_outcome": "gu",
        "gallery_page": "gp",
    }

    gallery_of: Any = param.Selector(default="images", objects=["images", "classes"])
    gallery_list: Any = param.Selector(
        default="all", objects=["all", "forgotten", "never", "unforgettable"]
    )
    gallery_class = param.String(default="", doc="class of the gallery's images; all if empty")
    gallery_outcome: Any = param.Selector(
        default="any", objects=["any", "right", "wrong"], doc="outcome at the picked iteration"
    )
    gallery_page = param.Integer(default=0, bounds=(0, None), doc="page of the gallery, from 0")
