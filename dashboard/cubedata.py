"""The cube's numbers: its three faces over a window, whole or sliced, and its strongest cells."""

from dataclasses import dataclass

import numpy as np

from dashboard.run import Run
from dashboard.selection import Selection

__all__ = ["Faces", "Triple", "faces_of", "strongest"]

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Faces:
    """What the faces show.

    Attributes
    ----------
    top : numpy.ndarray
        float [class_, column]: anomalous images.
    side : numpy.ndarray
        float [layer, column]: anomalous filters.
    front : numpy.ndarray
        float [layer, class_].
    insignificant : numpy.ndarray or None
        bool [layer, class_], for the association.
    titles : dict of str to str
        What each face says, slices included.
    """

    top: np.ndarray
    side: np.ndarray
    front: np.ndarray
    insignificant: np.ndarray | None
    titles: dict[str, str]


@dataclass(frozen=True)
class Triple:
    """A class, a layer and an iteration that were anomalous together."""

    class_: str
    layer: str
    iteration: int
    images: int
    filters: int


def faces_of(run: Run, selection: Selection) -> Faces:
    """Give the faces for the selection's window, rule and picks.

    A picked class leaves in the layers' face only its anomalous iterations; a picked layer does so
    in the classes' face; a picked iteration makes the front face that of this iteration.
    """
    first, last = run.columns(selection.window)
    columns = slice(first, last + 1)
    images = _class_anomalies(run, selection)[:, columns].astype(np.float64)
    filters = run.array("cube/anomalous_filters")[:, columns].astype(np.float64)
    class_, layer, column = picks_of(run, selection)
    top, side = images, filters
    titles = {
        "top": f"images anomalous by the {selection.rule} rule, class by iteration",
        "side": "anomalous filters, layer by iteration",
    }
    if layer >= 0:
        top = np.where(filters[layer] > 0, images, np.nan)
        titles["top"] += f", where {layer_names(run)[layer]} is anomalous"
    if class_ >= 0:
        side = np.where(images[class_] > 0, filters, np.nan)
        titles["side"] += f", where class {run.class_names[class_]} is anomalous"
    insignificant = None
    if first <= column <= last:
        at = column - first
        front = filters[:, at, None] * (images[:, at] > 0)
        titles["front"] = f"anomalous filters where the class is too, at {run.iterations[column]:,}"
    elif selection.association == "association":
        front = run.array("cube/association").T.astype(np.float64)
        insignificant = run.array("cube/q_value").T > SIGNIFICANT
        titles["front"] = f"rank correlation; pale where q > {SIGNIFICANT}"
    else:
        front = filters @ (images > 0).T
        titles["front"] = "anomalous filters at the class's anomalous iterations"
    return Faces(top, side, front, insignificant, titles)


def layer_names(run: Run) -> list[str]:
    """Names of the layers that the cube has."""
    return [str(name) for name in run.array("cube/layer")]


def picks_of(run: Run, selection: Selection) -> tuple[int, int, int]:
    """Give the picked (class, layer, column), -1 for none."""
    names = layer_names(run)
    layers = [names.index(node) for node in selection.nodes if node in names]
    classes = [run.class_names.index(c) for c in selection.classes if c in run.class_names]
    columns = run.picked_columns(selection.iterations)
    return tuple((found[-1] if found else -1) for found in (classes, layers, columns))  # type: ignore[return-value]


def strongest(run: Run, selection: Selection, count: int = 12) -> list[Triple]:
    """List the cells at which most filters and images were anomalous together."""
    first, last = run.columns(selection.window)
    images = _class_anomalies(run, selection)[:, first : last + 1]
    filters = run.array("cube/anomalous_filters")[:, first : last + 1]
    # The best layers and classes of an iteration suffice: no other cell can be among the top.
    found: list[tuple[float, Triple]] = []
    names = layer_names(run)
    for at in range(images.shape[1]):
        for class_ in np.argsort(-images[:, at])[:count]:
            for layer in np.argsort(-filters[:, at])[:count]:
                n, m = int(images[class_, at]), int(filters[layer, at])
                if n and m:
                    triple = Triple(
                        run.class_names[class_], names[layer], int(run.iterations[first + at]), n, m
                    )
                    found.append((float(np.sqrt(n * m)), triple))
    found.sort(key=lambda entry: -entry[0])
    return [triple for _, triple in found[:count]]


def _class_anomalies(run: Run, selection: Selection) -> np.ndarray:
    """Give int32 [class_, iteration] under the chosen rule and window."""
    window = selection.anomaly_window
    return run.part(f"classes/{selection.rule}", slice(window - 1, window))[0]
