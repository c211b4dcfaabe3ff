"""The home page: every run that is served, with what it holds."""

import html
from collections.abc import Mapping

import panel as pn

from dashboard.controls import text
from dashboard.run import Run
from deeptracker.errors import DeepTrackerError

__all__ = ["home"]


def home(runs: Mapping[str, str]) -> pn.viewable.Viewable:
    """List runs by the name of their page.

    Parameters
    ----------
    runs : mapping of str to str
        Page name to store.
    """
    rows = "".join(_row(slug, location) for slug, location in runs.items())
    head = "".join(
        f"<th>{title}</th>"
        for title in ("run", "network", "iterations", "weights", "classes", "findings", "updated")
    )
    return pn.Column(
        text(
            "<div class='dt-header'><a class='dt-brand' href='./'>DeepTracker</a>"
            f"<span>{len(runs)} runs</span></div>"
            f"<div class='dt-home'><table><tr>{head}</tr>{rows}</table></div>",
            sizing_mode="stretch_width",
            margin=0,
        ),
        sizing_mode="stretch_width",
        margin=0,
    )


def _row(slug: str, location: str) -> str:
    link = f"<a href='./{html.escape(slug)}'>{html.escape(slug)}</a>"
    try:
        run = Run(location)
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
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
