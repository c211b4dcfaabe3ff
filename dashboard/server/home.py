"""The home page: every run that is served, with what it holds; and what is said of a lost store."""

import html
from collections.abc import Mapping
from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.server.home_row import COLUMNS, glance
from deeptracker.dashboard.shell.header import Header
from deeptracker.dashboard.widgets.controls import text
from deeptracker.dashboard.widgets.facts_table import FactsTable
from deeptracker.errors import DeepTrackerError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.repository import refusals
from deeptracker.wording import counted

__all__ = ["Home", "unreachable"]


class Home:
    """The runs by the name of their page, each as its newest commit has it.

    Parameters
    ----------
    runs : mapping of str to str
        Page name to store.
    storage : StorageConfig, optional
        How buckets are reached.
    """

    def __init__(self, runs: Mapping[str, str], storage: StorageConfig | None = None) -> None:
        self._runs = runs
        self._storage = storage
        self._reads = Latest()
        self._table = FactsTable(
            test_id="runs",
            description="The runs that are served, each with a link to its page",
            room=0,
            sizing_mode="stretch_width",
            margin=(20, 24),
        )
        self._show(self._rows())

    def panel(self) -> pn.viewable.Viewable:
        """Give the page."""
        return _page(counted(len(self._runs), "run"), self._table)

    def follow(self) -> None:
        """Show what was committed meanwhile, which runs came and which went away."""
        # Beside the page's loop: storage that is away takes its time to say so.
        self._reads.find(self._rows, self._show)

    def _rows(self) -> list[list[Any]]:
        return [_row(slug, place, self._storage) for slug, place in self._runs.items()]

    def _show(self, rows: list[list[Any]]) -> None:
        if rows != self._table.rows:
            self._table.fill(COLUMNS, rows)


def unreachable(location: str, why: str, *, is_waiting: bool = False) -> pn.viewable.Viewable:
    """Say that a store cannot be read now, and what to do.

    Parameters
    ----------
    location : str
    why : str
        One line.
    is_waiting : bool
        Whether all is well and its first commit is yet to come.
    """
    if is_waiting:
        title, kind, facts = (
            "This run is not processed yet",
            "dt-coming",
            "waiting for its first commit",
        )
        remedy = "While its log is processed there is nothing to do"
    else:
        title, kind, facts = "This run cannot be shown", "dt-failed", "store not reachable"
        remedy = "Bring it back or process its training log again"
    told = (
        f"<div class='dt-home'><div class='{kind}' role='alert' data-testid='failed'>"
        f"<h3>{title}</h3><p>{html.escape(why)}</p>"
        f"<p class='dt-hint'>The store is expected at <code>{html.escape(location)}</code>. "
        f"{remedy}: this page shows the run as soon as it is there.</p></div></div>"
    )
    return _page(facts, text(told, sizing_mode="stretch_width", margin=0))


def _page(facts: str, content: pn.viewable.Viewable) -> pn.viewable.Viewable:
    return pn.Column(
        Header(facts={"iterations": facts}, plain=True, sizing_mode="stretch_width", margin=0),
        content,
        sizing_mode="stretch_width",
        margin=0,
    )


def _row(slug: str, location: str, storage: StorageConfig | None) -> list[Any]:
    link = {"value": slug, "href": f"./{slug}"}
    try:
        with refusals(location, storage):
            run = Run(location, storage)
            # Found once a commit, however many pages ask.
            cells = [run.trouble] if run.trouble else run.fact("glance", lambda: glance(run))
            return [link, *cells]
    except DeepTrackerError as error:
        return [link, str(error)]
