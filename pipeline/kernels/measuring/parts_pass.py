"""Everything that is derived from some parts of parameters, in one pass over their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deeptracker.pipeline.kernels.measuring.filter_sums import (
    ABSOLUTE,
    CHANGE_SQUARES,
    NOTHING,
    OUTSIDE,
    SQUARES,
    SUM,
    SUMS,
    GatheredFilters,
)
from deeptracker.pipeline.kernels.measuring.filter_totals import add_filters
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.node_counts import NodeCounts
from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable, TileGroup
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.kernels.measuring.span import (
    COUNTS,
    FINITE,
    IRREGULAR,
    NONZERO,
    PAIRS,
    ROW,
)
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.kernels.measuring.tile_arguments import (
    Pieces,
    Results,
    Rooms,
    Snapshots,
)
from deeptracker.pipeline.kernels.measuring.tile_over_time import measure_pieces

__all__ = ["BEFORE", "PartsPass", "PassResult", "TileRooms"]

# What tells the kernels a dtype: one raw value, and whether it is float16 in its bits.
FORMS: dict[str, tuple[np.ndarray, bool]] = {
    "F32": (np.empty(1, np.float32), False),
    "F64": (np.empty(1, np.float64), False),
    "BF16": (np.empty(1, np.uint16), False),
    "F16": (np.empty(1, np.uint16), True),
}
# The place of the snapshot before the block: behind all columns.
BEFORE = -1
CACHE_LINE = 64


@dataclass(frozen=True)
class PassResult:
    """What a pass found.

    Attributes
    ----------
    moments : Moments
        Of every part.
    filters : GatheredFilters
        Of the parts whose filters were asked for, in their order.
    """

    moments: Moments
    filters: GatheredFilters


class TileRooms:
    """Buffers for tiles, which passes use one after the other."""

    def __init__(self) -> None:
        self._read = np.empty((2, 0), np.uint8)
        self._values32 = _in_lines((2, TILE), np.dtype(np.float32))
        self._regular = np.zeros((2, TILE // ROW), np.bool_)
        self._kept = np.empty(0, np.uint8)

    def of(self, nbytes: int, kept: int, *, widened: bool) -> Rooms:
        """Give rooms for tiles of so many bytes as they are read, and as pieces are kept."""
        if self._read.shape[1] < nbytes:
            whole = -(-nbytes // CACHE_LINE) * CACHE_LINE
            self._read = _in_lines((2, whole), np.dtype(np.uint8))
        if len(self._kept) < kept:
            self._kept = np.empty(kept, np.uint8)
        values32 = self._values32 if widened else self._values32[:, :0]
        return Rooms(self._read, values32, self._regular, self._kept)


class PartsPass:
    """Measures some parts at successive snapshots, tile by tile.

    The pass fills the pyramid rows of the parts, and counts the filters that begin in them; the
    statistics of a part are of those filters, so that the parts of a parameter add up exactly. All
    snapshots of a tile are fed before those of the next one: a tile, and the same of the snapshot
    before, are still in the cache when they are measured, and nothing larger is ever held.

    Parameters
    ----------
    parts : PartTable
    pieces : PieceTable
        Of these parts.
    present : numpy.ndarray
        bool [part, 1 + column]: which snapshots have each; the first is the one before the block.
    thresholds : tuple of float
        Relative changes to be counted.
    pyramid : Pyramid
        Of the addresses that the weights have.
    counts : NodeCounts
        Of the nodes above the parts.
    rooms : TileRooms
    gaps : numpy.ndarray, optional
        bool [part, 1 + column]: which snapshots are without a part, so that what follows has no
        change; by default none.
    """

    def __init__(
        self,
        parts: PartTable,
        pieces: PieceTable,
        present: np.ndarray,
        thresholds: tuple[float, ...],
        pyramid: Pyramid,
        counts: NodeCounts,
        rooms: TileRooms,
        gaps: np.ndarray | None = None,
    ) -> None:
        self._parts = parts
        self._pieces = pieces
        self._present = present
        self._gaps = np.zeros_like(present) if gaps is None else gaps
        self._thresholds = thresholds
        self._pyramid = pyramid
        self._counts = counts
        self._rooms = rooms
        self._turn = 0
        self._columns = present.shape[1] - 1
        self._ends = np.concatenate([[0], np.cumsum(parts.lines)])
        self._last = np.zeros(len(pieces.part), np.int64)
        self._sides = np.zeros(len(pieces.part), np.int64)
        self._keeps = not present.all()
        every = self._columns + 1
        self._results = Results(
            histogram=counts.open[0],
            sums=np.zeros((every, int(self._ends[-1]), SUMS)),
            counts=np.zeros((len(parts), every, COUNTS), np.int64),
            limits=np.tile([np.inf, -np.inf], (len(parts), every, 1)),
            changes=np.zeros((len(parts), every, len(thresholds)), np.int64),
        )

    def feed(
        self,
        group: TileGroup,
        columns: Sequence[int],
        given: np.ndarray,
        spans: tuple[np.ndarray, np.ndarray],
        places: np.ndarray,
        nbytes: int,
    ) -> int:
        """Read and measure the pieces of a tile at some snapshots that follow each other.

        Parameters
        ----------
        group : TileGroup
        columns : sequence of int
            The snapshots' places in the block, ascending, every column once in all; `BEFORE` for
            the last snapshot before it, with which the first is compared.
        given, spans
            As of `Snapshots`: `spans` are its `starts` and its `spans`. Memory that is given must
            stay as it is until the next snapshot but one was fed.
        places : numpy.ndarray
            int64 [1 + column, piece]: as of `Pieces`.
        nbytes : int
            Bytes of the buffer that the spans go to.

        Returns
        -------
        int
            How many were measured: less than all where a file ends before, or cannot be read.
        """
        form = FORMS[group.dtype]
        itemsize = form[0].itemsize
        rooms = self._rooms.of(
            nbytes, TILE * itemsize if self._keeps else 0, widened=group.dtype != "F32"
        )
        done = measure_pieces(
            form,
            Snapshots(np.array(columns, np.int64), given, *spans, self._turn),
            Pieces(
                self._pieces.table[group.pieces],
                # Arrays that lie otherwise in memory would compile the kernel once more.
                np.ascontiguousarray(places),
                self._last[group.pieces],
                self._sides[group.pieces],
            ),
            self._thresholds_of(group.dtype),
            rooms,
            self._results,
            self._pyramid.room,
            self._counts,
        )
        self._turn = (self._turn + done) % 2
        return int(done)

    def finish(self) -> PassResult:
        """Give what was found; columns without a snapshot are NaN, their counts 0."""
        owned = np.where(self._parts.filter_size > 0, self._parts.lines, 0)
        parts = np.repeat(np.arange(len(owned)), owned)
        lines = self._ends[parts] + np.arange(len(parts)) - (np.cumsum(owned) - owned)[parts]
        filters = GatheredFilters(self._results.sums, lines, parts, self._before)
        return PassResult(self._moments(), filters)

    def _thresholds_of(self, dtype: str) -> np.ndarray:
        return np.array(self._thresholds, np.float64 if dtype == "F64" else np.float32)

    @cached_property
    def _before(self) -> np.ndarray:
        """Which column stands before each: int64 [part, column]."""
        known, gaps = (
            np.maximum.accumulate(
                np.where(marks, np.arange(OUTSIDE, self._columns), NOTHING), axis=1
            )[:, :-1]
            for marks in (self._present, self._gaps)
        )
        return np.where(self._present[:, 1:] & (known > gaps), known, NOTHING)

    def _moments(self) -> Moments:
        shape = len(self._parts), self._columns
        sums, previous_squares = np.zeros((*shape, SUMS)), np.zeros(shape)
        add_filters(self._results.sums, self._ends, self._before, sums, previous_squares)
        counts = self._results.counts[:, :-1]
        empty = counts[:, :, FINITE] == 0
        least, greatest = (
            np.where(empty, np.nan, self._results.limits[:, :-1, side]) for side in range(2)
        )
        return Moments(
            count=counts[:, :, FINITE],
            nonfinite=counts[:, :, IRREGULAR],
            norm0=counts[:, :, NONZERO],
            sum=sums[:, :, SUM],
            sum_squares=sums[:, :, SQUARES],
            norm1=sums[:, :, ABSOLUTE],
            min=least,
            max=greatest,
            pairs=counts[:, :, PAIRS],
            change_squares=sums[:, :, CHANGE_SQUARES],
            previous_squares=previous_squares,
            change_counts=self._results.changes[:, :-1].transpose(0, 2, 1),
        )


def _in_lines(shape: tuple[int, int], dtype: "np.dtype[Any]") -> np.ndarray:
    """Give an array whose lines begin with a line of the cache."""
    nbytes = shape[0] * shape[1] * dtype.itemsize
    room = np.empty(nbytes + CACHE_LINE, np.uint8)
    first = -room.__array_interface__["data"][0] % CACHE_LINE
    return room[first : first + nbytes].view(dtype).reshape(shape)
