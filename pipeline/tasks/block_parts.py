"""The parts of a block, group by group, as the tables that the kernels walk."""

from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import DTYPES, ITEM_BYTES, ByteRange
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
        [1 + column]: of a part that is converted before it is measured, which stands alone, in each
        snapshot: its dtype changes, or it is not in C order. Empty otherwise.
    strided : tuple of (ByteRange or None)
        [1 + column]: of a part that is converted, where it is not in C order. Empty otherwise.
    """

    parts: PartTable
    pieces: PieceTable
    present: np.ndarray
    gaps: np.ndarray
    spans: TileSpans
    first_filter: int
    nbytes: int
    dtypes: tuple[str, ...]
    strided: tuple[ByteRange | None, ...]


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
    converted = np.zeros(len(some), np.bool_)
    converted[[part for part, _ in located.strides]] = True
    dtype, converted = _dtypes(located, dtypes[some.number], converted)
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
    apart |= converted | np.append(False, converted[:-1])
    apart |= _skips_filters(parts, first_filter)
    begins = np.flatnonzero(apart)
    return [
        _parts(
            parts.some(slice(first, last)),
            closes[first : last + 1],
            located.some(slice(first, last)),
            first_filter[first:last],
            layout.parameters[some.number[first]].shape if converted[first] else None,
        )
        for first, last in zip(begins.tolist(), [*begins[1:].tolist(), len(parts)], strict=True)
    ]


def _dtypes(
    located: Places, stated: np.ndarray, converted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the dtype in which each part is measured, and whether it is converted before.

    Parameters
    ----------
    stated : numpy.ndarray
        str [part]: of parts that no snapshot has.
    converted : numpy.ndarray
        bool [part]: which are converted in any case; those whose dtype changes are, too.
    """
    known = located.file >= 0
    least = np.where(known, located.dtype, len(DTYPES)).min(axis=1)
    most = np.where(known, located.dtype, 0).max(axis=1)
    converted = converted | (least < most)
    # What holds the values of every snapshot.
    wide = np.where(least == F64, "F64", "F32")
    dtype = np.where(converted, wide, np.array([*DTYPES, ""])[least])
    return np.where(known.any(axis=1), dtype, stated), converted


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
    converted: tuple[int, ...] | None,
) -> BlockParts:
    """Plan what is read for some parts.

    Parameters
    ----------
    converted : tuple of int or None
        The parameter's shape, where this is one part that is converted.
    """
    pieces = PieceTable.of(parts, closes)
    item = np.array([ITEM_BYTES[code] for code in parts.dtype.tolist()])[pieces.part, None]
    if converted is not None:
        item = BYTES[located.dtype][pieces.part]
    weights = (pieces.stop - pieces.start)[:, None]
    nbytes = np.broadcast_to(weights * item, (len(weights), located.file.shape[1])).copy()
    present = located.file >= 0
    measured = int((nbytes * present[pieces.part]).sum())
    # What is not in C order is read piece by piece when it is measured.
    nbytes[:, [column for _, column in located.strides]] = 0
    file = located.file
    spans = TileSpans.of(
        pieces.group,
        file[pieces.part],
        located.offset[pieces.part] + pieces.start[:, None] * item,
        nbytes,
        int(item.max()),
    )
    with_filters = (parts.filter_size > 0) & (parts.lines > 0)
    return BlockParts(
        parts,
        pieces,
        present,
        file == WITHOUT,
        spans,
        int(first_filter[with_filters][0]) if with_filters.any() else 0,
        measured,
        tuple(DTYPES[code] for code in located.dtype[0].tolist()) if converted is not None else (),
        _strided(located, converted) if converted is not None else (),
    )


def _strided(located: Places, shape: tuple[int, ...]) -> tuple[ByteRange | None, ...]:
    """Give the byte range of a part's parameter in each snapshot where it is not in C order."""
    found: list[ByteRange | None] = [None] * located.file.shape[1]
    for (_, column), strides in located.strides.items():
        found[column] = ByteRange(
            located.paths[located.file[0, column]],
            int(located.offset[0, column]),
            DTYPES[located.dtype[0, column]],
            shape,
            located.access,
            strides,
        )
    return tuple(found)
