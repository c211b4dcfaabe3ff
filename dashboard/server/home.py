"""The home page: a table of all served runs; and the pages for opening and unreadable stores."""

import html
from collections.abc import Mapping
from functools import partial
from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.server.home_row import COLUMNS, row_cells
from deeptracker.dashboard.shell.header import Header
from deeptracker.dashboard.widgets.controls import text
from deeptracker.dashboard.widgets.facts_table import FactsTable
from deeptracker.errors import DeepTrackerError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.repository import refusals
from deeptracker.wording import counted

__all__ = ["Home", "opening", "unreachable"]


class Home:
    """The table of served runs, each at its newest commit.

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
        # Each row is read separately: a store that hangs delays no other row.
        self._reads = {slug: Latest(location) for slug, location in runs.items()}
        self._rows = {slug: [_link(slug), "is being opened"] for slug in runs}
        self._table = FactsTable(
            test_id="runs",
            description="The runs that are served, each with a link to its page",
            room=0,
            sizing_mode="stretch_width",
            margin=(20, 24),
        )
        self._fill()
        self.follow()

    def panel(self) -> pn.viewable.Viewable:
        """Give the page."""
        return _page(counted(len(self._runs), "run"), self._table)

    def follow(self) -> None:
        """Show new commits, runs that appeared and runs that disappeared."""
        for slug, location in self._runs.items():
            read = partial(_row, slug, location, self._storage)
            self._reads[slug].find(read, partial(self._show, slug))

    def _show(self, slug: str, row: list[Any]) -> None:
        if row != self._rows[slug]:
            self._rows[slug] = row
            self._fill()

    def _fill(self) -> None:
        self._table.fill(COLUMNS, list(self._rows.values()))


def opening(name: str, location: str) -> pn.viewable.Viewable:
    """Make the page that shows while a store is opened.

    Parameters
    ----------
    name : str
        The run's name in its address.
    location : str
    """
    content = (
        "<div class='dt-home'><div class='dt-coming' role='status' data-testid='opening'>"
        f"<h3>Opening {html.escape(name)}\N{HORIZONTAL ELLIPSIS}</h3>"
        f"<p class='dt-hint'>Reading <code>{html.escape(location)}</code></p></div></div>"
    )
    return _page("opening", text(content, sizing_mode="stretch_width", margin=0))


def unreachable(location: str, why: str, *, is_waiting: bool = False) -> pn.viewable.Viewable:
    """Make the page that explains why a store cannot be read now, and what to do.

    Parameters
    ----------
    location : str
    why : str
        One line.
    is_waiting : bool
        Whether there is no error, and the store only waits for its first commit.
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
    content = (
        f"<div class='dt-home'><div class='{kind}' role='alert' data-testid='failed'>"
        f"<h3>{title}</h3><p>{html.escape(why)}</p>"
        f"<p class='dt-hint'>The store is expected at <code>{html.escape(location)}</code>. "
        f"{remedy}: this page shows the run as soon as it is there.</p></div></div>"
    )
    return _page(facts, text(content, sizing_mode="stretch_width", margin=0))


def _page(facts: str, content: pn.viewable.Viewable) -> pn.viewable.Viewable:
    return pn.Column(
        Header(facts={"iterations": facts}, plain=True, sizing_mode="stretch_width", margin=0),
        content,
        sizing_mode="stretch_width",
        margin=0,
    )


def _row(slug: str, location: str, storage: StorageConfig | None) -> list[Any]:
    link = _link(slug)
    try:
        with refusals(location, storage):
            run = Run(location, storage)
            # Computed once per commit and shared by all pages.
            cells = (
                [run.read_error] if run.read_error else run.fact("home row", lambda: row_cells(run))
            )
            return [link, *cells]
    except DeepTrackerError as error:
        return [link, str(error)]


def _link(slug: str) -> dict[str, str]:
    return {"value": slug, "href": f"./{slug}"}
