"""Rows of charts over the time axis, and how they are sent to the browser."""

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
        Identifies the row in events.
    kind : {"image", "lines", "curves", "marks", "none"}
        How it is drawn; see ``row_drawers.js``. `RowList` and `TreeChart` have other kinds.
    height : float
        CSS pixels.
    arrays : tuple of numpy.ndarray
        Levels or numbers, [line, column] or [column], depending on the kind.
    options : dict
        Other options of the drawer: label, detail, indent, toggle, palette, low, high, …; if a
        place holds several columns, ``column0`` and ``step``.
    """

    id: str
    kind: str
    height: float
    arrays: tuple[np.ndarray, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def packed(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], bytes]:
    """Write rows as plain dicts, and concatenate their arrays.

    Dicts and arrays are two messages to the browser; an unchanged one is not sent again. Both
    contain a checksum of the arrays, so that the browser can match them.
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
