"""The search: its entries, and the pick and view that each entry opens."""

from collections.abc import Mapping

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection

__all__ = ["open_place", "places_of"]


def places_of(run: Run, views: Mapping[str, str]) -> list[list[str]]:
    """List the entries of the search.

    Parameters
    ----------
    run : Run
    views : mapping of str to str
        Titles of the page's views by their names.

    Returns
    -------
    list of [kind, label, name]
        Kinds are view, class, layer (any node of the architecture) and weights (a parameter).
    """
    places = [["view", title, name] for name, title in views.items()]
    places += [["class", name, name] for name in run.class_names]
    for name, kind in zip(run.nodes["name"], run.nodes["kind"], strict=True):
        what = "weights" if kind == "parameter" else "layer"
        places.append([what, str(name) or "network", str(name)])
    return places


def open_place(run: Run, selection: Selection, kind: str, name: str) -> None:
    """Pick a search result and open the view that shows it."""
    if kind == "view":
        selection.open(name)
    elif kind == "class":
        selection.open(
            "validation",
            classes=[name],
            open_classes=lambda opened: list(dict.fromkeys([*opened, name])),
        )
    elif kind == "weights":
        selection.open("weights", raster=name, raster_range=None)
    elif kind == "layer":
        above = _ancestors(run, name)
        selection.open(
            "layers",
            nodes=[name],
            open_nodes=lambda opened: sorted({*([""] if opened is None else opened), *above}),
        )


def _ancestors(run: Run, name: str) -> list[str]:
    """Name the nodes above a node; unfolding them shows it."""
    node = run.node(name)
    found = []
    while node is not None and run.nodes["parent"][node] >= 0:
        node = int(run.nodes["parent"][node])
        found.append(str(run.nodes["name"][node]))
    return found
