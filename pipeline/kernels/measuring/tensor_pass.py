"""Everything that is derived from a range of a parameter's weights, in one pass over its bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from deeptracker.pipeline.kernels.measuring.histograms import SparseHistogram, room_for_counts
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.kernels.measuring.span import (
    COUNTS,
    FINITE,
    IRREGULAR,
    NONZERO,
    PAIRS,
    SPAN,
)
from deeptracker.pipeline.kernels.measuring.tile import TILE, tile_ranges
from deeptracker.pipeline.kernels.measuring.tile_arguments import Geometry, Results, Snapshots
from deeptracker.pipeline.kernels.measuring.tile_over_time import measure_columns

__all__ = [
    "BEFORE",
    "PassResult",
    "TensorPass",
    "owned_weights",
]

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
    histogram : SparseHistogram
    filters : GatheredFilters
        None of them where they were not asked for.
    first_filter : int
        Which filter the first row of `filters` is.
    """

    moments: Moments
    histogram: SparseHistogram
    filters: GatheredFilters
    first_filter: int


def owned_weights(start: int, stop: int, size: int, filter_size: int | None) -> tuple[int, int]:
    """Give the weights of the whole filters that begin in [start, stop); all where there are none.

    The last may reach past `stop`. A part within one large filter owns nothing.
    """
    if filter_size is None:
        return start, stop
    first, last = (-(-edge // filter_size) * filter_size for edge in (start, stop))
    return (first, min(last, size)) if first < last else (start, start)


class TensorPass:
    """Measures weights [start, stop) of one parameter at successive snapshots, tile by tile.

    The pass fills the pyramid rows of these weights, and owns the filters that begin among them;
    node statistics are of those filters, so that the parts of a parameter add up exactly. All
    snapshots of a tile are fed before those of the next one: a tile, and the same of the snapshot
    before, are still in the cache when they are measured, and nothing larger is ever held.

    Parameters
    ----------
    dtype : {"F32", "F16", "BF16", "F64"}
        Of the stored weights.
    start, stop : int
        The range; `start` a multiple of the parameter's coarsest level's weights a row.
    size, filter_size : int
        Weights of the whole parameter, and of one filter.
    columns : int
        Snapshots in the block.
    thresholds : tuple of float
        Relative changes to be counted.
    filters : bool
        Whether filter measures are wanted.
    pyramid : Pyramid
        Of the addresses that the weights have.
    address : int
        The parameter's.
    levels : int
        Pyramid levels that the parameter takes part in.
    counts : numpy.ndarray, optional
        What `room_for_counts` gave for as many columns; all zeros, as the pass leaves them again in
        the end. Clearing some megabytes anew would take longer than a small part does.
    """

    def __init__(
        self,
        *,
        dtype: str,
        start: int,
        stop: int,
        size: int,
        filter_size: int,
        columns: int,
        thresholds: tuple[float, ...],
        filters: bool,
        pyramid: Pyramid,
        address: int,
        levels: int,
        counts: np.ndarray | None = None,
    ) -> None:
        self._filters = filters
        self._start = start
        self._address = address
        first, last = owned_weights(start, stop, size, filter_size if filters else None)
        self._geometry = Geometry(
            weights=0,
            position=0,
            address=address + start,
            levels=levels,
            row_weights=stop - start,
            first_owned=first - start,
            last_owned=last - start,
            filter_size=filter_size if filters else max(1, stop - start),
        )
        self._count = -(-(last - first) // self._geometry.filter_size)
        self.first_filter = first // filter_size if filters else 0
        self._columns = columns
        self._form = FORMS[dtype]
        self._rooms = (
            _in_lines((2, TILE), self._form[0].dtype).view(np.uint8),
            _in_lines((2, TILE if dtype != "F32" else 0), np.dtype(np.float32)),
            np.zeros((2, -(-TILE // SPAN)), np.bool_),
        )
        self._turn = 0
        self._last = 0
        self._last_column = NOTHING
        self._before = np.full(columns, NOTHING)
        self._fed = np.zeros(columns, np.bool_)
        self._thresholds = np.array(thresholds, np.float64 if dtype == "F64" else np.float32)
        # Of every column, and of the snapshot before the first.
        self._results = Results(
            histogram=room_for_counts(columns) if counts is None else counts,
            sums=np.zeros((columns + 1, max(1, self._count), SUMS)),
            counts=np.zeros((columns + 1, COUNTS), np.int64),
            limits=np.tile([np.inf, -np.inf], (columns + 1, 1)),
            changes=np.zeros((columns + 1, len(thresholds)), np.int64),
        )
        self._pyramid = pyramid

    @property
    def address(self) -> int:
        """The tile's place in the network's vector of weights."""
        return self._geometry.address

    def tiles(self) -> Iterator[tuple[int, int]]:
        """Yield the weights of each tile, [start, stop), as they lie in the parameter.

        The last ones may lie past the part, in a filter that it owns.
        """
        end = self._start + max(self._geometry.row_weights, self._geometry.last_owned)
        for start, stop in tile_ranges(self._start, end, self._address):
            self._geometry = self._geometry._replace(
                weights=stop - start,
                position=start - self._start,
                address=self._address + start,
            )
            self._last, self._last_column = 0, NOTHING
            yield start, stop
            self._note_rows()

    def _note_rows(self) -> None:
        """Tell the pyramid which rows of the tile were filled."""
        tile = self._geometry
        within = min(tile.row_weights - tile.position, tile.weights)
        if within > 0:
            missing = np.flatnonzero(~self._fed)
            self._pyramid.fill(tile.address, within, tile.levels, missing)

    def feed(self, columns: Sequence[int], places: np.ndarray) -> int:
        """Read and measure this tile of some snapshots that follow each other.

        Parameters
        ----------
        columns : sequence of int
            Their places in the block, ascending; `BEFORE` for the last snapshot before it, with
            which the first is compared.
        places : numpy.ndarray
            int64 [column, 2]: where the raw weights of the tile lie. Of a file on disk, its
            descriptor and the first byte; of contiguous memory, -1 and the address. That must stay
            as it is until the next snapshot was fed.

        Returns
        -------
        int
            How many were measured: less than all where a file ends before, or cannot be read.
        """
        done, self._last = measure_columns(
            self._form,
            Snapshots(np.array(columns, np.int64), places, self._last, self._turn),
            self._geometry,
            self._thresholds,
            self._rooms,
            self._results,
            self._pyramid.room,
        )
        self._turn = (self._turn + done) % 2
        fed = [column for column in columns[:done] if column != BEFORE]
        if done and columns[0] == BEFORE:
            self._last_column = OUTSIDE
        if fed:
            self._fed[fed] = True
            self._before[fed] = [self._last_column, *fed[:-1]]
            self._last_column = fed[-1]
        return int(done)

    def finish(self) -> PassResult:
        """Give what was found; columns that were not fed are NaN, their counts 0."""
        # A part within one large filter owns none.
        filters = self._count if self._filters else 0
        limits = self._results.limits
        known = np.abs(limits[np.isfinite(limits)])
        histogram = SparseHistogram.taken_from(self._results.histogram, known.max(initial=0))
        return PassResult(
            moments=self._moments(),
            histogram=histogram.without_last(),
            filters=GatheredFilters(self._results.sums[:, :filters], self._before),
            first_filter=self.first_filter,
        )

    def _moments(self) -> Moments:
        sums, previous_squares = np.zeros((self._columns, SUMS)), np.zeros(self._columns)
        add_filters(self._results.sums, self._before, sums, previous_squares)
        counts = self._results.counts[:-1]
        empty = counts[:, FINITE] == 0
        least, greatest = np.where(empty, np.nan, self._results.limits[:-1].T)
        return Moments(
            count=counts[:, FINITE].copy(),
            nonfinite=counts[:, IRREGULAR].copy(),
            norm0=counts[:, NONZERO].copy(),
            sum=sums[:, SUM],
            sum_squares=sums[:, SQUARES],
            norm1=sums[:, ABSOLUTE],
            min=least,
            max=greatest,
            pairs=counts[:, PAIRS].copy(),
            change_squares=sums[:, CHANGE_SQUARES],
            previous_squares=previous_squares,
            change_counts=self._results.changes[:-1].T.copy(),
        )


def _in_lines(shape: tuple[int, int], dtype: "np.dtype[Any]") -> np.ndarray:
    """Give an array whose lines begin with a line of the cache."""
    nbytes = shape[0] * shape[1] * dtype.itemsize
    room = np.empty(nbytes + CACHE_LINE, np.uint8)
    first = -room.__array_interface__["data"][0] % CACHE_LINE
    return room[first : first + nbytes].view(dtype).reshape(shape)
