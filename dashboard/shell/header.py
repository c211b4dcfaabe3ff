"""The page's header: facts of the run, search, layout, theme and help; and the page's keys."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Header", "PaneHead"]


class Header(Component):
    """The line on top of the page.

    What a person does arrives as `event`: a dict with ``type`` (step, view, split, theme, spacing,
    whole, drop, places, open) and what that type needs.
    """

    facts = param.Dict(default={}, doc="run, network, iterations, commit, updated (ISO 8601)")
    live = param.Dict(default={"state": "", "text": "", "title": ""})
    views = param.List(default=[], doc="names of the views, for the number keys")
    places = param.List(default=[], doc="what can be searched: [kind, label, name]")
    split = param.String(default="", doc="how two views stand: beside, below, or one alone")
    spacing = param.String(default="ordinal", doc="spacing of every time axis")
    shown = param.String(default="", doc="what the page shows, for the caption of pictures")
    plain = param.Boolean(default=False, doc="facts and theme alone, for pages without views")
    dark = param.Boolean(default=False, doc="the theme that the server draws figures for")

    _esm = module_of("shell/header.js", "shell/connection.js")


class PaneHead(Component):
    """A pane's tabs, and the tools of the view that is open.

    What a person does arrives as `event`: a dict with ``type`` tab (and ``view``) or csv. The
    numbers go back as `answer`: a dict with ``csv``, or with ``error`` where there are none.
    """

    pane = param.String(default="", doc="the pane's name, for tests")
    tabs = param.List(default=[], doc="[view, title, tooltip] of each tab; none for the timeline")
    view = param.String(default="", doc="the view that is open")
    title = param.String(default="", doc="the view's title, for the caption of pictures")
    about = param.String(default="", doc="what the view shows and how to read it")
    run = param.String(default="", doc="the run's name, for the names of files")
    answer = param.Dict(default={})

    _esm = module_of(
        "widgets/time_axis.js", "shell/svg_context.js", "shell/picture.js", "shell/pane_head.js"
    )
