"""The views of the page, one line each; and the selection with the views' states."""

from importlib import import_module
from typing import Any

from deeptracker.dashboard.selection.linked import Linked
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import State

__all__ = ["TIMELINE", "VIEWS", "linked", "view_class"]

PACKAGE = "deeptracker.dashboard.views"
# A view's name in links, and its class as MODULE:CLASS; a leading dot means this package.
# The tabs stand in this order.
VIEWS = {
    "incidents": ".incidents.view:IncidentView",
    "validation": ".validation.view:ValidationView",
    "layers": ".layers.view:LayerView",
    "weights": ".weights.view:WeightView",
    "correlation": ".correlation.view:CorrelationView",
    "gallery": ".gallery.view:GalleryView",
    "info": ".info.view:InfoView",
}
# What a link opens in the first and in the second pane if it names no view.
FIRST_VIEWS = ("validation", "layers")
# The timeline always stands above the tabs.
TIMELINE = ".timeline.view:Timeline"
# The first keys of every link, in this fixed order, so that equal choices give equal links.
# Keys that are not listed follow in the order of the views and of their states.
FIRST_KEYS = (
    "v w i c m n f r k t oc on cn ol ls en hb fr tk rs so px q st e cs lg fm fs fo p ps z as sp v2 "
    "ax sm ll sc sl cf co cc cl uc ul cg nc og cq cm al io il go gl gc gu gp fv fw"
)


def view_class(location: str) -> Any:
    """Import the class of a view.

    Parameters
    ----------
    location : str
        As in `VIEWS`.
    """
    module, _, name = location.partition(":")
    return getattr(import_module(module, PACKAGE), name)


def linked(**values: Any) -> Linked:
    """Make the selection and one state of each class that a view uses, at their defaults.

    Parameters
    ----------
    **values
        By the names of parameters of the selection and of the states.
    """
    classes = [view_class(location) for location in (*VIEWS.values(), TIMELINE)]
    states: dict[type[State], State] = {state: state() for each in classes for state in each.states}
    made = Linked(Selection(list(VIEWS), FIRST_VIEWS), list(states.values()), FIRST_KEYS.split())
    made.update(**values)
    return made
