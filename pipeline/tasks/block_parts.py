"""The parts of a block, group by group, as the tables that the kernels walk."""

from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import DTYPES, ITEM_BYTES
from deeptracker.pipeline.sources.tile_spans import WITHOUT, TileSpans
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.byte_ranges import Places

__all__ = ["BlockParts", "block_parts"]

BYTES = np.array([ITEM_BYTES[dtype] for dtype in DTYPES])
F64 = DTYPES.index("F64")


@dataclass(frozen=True, eq=False)
class BlockParts:
    """Parts that are measured together: of one segment, with filters that follow each other.

    Attributes
    ----------
    present, gaps : numpy.ndarray
        bool [part, 1 + column]: which snapshots have each, and which are without it; the first is
        the one before the block.
    spans : TileSpans
        What is read for the pieces.
    first_filter : int
        The first filter that begins in them, of all.
    nbytes : int
        Bytes that are measured.
    dtypes : tuple of str
        [1 + column]: of a part whose dtype changes, which stands alone, in each snapshot. Empty
        otherwise.
    """

    parts: PartTable
    pieces: PieceTable
    present: np.ndarray
    gaps: np.ndarray
    spans: TileSpans
    first_filter: int
    nbytes: int
    dtypes: tuple[str, ...]


def block_parts(
    schema: Schema, block: Block, located: Places, run: slice, closes: np.ndarray
) -> list[BlockParts]:
    """Cut parts of a block where segments end, and where filters do not follow each other.

    Parameters
    ----------
    run : slice
        Which parts of the block.
    closes : numpy.ndarray
        int64 [part + 1]: as of `NodeTable.closes`, of these parts.
    """
    layout, some, located = schema.layout, block.parts.some(run), located.some(run)
    filters = np.zeros_like(layout.filters) if block.gradient else layout.filters
    filter_size = np.where(filters > 0, layout.sizes // np.maximum(filters, 1), 0)
    dtypes = layout.gradient_dtypes if block.gradient else layout.dtypes
    dtype, changes = _dtypes(located, dtypes[some.number])
    parts = PartTable(
        some.start,
        some.stop,
        layout.sizes[some.number],
        filter_size[some.number],
        layout.addresses[some.number],
        layout.depths[some.number],
        dtype,
    )
    # The first filter that begins in a part, of all.
    first_filter = layout.first_filter[some.number] + parts.owned[0] // parts.line_weights
    segment = (parts.address + parts.start) // layout.segment_weights
    apart = np.diff(segment, prepend=-1) != 0
    apart |= changes | np.append(False, changes[:-1])
    apart |= _skips_filters(parts, first_filter)
    begins = np.flatnonzero(apart)
    return [
        _parts(
            parts.some(slice(first, last)),
            closes[first : last + 1],
            located.some(slice(first, last)),
            first_filter[first:last],
            changes=bool(changes[first]),
        )
        for first, last in zip(begins.tolist(), [*begins[1:].tolist(), len(parts)], strict=True)
    ]


def _dtypes(located: Places, stated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the dtype in which each part is measured, and whether that of the snapshots changes.

    Parameters
    ----------
    stated : numpy.ndarray
        str [part]: of parts that no snapshot has.
    """
    known = located.file >= 0
    least = np.where(known, located.dtype, len(DTYPES)).min(axis=1)
    most = np.where(known, located.dtype, 0).max(axis=1)
    changes = least < most
    # What holds the values of every snapshot.
    wide = np.where(least == F64, "F64", "F32")
    dtype = np.where(changes, wide, np.array([*DTYPES, ""])[least])
    return np.where(known.any(axis=1), dtype, stated), changes


def _skips_filters(parts: PartTable, first_filter: np.ndarray) -> np.ndarray:
    """Mark the parts whose filters do not follow those of the parts before: bool [part]."""
    found = np.zeros(len(parts), np.bool_)
    owners = np.flatnonzero((parts.filter_size > 0) & (parts.lines > 0))
    behind = first_filter[owners] + parts.lines[owners]
    found[owners[1:]] = first_filter[owners[1:]] != behind[:-1]
    return found


def _parts(
    parts: PartTable,
    closes: np.ndarray,
    located: Places,
    first_filter: np.ndarray,
    *,
    changes: bool,
) -> BlockParts:
    pieces = PieceTable.of(parts, closes)
    item = np.array([ITEM_BYTES[code] for code in parts.dtype.tolist()])[pieces.part, None]
    if changes:
        item = BYTES[located.dtype][pieces.part]
    nbytes = (pieces.stop - pieces.start)[:, None] * item
    file = located.file
    spans = TileSpans.of(
        pieces.group,
        file[pieces.part],
        located.offset[pieces.part] + pieces.start[:, None] * item,
        nbytes,
        int(item.max()),
    )
    present = file >= 0
    with_filters = (parts.filter_size > 0) & (parts.lines > 0)
    return BlockParts(
        parts,
        pieces,
        present,
        file == WITHOUT,
        spans,
        int(first_filter[with_filters][0]) if with_filters.any() else 0,
        int((nbytes * present[pieces.part]).sum()),
        tuple(DTYPES[code] for code in located.dtype[0].tolist()) if changes else (),
    )
