"""The home page: every run that is served, with what it holds; and what is said of a lost store."""

import html
from collections.abc import Mapping

import panel as pn

from dashboard.canvas.header import Header
from dashboard.controls import text
from dashboard.run import Run
from deeptracker.errors import DeepTrackerError
from pipeline.config import StorageConfig
from pipeline.wording import counted

__all__ = ["home", "unreachable"]

TITLES = ("run", "network", "iterations", "weights", "classes", "findings", "updated")
NUMBERS = ("iterations", "weights", "classes", "findings")


def home(runs: Mapping[str, str], storage: StorageConfig | None = None) -> pn.viewable.Viewable:
    """List runs by the name of their page.

    Parameters
    ----------
    runs : mapping of str to str
        Page name to store.
    storage : StorageConfig, optional
        How buckets are reached.
    """
    rows = "".join(_row(slug, location, storage) for slug, location in runs.items())
    head = "".join(f"<th scope='col'{_side(title)}>{title}</th>" for title in TITLES)
    table = f"<div class='dt-home'><table><tr>{head}</tr>{rows}</table></div>"
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
    return _page(facts, told)


def _page(facts: str, content: str) -> pn.viewable.Viewable:
    return pn.Column(
        Header(facts={"iterations": facts}, plain=True, sizing_mode="stretch_width", margin=0),
        text(content, sizing_mode="stretch_width", margin=0),
        sizing_mode="stretch_width",
        margin=0,
    )


def _row(slug: str, location: str, storage: StorageConfig | None) -> str:
    link = f"<a href='./{html.escape(slug)}'>{html.escape(slug)}</a>"
    try:
        run = Run(location, storage)
    except DeepTrackerError as error:
        return f"<tr><td>{link}</td><td colspan='6'>{html.escape(str(error))}</td></tr>"
    cells = (
        link,
        html.escape(str(run.attributes.get("network", ""))),
        f"{len(run.iterations):,}",
        f"{int(run.nodes['size'][0]):,}",
        f"{len(run.class_names):,}",
        f"{len(run.array('health/rule')):,}" if run.has("health/rule") else "0",
        html.escape(str(run.attributes.get("updated", ""))[:16].replace("T", " ")),
    )
    told = zip(TITLES, cells, strict=True)
    return "<tr>" + "".join(f"<td{_side(title)}>{cell}</td>" for title, cell in told) + "</tr>"


def _side(title: str) -> str:
    """Put numbers to the right of their column."""
    return " class='dt-number'" if title in NUMBERS else ""
