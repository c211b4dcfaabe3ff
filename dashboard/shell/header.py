"""The page's header: facts of the run, search, layout, theme and help; and the page's keys."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Header"]


class Header(Component):
    """The bar at the top of the page.

    A person's action arrives as `event`: a dict with ``type`` (step, view, split, theme, spacing,
    whole, drop, places, open) and that type's values.
    """

    facts = param.Dict(default={}, doc="run, network, iterations, commit, updated (ISO 8601)")
    live = param.Dict(default={"state": "", "text": "", "title": ""})
    views = param.List(default=[], doc="names of the views, for the number keys")
    places = param.List(default=[], doc="what can be searched: [kind, label, name]")
    split = param.String(
        default="", doc="place of the second view: beside, below, or empty for one view"
    )
    spacing = param.String(default="ordinal", doc="spacing of every time axis")
    shown = param.String(default="", doc="what the page shows, for the caption of pictures")
    plain = param.Boolean(
        default=False, doc="whether it has only facts and theme, for pages without views"
    )
    dark = param.Boolean(default=False, doc="the theme that the server draws figures for")

    _esm = module_of(__file__)
