"""One tile of several snapshots: measured one after the other, each with the one before."""

import numpy as np
from numba import types
from numba.extending import overload

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.file_reading import raw_at, read_at
from deeptracker.pipeline.kernels.measuring.pyramid_rows import store_rows
from deeptracker.pipeline.kernels.measuring.tile import inlined, measure_tile, widen
from deeptracker.pipeline.kernels.measuring.tile_arguments import Geometry, Results
from deeptracker.pipeline.kernels.vector.fused_loop import CHANGES, FOUND, LANES

__all__ = ["measure_columns"]


@kernel(error_model="numpy")
def measure_columns(form, snapshots, geometry, thresholds, rooms, results, pyramid):
    """Read and measure one tile of some snapshots, and store their pyramid rows.

    Parameters
    ----------
    form : (one raw value, bool)
        Of the stored dtype, bfloat16 and float16 as uint16; and whether it is float16.
    snapshots : Snapshots
    geometry : Geometry
    thresholds : float [threshold], of the values' type
    rooms : (uint8 [2, byte], float32 [2, weight], bool [2, span])
        Room for what is read from files; for weights as float32, where they are stored otherwise;
        and which spans are regular.
    results : Results
        Of all columns; the last is that of the snapshot before the block.
    pyramid : PyramidRoom

    Returns
    -------
    number : int
        How many were measured: less than all where a file could not be read.
    last : int
        Address of the raw weights of the last of them.
    """
    like, half = form
    columns, places, last, turn = snapshots
    read, values32, regular = rooms
    size = geometry.weights
    outside = results.histogram.shape[0] - 1
    scratch = np.zeros(CHANGES * LANES, np.uint32), np.zeros(FOUND)
    for number in range(columns.size):
        inside = columns[number] >= 0
        column = columns[number] if inside else outside
        room = (turn + number) % 2
        descriptor, place = places[number]
        if descriptor >= 0:
            address = np.int64(read[room].ctypes.data)
            if not read_at(descriptor, place, address, size * like.itemsize):
                return number, last
            place = address
        now = floats(raw_at(place, size, like), half, values32[room])
        paired = last != 0
        before = now
        if paired:
            # It was widened when it was measured itself.
            before = known_floats(raw_at(last, size, like), values32[1 - room])
        last = place
        sound = measure_tile(
            (now[0], now[1], regular[room]),
            (before[0], before[1], regular[1 - room] if paired else regular[room]),
            paired,
            geometry if inside else without_rows(geometry),
            thresholds,
            of_column(results, column),
            pyramid.rows[0],
            scratch,
        )
        if inside:
            store_rows(pyramid, geometry, sound, column, outside)
    return columns.size, last


@inlined
def of_column(results, column):
    """Give the results of one column."""
    return Results(
        results.histogram[column],
        results.sums[column],
        results.counts[column],
        results.limits[column],
        results.changes[column],
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
