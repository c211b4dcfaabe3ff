"""Feeding a tile to the kernels, snapshot after snapshot: as it is stored, or widened."""

import numpy as np

from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass
from deeptracker.pipeline.kernels.measuring.pieces import TileGroup
from deeptracker.pipeline.sources.tensor_reading import RAW_DTYPES, to_float
from deeptracker.pipeline.sources.tile_reading import Tiles
from deeptracker.pipeline.sources.tile_spans import GroupSpans
from deeptracker.pipeline.tasks.block_parts import BlockParts

__all__ = ["feed_tile", "feed_widened"]


def feed_tile(measure: PartsPass, tiles: Tiles, group: TileGroup, spans: GroupSpans) -> None:
    """Feed the pieces of a tile at every snapshot, and at the one before the block."""
    fed = 0
    while fed < spans.snapshots:
        done = _fed(measure, group, spans, fed, *tiles.ready(spans, fed))
        if not done:
            # What the kernel could not read is read here: once more, or to hear why not.
            done = _fed(measure, group, spans, fed, *tiles.read(spans, fed))
        fed += done


def _fed(
    measure: PartsPass,
    group: TileGroup,
    spans: GroupSpans,
    first: int,
    given: np.ndarray,
    starts: np.ndarray,
    ready: np.ndarray,
) -> int:
    # The first snapshot is the one before the block.
    columns = range(first - 1, first - 1 + len(given))
    return measure.feed(group, columns, given, (starts, ready), spans.places, spans.nbytes)


def feed_widened(
    measure: PartsPass, tiles: Tiles, group: TileGroup, spans: GroupSpans, parts: BlockParts
) -> None:
    """Feed a piece that is converted, snapshot by snapshot, in the group's dtype.

    Parameters
    ----------
    spans : GroupSpans
        Of one piece.
    parts : BlockParts
        The part that stands alone, with its stored dtype in each snapshot.
    """
    start, stop = (int(edge[group.pieces][0]) for edge in (parts.pieces.start, parts.pieces.stop))
    weights = stop - start
    # The pass compares a snapshot with the one before: that must stay in memory.
    rooms = np.empty((2, weights), RAW_DTYPES[group.dtype])
    places = np.minimum(spans.places, 0)
    nothing = np.zeros(2, np.int64), np.empty((0, 4), np.int64)
    for snapshot, stored in enumerate(parts.dtypes):
        into = rooms[snapshot % 2]
        strided = parts.strided[snapshot]
        if strided is not None:
            into[:] = to_float(tiles.elements(strided, start, stop), stored)
        elif places[snapshot, 0] == 0:
            begin = int(spans.places[snapshot, 0])
            dtype = RAW_DTYPES[stored]
            content = tiles.content(spans, snapshot)[begin : begin + weights * dtype.itemsize]
            into[:] = to_float(content.view(dtype), stored)
        given = np.array([into.__array_interface__["data"][0]])
        measure.feed(group, [snapshot - 1], given, nothing, places, 0)
