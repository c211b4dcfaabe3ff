"""The cube of classes, layers and iterations, drawn obliquely on one canvas."""

from pathlib import Path

import numpy as np
import param
from panel.custom import JSComponent

from dashboard.theme import levels, lookup_table

__all__ = ["Cube", "face"]

HERE = Path(__file__).parent


class Cube(JSComponent):
    """Three faces that share axes.

    A click arrives as `event`: a dict with ``face`` and two of ``class_``, ``layer`` and
    ``iteration`` (a column).
    """

    faces = param.Dict(default={}, doc="top [iteration, class], side [layer, iteration], front")
    classes = param.List(default=[])
    layers = param.List(default=[])
    iterations = param.List(default=[])
    first = param.Integer(default=0)
    last = param.Integer(default=0)
    picks = param.Dict(default={"iteration": -1, "class_": -1, "layer": -1})
    sliced = param.Boolean(default=False)
    height = param.Integer(default=560)
    description = param.String(default="The cube of classes, layers and iterations.")
    event = param.Dict(default={})

    _esm = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("axes.js", "cube.js"))


def face(
    values: np.ndarray,
    palette: str,
    low: float,
    high: float,
    label: str,
    faded: np.ndarray | None = None,
) -> dict[str, object]:
    """Make one face.

    Parameters
    ----------
    values : numpy.ndarray
        float [v, u]: the second axis runs along the face's first edge.
    low, high : float
        Values of the palette's ends.
    label : str
        What a value is, for the readout.
    faded : numpy.ndarray, optional
        bool [v, u]: cells to draw pale, as they are not significant.
    """
    table = np.frombuffer(lookup_table(palette), np.uint8).reshape(256, 4)
    pixels = table[levels(values, low, high)]
    if faded is not None:
        pale = (pixels[..., :3].astype(np.uint16) + 3 * 250) // 4
        pixels = np.where(faded[..., None], np.dstack([pale, pixels[..., 3:]]), pixels)
    return {
        "width": values.shape[1],
        "height": values.shape[0],
        "rgba": np.ascontiguousarray(pixels, np.uint8).tobytes(),
        "values": np.ascontiguousarray(values, "<f4").tobytes(),
        "label": label,
    }
