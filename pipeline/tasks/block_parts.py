"""The parts of a block, segment by segment, as the tables that the kernels walk."""

from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import ITEM_BYTES
from deeptracker.pipeline.sources.tile_spans import TileSpans
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.byte_ranges import Places

__all__ = ["BlockParts", "block_parts"]


@dataclass(frozen=True, eq=False)
class BlockParts:
    """The parts of one segment.

    Attributes
    ----------
    present : numpy.ndarray
        bool [part, 1 + column]: which snapshots have each; the first is the one before the block.
    spans : TileSpans
        What is read for the pieces.
    first_filter : int
        The first filter that begins in them, of all.
    nbytes : int
        Bytes that are measured.
    """

    parts: PartTable
    pieces: PieceTable
    present: np.ndarray
    spans: TileSpans
    first_filter: int
    nbytes: int


def block_parts(
    schema: Schema, block: Block, located: Places, closes: np.ndarray
) -> list[BlockParts]:
    """Cut a block into its segments.

    Parameters
    ----------
    closes : numpy.ndarray
        int64 [part + 1]: as of `NodeTable.closes`.
    """
    layout, some = schema.layout, block.parts
    dtypes = layout.gradient_dtypes if block.gradient else layout.dtypes
    filters = np.zeros_like(layout.filters) if block.gradient else layout.filters
    filter_size = np.where(filters > 0, layout.sizes // np.maximum(filters, 1), 0)
    parts = PartTable(
        some.start,
        some.stop,
        layout.sizes[some.number],
        filter_size[some.number],
        layout.addresses[some.number],
        layout.depths[some.number],
        dtypes[some.number],
    )
    segment = (parts.address + parts.start) // layout.segment_weights
    begins = np.flatnonzero(np.diff(segment, prepend=-1))
    # The first filter that begins in a part, of all.
    first_filter = layout.first_filter[some.number] + parts.owned[0] // parts.line_weights
    return [
        _segment(
            parts.some(slice(first, last)),
            closes[first : last + 1],
            located.file[first:last],
            located.offset[first:last],
            first_filter[first:last],
        )
        for first, last in zip(begins.tolist(), [*begins[1:].tolist(), len(parts)], strict=True)
    ]


def _segment(
    parts: PartTable,
    closes: np.ndarray,
    file: np.ndarray,
    offset: np.ndarray,
    first_filter: np.ndarray,
) -> BlockParts:
    pieces = PieceTable.of(parts, closes)
    item = np.array([ITEM_BYTES[code] for code in parts.dtype.tolist()])[pieces.part]
    nbytes = (pieces.stop - pieces.start) * item
    spans = TileSpans.of(
        pieces.group,
        file[pieces.part],
        offset[pieces.part] + (pieces.start * item)[:, None],
        nbytes,
        int(item.max()),
    )
    present = file >= 0
    with_filters = (parts.filter_size > 0) & (parts.lines > 0)
    return BlockParts(
        parts,
        pieces,
        present,
        spans,
        int(first_filter[with_filters][0]) if with_filters.any() else 0,
        int((nbytes[:, None] * present[pieces.part]).sum()),
    )
