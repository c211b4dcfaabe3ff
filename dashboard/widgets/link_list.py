"""A list of links in groups: one element for any number of links, each a button."""

from dataclasses import dataclass
from typing import Any

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Link", "LinkGroup", "LinkList"]


@dataclass(frozen=True)
class Link:
    """One entry.

    Attributes
    ----------
    key : object
        Identifies the link in events; any JSON value.
    label, note : str
        The entry's text, and its value to the right of it.
    share : float
        Length of its bar, between 0 and 1.
    is_chosen : bool
        Whether it is the picked one.
    """

    key: Any
    label: str
    note: str = ""
    share: float = 0.0
    is_chosen: bool = False


@dataclass(frozen=True)
class LinkGroup:
    """Entries under a heading; `empty` is the text shown if there are none."""

    title: str
    links: tuple[Link, ...]
    empty: str = ""


class LinkList(Component):
    """Groups of links. A click arrives as `event`: a dict with ``key``, and ``shift``."""

    groups = param.List(default=[])
    test_id = param.String(default="links")

    _esm = module_of(__file__)

    def list_groups(self, *groups: LinkGroup) -> None:
        """Replace the list by these groups."""
        self.groups = [
            {
                "title": group.title,
                "empty": group.empty,
                "links": [vars(link) for link in group.links],
            }
            for group in groups
        ]
