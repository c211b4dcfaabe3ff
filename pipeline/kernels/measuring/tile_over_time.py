"""The pieces of one tile at several snapshots: each measured with the same of the one before."""

import numpy as np
from numba import types
from numba.extending import overload

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.kernels.file_reading import raw_at, read_at
from deeptracker.pipeline.kernels.measuring.node_counts import close_nodes, note_weights
from deeptracker.pipeline.kernels.measuring.pyramid_rows import store_rows
from deeptracker.pipeline.kernels.measuring.span import FINITE, ROW
from deeptracker.pipeline.kernels.measuring.tile import TILE, inlined, measure_tile, widen
from deeptracker.pipeline.kernels.measuring.tile_arguments import (
    CLOSE_FIRST,
    CLOSE_LAST,
    LINE,
    PART,
    Geometry,
    Results,
)
from deeptracker.pipeline.kernels.vector.fused_loop import CHANGES, FOUND, LANES
from deeptracker.pipeline.sources.tile_spans import WITHOUT

__all__ = ["measure_pieces"]


@kernel(error_model="numpy")
def measure_pieces(form, snapshots, pieces, thresholds, rooms, results, pyramid, nodes):
    """Read and measure the pieces of one tile at some snapshots, and store their pyramid rows.

    Parameters
    ----------
    form : (one raw value, bool)
        Of the stored dtype, bfloat16 and float16 as uint16; and whether it is float16.
    snapshots : Snapshots
    pieces : Pieces
    thresholds : float [threshold], of the values' type
    rooms : Rooms
    results : Results
        Of all columns; the last is that of the snapshot before the block.
    pyramid : PyramidRoom
    nodes : NodeCounts

    Returns
    -------
    int
        How many snapshots were measured: less than all where a file could not be read.
    """
    outside = results.histogram.shape[0] - 1
    scratch = np.zeros(CHANGES * LANES, np.uint32), np.zeros(FOUND)
    for number in range(snapshots.columns.size):
        inside = snapshots.columns[number] >= 0
        column = snapshots.columns[number] if inside else outside
        base = snapshots.given[number]
        if base == 0:
            base = np.int64(rooms.read[(snapshots.turn + number) % 2].ctypes.data)
            if not read_spans(snapshots, number, base):
                return number
        for k in range(pieces.last.size):
            geometry = geometry_of(pieces.table[k])
            place = pieces.places[snapshots.columns[number] + 1, k]
            if place >= 0:
                part = pieces.table[k, PART]
                known = results.counts[part, column, FINITE]
                measure_piece(
                    form,
                    pieces,
                    k,
                    base + place,
                    (geometry, inside, column, outside),
                    thresholds,
                    rooms,
                    results,
                    pyramid,
                    scratch,
                )
                known = results.counts[part, column, FINITE] - known
                note_weights(nodes, column, known, results.limits[part, column])
            elif pieces.last[k] != 0:
                pass_over(form[0], pieces, k, place, geometry, rooms.kept)
            if inside and pieces.table[k, CLOSE_FIRST] < pieces.table[k, CLOSE_LAST]:
                close_nodes(
                    nodes, pieces.table[k, CLOSE_FIRST], pieces.table[k, CLOSE_LAST], column
                )
    return snapshots.columns.size


@inner()
def read_spans(snapshots, number, base):
    """Read what the pieces take of one snapshot; tell whether all of it was read."""
    for span in range(snapshots.starts[number], snapshots.starts[number + 1]):
        descriptor, offset, nbytes, place = snapshots.spans[span]
        if not read_at(descriptor, offset, base + place, nbytes):
            return False
    return True


@inlined
def measure_piece(form, pieces, k, place, at, thresholds, rooms, results, pyramid, scratch):
    """Measure a piece at one snapshot, whose raw weights lie at an address."""
    like, half = form
    geometry, inside, column, outside = at
    size = geometry.weights
    first = geometry.address % TILE
    row = first // ROW
    side, last = 1 - pieces.sides[k], pieces.last[k]
    values32, before32 = rooms.values32[side], rooms.values32[1 - side]
    now = floats(raw_at(place, size, like), half, values32[first : first + size])
    paired = last != 0
    before = now
    if paired:
        # It was widened when it was measured itself.
        before = known_floats(raw_at(last, size, like), before32[first : first + size])
    pieces.last[k], pieces.sides[k] = place, side
    regular = rooms.regular[side, row:]
    sound = measure_tile(
        (now[0], now[1], regular),
        (before[0], before[1], rooms.regular[1 - side, row:] if paired else regular),
        paired,
        geometry if inside else without_rows(geometry),
        thresholds,
        of_piece(results, column, pieces.table[k]),
        pyramid.rows[0],
        scratch,
    )
    if inside:
        store_rows(pyramid, geometry, sound, column, outside)


@inner()
def pass_over(like, pieces, k, place, geometry, kept):
    """Copy a piece's last raw weights to where the next reads leave them alone, or forget them."""
    if place == WITHOUT:
        # There is no change across a gap.
        pieces.last[k] = 0
        return
    first = np.int64(kept.ctypes.data) + geometry.address % TILE * like.itemsize
    if pieces.last[k] != first:
        last = raw_at(pieces.last[k], geometry.weights, like)
        into = raw_at(first, geometry.weights, like)
        for i in range(last.size):
            into[i] = last[i]
        pieces.last[k] = first


@inlined
def geometry_of(fields):
    """Give the geometry of a line of the pieces' table."""
    return Geometry(
        fields[0],
        fields[1],
        fields[2],
        fields[3],
        fields[4],
        fields[5],
        fields[6],
        fields[7],
    )


@inlined
def of_piece(results, column, fields):
    """Give the results of a piece's part at one column."""
    return Results(
        results.histogram[column],
        results.sums[column, fields[LINE] :],
        results.counts[fields[PART], column],
        results.limits[fields[PART], column],
        results.changes[fields[PART], column],
    )


@inlined
def without_rows(geometry):
    """Give the geometry of a tile that gets no pyramid rows."""
    return Geometry(
        geometry.weights,
        geometry.position,
        geometry.address,
        geometry.levels,
        0,
        geometry.first_owned,
        geometry.last_owned,
        geometry.filter_size,
    )


def floats(raw, half, room):
    """Give (floats, as float32) of raw values: themselves where they can be, else in the room."""
    raise NotImplementedError


def known_floats(raw, room):
    """Give the same of raw values that were widened into this room before."""
    raise NotImplementedError


@overload(floats)
def _floats(raw, half, room):  # noqa: ARG001
    if raw.dtype == types.float32:
        return lambda raw, half, room: (raw, raw)  # noqa: ARG005
    if raw.dtype == types.float64:

        def narrowed(raw, half, room):
            widen(raw, half, room)
            return raw, room[: raw.size]

        return narrowed

    def widened(raw, half, room):
        widen(raw, half, room)
        return room[: raw.size], room[: raw.size]

    return widened


@overload(known_floats)
def _known_floats(raw, room):  # noqa: ARG001
    if raw.dtype == types.float32:
        return lambda raw, room: (raw, raw)  # noqa: ARG005
    if raw.dtype == types.float64:
        return lambda raw, room: (raw, room[: raw.size])
    return lambda raw, room: (room[: raw.size], room[: raw.size])
