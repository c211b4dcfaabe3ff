"""One tile of several snapshots: measured one after the other, each with the one before."""

from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic, overload

from pipeline.kernels.pyramids import store_rows
from pipeline.kernels.spans import careful
from pipeline.kernels.tiles import TILE, measure_tile, widen

__all__ = ["measure_columns"]


@careful
def measure_columns(
    form,
    places,
    size,
    columns,
    turn,
    position,
    row_weights,
    owned_weights,
    filter_size,
    thresholds,
    rooms,
    histogram,
    sums,
    counts,
    limits,
    changes,
    pyramid,
):
    """Measure one tile of some columns, and store their pyramid rows.

    Parameters
    ----------
    form : (one raw value, bool)
        Of the stored dtype, bfloat16 and float16 as uint16; and whether it is float16.
    places : int64 [column] or [1 + column]
        Addresses of the raw weights; the first of the snapshot before, if there is one more.
    size : int
        Weights of the tile.
    columns : int64 [column]
        The last of all, behind those of the block, is a snapshot that gets no pyramid rows.
    turn : int
        0 or 1: where the first finds room; the one before has the other.
    rooms : (float32 [2, weight], bool [2, span])
        Room for weights as float32, where they are stored otherwise; and which spans are regular.
    position, row_weights, owned_weights, filter_size, thresholds
        As in `measure_tile`.
    histogram, sums, counts, limits, changes
        As in `measure_tile`, [column, ...] each.
    pyramid : tuple
        As `Pyramid.room` gives it.
    """
    like, half = form
    values32, regular = rooms
    rows, geometry, chunks, tops = pyramid
    unpaired = columns.size + 1 - places.size
    outside = histogram.shape[0] - 1
    for number in range(columns.size):
        column = columns[number]
        room = (turn + number) % 2
        now = floats(raw_at(places[number + 1 - unpaired], size, like), half, values32[room])
        paired = number >= unpaired
        before = now
        if paired:
            # It was widened when it was measured itself.
            raw = raw_at(places[number - unpaired], size, like)
            before = known_floats(raw, values32[1 - room])
        last = number + 1 == columns.size
        ahead = places[number + 1 - unpaired if last else number + 2 - unpaired]
        with_rows = row_weights if column != outside else 0
        sound = measure_tile(
            (now[0], now[1], regular[room]),
            (before[0], before[1], regular[1 - room] if paired else regular[room]),
            paired,
            position,
            with_rows,
            owned_weights,
            filter_size,
            thresholds,
            histogram[column],
            sums[column],
            counts[column],
            limits[column],
            changes[column],
            rows[0],
            ahead,
        )
        within = min(with_rows - position, TILE)
        if within > 0:
            full = sound and within == TILE
            top = store_rows(rows, within, full, position, column, outside, geometry, chunks)
            for measure in range(4):
                tops[column, measure, position // TILE] = top[measure]


@intrinsic
def pointer_to(typingctx, place):  # noqa: ARG001  # Numba's signature
    """Turn an address into a pointer."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(place), generate


@careful
def raw_at(place, size, like):
    """Give the `size` raw values at an address, of the dtype of another array."""
    return carray(pointer_to(place), (size,), like.dtype)


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
