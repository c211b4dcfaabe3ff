"""What the search finds, and where it leads."""

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import VIEWS, Selection

__all__ = ["open_place", "places_of"]


def places_of(run: Run) -> list[list[str]]:
    """List what can be searched.

    Returns
    -------
    list of [kind, label, name]
        Kinds are view, class, layer (any node of the architecture) and weights (a parameter).
    """
    places = [["view", name.capitalize(), name] for name in VIEWS]
    places += [["class", name, name] for name in run.class_names]
    for name, kind in zip(run.nodes["name"], run.nodes["kind"], strict=True):
        what = "weights" if kind == "parameter" else "layer"
        places.append([what, str(name) or "network", str(name)])
    return places


def open_place(run: Run, selection: Selection, kind: str, name: str) -> None:
    """Pick what was found and open the view that shows it."""
    if kind == "view":
        selection.view = name
    elif kind == "class":
        opened = [*selection.open_classes, name]
        selection.param.update(
            view="validation", classes=[name], open_classes=list(dict.fromkeys(opened))
        )
    elif kind == "weights":
        selection.param.update(view="weights", raster=name, raster_range=None)
    elif kind == "layer":
        ancestors = _ancestors(run, name)
        opened = selection.open_nodes if selection.open_nodes is not None else [""]
        selection.param.update(
            view="layers",
            nodes=[name],
            open_nodes=sorted({*opened, *ancestors}),
        )


def _ancestors(run: Run, name: str) -> list[str]:
    """Name the nodes above a node, so that it can be unfolded into sight."""
    node = run.node(name)
    found = []
    while node is not None and run.nodes["parent"][node] >= 0:
        node = int(run.nodes["parent"][node])
        found.append(str(run.nodes["name"][node]))
    return found
