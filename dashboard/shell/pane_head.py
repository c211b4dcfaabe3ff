"""A pane's head: the tabs of its views, and the tools of the view that is open."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["PaneHead"]


class PaneHead(Component):
    """A pane's tabs, and the tools of the view that is open.

    A person's action arrives as `event`: a dict with ``type`` tab (and ``view``) or csv. The
    numbers go back as `answer`: a dict with ``csv``, or with ``error`` if there are none.
    """

    pane = param.String(default="", doc="the pane's name, for tests")
    tabs = param.List(default=[], doc="[view, title, tooltip] of each tab; none for the timeline")
    view = param.String(default="", doc="the view that is open")
    title = param.String(default="", doc="the view's title, for the caption of pictures")
    about = param.String(default="", doc="what the view shows and how to read it")
    run = param.String(default="", doc="the run's name, for the names of files")
    answer = param.Dict(default={})

    _esm = module_of(__file__)
