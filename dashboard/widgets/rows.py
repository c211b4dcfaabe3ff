"""Rows of charts over the time axis, and how they go to the browser."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Row", "packed"]

STAMP_BYTES = 4
# Kinds of numbers that rows.js reads; all others go as float32.
DTYPES = {np.dtype("u1"): "u1", np.dtype("<u2"): "u2"}


@dataclass(frozen=True)
class Row:
    """One row of a chart.

    Attributes
    ----------
    id : str
        Comes back in events.
    kind : {"image", "lines", "curves", "marks", "none"}
        How it is drawn; see ``row_drawers.js``. A `RowList` and a `TreeChart` know others.
    height : float
        CSS pixels.
    arrays : tuple of numpy.ndarray
        Levels or numbers [line, column] or [column], as the kind needs.
    options : dict
        Anything else the drawer knows: label, detail, indent, toggle, palette, low, high, …; where
        places hold several columns, ``column0`` and ``step``.
    """

    id: str
    kind: str
    height: float
    arrays: tuple[np.ndarray, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def packed(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], bytes]:
    """Write rows as plain dicts, and their arrays one behind another.

    They reach the browser in two messages, of which neither is sent where nothing changed: a
    checksum of the arrays, which both bear, tells which belong together.
    """
    plain: list[dict[str, Any]] = []
    chunks: list[bytes] = []
    offset = STAMP_BYTES
    for row in rows:
        places = []
        for array in row.arrays:
            dtype = DTYPES.get(array.dtype, "f4")
            content = np.ascontiguousarray(array, np.dtype(dtype).newbyteorder("<")).tobytes()
            content += b"\0" * (-len(content) % 4)
            places.append({"offset": offset, "dtype": dtype, "shape": list(array.shape)})
            chunks.append(content)
            offset += len(content)
        plain.append(
            row.options | {"id": row.id, "kind": row.kind, "height": row.height, "arrays": places}
        )
    content = b"".join(chunks)
    stamp = zlib.crc32(content)
    for entry in plain:
        entry["stamp"] = stamp
    return plain, stamp.to_bytes(STAMP_BYTES, "little") + content
