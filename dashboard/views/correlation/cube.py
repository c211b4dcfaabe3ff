"""The cube of classes, layers and iterations: three faces on one canvas, oblique or flat."""

from typing import Any

import numpy as np
import param

from deeptracker.dashboard.look.theme import lookup_table
from deeptracker.dashboard.views.correlation.cube_faces import SIGNIFICANT, Faces
from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Cube", "packed_faces"]

NOTHING = 65535


class Cube(Component):
    """Three faces that share axes.

    A person's action arrives as `event`: a dict with ``type`` (cell, pick, clear, unfold, window,
    whole, flat) and that type's values; see ``cube_actions.js``.
    """

    top = param.Dict(default={}, doc="packed face [time, class]")
    side = param.Dict(default={}, doc="packed face [layer, time]")
    front = param.Dict(default={}, doc="packed face [layer, class]")
    palettes = param.Dict(default={}, doc="256 light and 256 dark colours each")
    items = param.Dict(default={}, doc="all labels of each axis, and which are parts")
    view = param.Dict(default={}, doc="first item, last item and items a cell of each axis")
    picks = param.Dict(
        default={"time": -1, "class": -1, "layer": -1}, doc="positions of the planes"
    )
    slices = param.List(default=[], doc="the slices, to be named and dropped")
    unfoldable = param.List(default=[], doc="the class and the layer that can be unfolded")
    flat = param.Integer(default=0, doc="0 oblique, 100 flat")
    height = param.Integer(default=620)
    description = param.String(default="The cube of classes, layers and iterations.")

    _esm = module_of(__file__)

    def __init__(self, **values: Any) -> None:
        names = ("blues", "diverging")
        both = {name: lookup_table(name) + lookup_table(name, dark=True) for name in names}
        super().__init__(palettes=both, **values)


def packed_faces(faces: Faces) -> dict[str, dict[str, Any]]:
    """Pack the faces as codes of 16 bits, with the scale and colours to draw them.

    Counts up to 65,534 are exact. Greater counts, and correlations, are rounded to 1/65,534 of
    their range.
    """
    classes, layers, time = (axis.described() for axis in (faces.classes, faces.layers, faces.time))
    top = _counts(faces.top.T, "anomalous images") | {"u": classes, "v": time}
    side = _counts(faces.side, "anomalous filters") | {"u": time, "v": layers}
    top |= _outside(np.broadcast_to(~faces.top_kept[:, None], faces.top.T.shape))
    side |= _outside(np.broadcast_to(~faces.side_kept, faces.side.shape))
    front: dict[str, Any] = {"u": classes, "v": layers}
    values, faded = faces.front.values, faces.front.insignificant
    if faded is None:
        front |= _counts(values, "anomalous filters")
    else:
        front |= _correlations(values, faded)
        also = {"p": faces.front.p_value, "q": faces.front.q_value}
        front["also"] = {
            name: _codes(numbers, 0.0, 1.0 / (NOTHING - 1))
            for name, numbers in also.items()
            if numbers is not None
        }
    packed = {"top": top, "side": side, "front": front}
    for name, face in packed.items():
        face["title"] = faces.titles[name]
    return packed


def _counts(values: np.ndarray, label: str) -> dict[str, Any]:
    """Pack counts [v, u]."""
    top = float(max(1.0, values.max(initial=0)))
    scale = 1.0 if top < NOTHING else top / (NOTHING - 1)
    return {
        "width": values.shape[1],
        "height": values.shape[0],
        "codes": _codes(values, 0.0, scale),
        "offset": 0.0,
        "scale": scale,
        "low": 0.0,
        "high": top,
        # Colour by the square root of counts, so that one image is visible next to a hundred.
        "root": True,
        "palette": "blues",
        "label": label,
        "unit": label.removeprefix("anomalous "),
        "most": "at most ",
        "nothing": "not recorded",
    }


def _outside(cells: np.ndarray) -> dict[str, Any]:
    """Mark the cells that a slice leaves out, if there are any."""
    if not cells.any():
        return {}
    return {
        "faded": np.ascontiguousarray(cells, np.uint8).tobytes(),
        "faded_label": "outside the slice",
        "hatched": False,
    }


def _correlations(values: np.ndarray, faded: np.ndarray) -> dict[str, Any]:
    known = np.abs(values[np.isfinite(values)])
    top = float(known.max()) if known.size and known.max() > 0 else 1.0
    scale = 2.0 / (NOTHING - 1)
    return {
        "width": values.shape[1],
        "height": values.shape[0],
        "codes": _codes(values, -1.0, scale),
        "offset": -1.0,
        "scale": scale,
        "low": -top,
        "high": top,
        "root": False,
        "palette": "diverging",
        "label": "rank correlation",
        "unit": "",
        "most": "strongest ",
        "nothing": "only whole classes and layers are correlated",
        "faded": np.ascontiguousarray(faded, np.uint8).tobytes(),
        "faded_label": f"not significant (q > {SIGNIFICANT})",
        "hatched": True,
    }


def _codes(values: np.ndarray, offset: float, scale: float) -> bytes:
    numbers = np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    codes = np.full(numbers.shape, NOTHING, "<u2")
    steps = np.rint((numbers[known] - offset) / scale)
    codes[known] = np.clip(steps, 0, NOTHING - 1).astype("<u2")
    return codes.tobytes()
