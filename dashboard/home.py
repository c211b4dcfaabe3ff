"""The home page: every run that is served, with what it holds; and what is said of a lost store."""

import html
from collections.abc import Mapping
from typing import Any

import panel as pn

from dashboard.canvas.factstable import FactsTable
from dashboard.canvas.header import Header
from dashboard.controls import text
from dashboard.glance import COLUMNS, glance
from dashboard.run import Run
from deeptracker.errors import DeepTrackerError
from pipeline.config import StorageConfig
from pipeline.wording import counted

__all__ = ["home", "unreachable"]


def home(runs: Mapping[str, str], storage: StorageConfig | None = None) -> pn.viewable.Viewable:
    """List runs by the name of their page.

    Parameters
    ----------
    runs : mapping of str to str
        Page name to store.
    storage : StorageConfig, optional
        How buckets are reached.
    """
    table = FactsTable(
        test_id="runs",
        description="The runs that are served, each with a link to its page",
        room=0,
        sizing_mode="stretch_width",
        margin=(20, 24),
    )
    table.fill(COLUMNS, [_row(slug, location, storage) for slug, location in runs.items()])
    return _page(counted(len(runs), "run"), table)


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
        return [link, *glance(Run(location, storage))]
    except DeepTrackerError as error:
        return [link, str(error)]
