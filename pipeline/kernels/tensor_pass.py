"""Everything that is derived from a range of one parameter's weights, in one pass a snapshot."""

import itertools
from dataclasses import dataclass

import numpy as np

from pipeline.kernels import spans
from pipeline.kernels.histograms import FINE_BINS, SparseHistogram
from pipeline.kernels.moments import Moments
from pipeline.kernels.pyramids import Level, coarsen, rounded_rows
from pipeline.kernels.spans import ROW, SPAN, SUMS, measure_snapshot

__all__ = ["FILTER_MEASURES", "PassResult", "TensorPass"]

FILTER_MEASURES = (
    "std",
    "norm1",
    "norm2",
    "change_euclidean",
    "change_manhattan",
    "change_cosine",
    "change_relative_norm1",
    "change_relative_norm2",
)
RAW_AS_BITS = {"BF16", "F16"}


@dataclass(frozen=True)
class PassResult:
    """What a pass found.

    Attributes
    ----------
    moments : Moments
    histogram : SparseHistogram
    filters : dict of str to numpy.ndarray
        float32 [filter, column] for each of `FILTER_MEASURES`; empty where not asked for.
    first_filter : int
        Which filter the first row of `filters` is.
    levels : tuple of Level
        Finest first.
    """

    moments: Moments
    histogram: SparseHistogram
    filters: dict[str, np.ndarray]
    first_filter: int
    levels: tuple[Level, ...]


class TensorPass:
    """Measures weights [start, stop) of one parameter at successive snapshots.

    The pass owns the pyramid rows of these weights, and the whole filters that begin among them;
    node statistics are of those filters, so that the parts of a parameter add up exactly.

    Parameters
    ----------
    dtype : {"F32", "F16", "BF16", "F64"}
        Of the stored weights.
    start, stop : int
        The range; `start` a multiple of the coarsest level's weights a row.
    size, filter_size : int
        Weights of the whole parameter, and of one filter.
    columns : int
        Snapshots in the block.
    level_weights : tuple of int
        Weights a row at each level: 16, 64, …
    thresholds : tuple of float
        Relative changes to be counted.
    filters : bool
        Whether filter measures are wanted.

    Attributes
    ----------
    read_stop : int
        Where the last owned filter ends: `feed` wants the weights [start, read_stop).
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
        level_weights: tuple[int, ...],
        thresholds: tuple[float, ...],
        filters: bool,
    ) -> None:
        self._raw_type = np.uint16 if dtype in RAW_AS_BITS else None
        self._half = dtype == "F16"
        self._filters = filters
        self._filter_size = filter_size if filters else max(1, stop - start)
        self.first_filter = -(-start // filter_size) if filters else 0
        last_filter = -(-stop // filter_size) if filters else 1
        if filters:
            self._owned = (
                self.first_filter * filter_size - start,
                min(last_filter * filter_size, size) - start,
            )
        else:
            self._owned = (0, stop - start)
        count = max(0, last_filter - self.first_filter)
        self._count = count
        self.read_stop = max(stop, start + self._owned[1])
        self._rows_end = stop - start
        wide = np.float64 if dtype == "F64" else np.float32
        w, p = np.empty(SPAN, wide), np.empty(SPAN, wide)
        w32, p32 = (
            (w, p)
            if wide is np.float32
            else (np.empty(SPAN, np.float32), np.empty(SPAN, np.float32))
        )
        self._buffers = (w, w32, p, p32)
        self._thresholds = np.array(thresholds, wide)
        self._histogram = np.zeros(FINE_BINS, np.int64)
        self._bins: list[tuple[np.ndarray, np.ndarray]] = [
            (np.empty(0, np.uint16), np.empty(0, np.int64)) for _ in range(columns)
        ]
        self._sums = np.zeros((columns, max(1, count), SUMS))
        self._before = np.full((columns, max(1, count), 2), np.nan)  # squares, absolute of P
        self._counts = np.zeros((columns, 4), np.int64)
        self._limits = np.full((columns, 2), np.nan)
        self._changes = np.zeros((len(thresholds), columns), np.int64)
        rows = [-(-(stop - start) // weights) for weights in level_weights]
        self._factors = [coarse // fine for fine, coarse in itertools.pairwise(level_weights)]
        assert level_weights[0] == ROW
        self._levels = [np.full((3, columns, count), np.nan, np.float32) for count in rows]
        self._weights = [np.zeros(count, np.float32) for count in rows]
        self._last: tuple[np.ndarray, int] | None = None

    def feed(self, column: int, values: np.ndarray, previous: np.ndarray | None) -> None:
        """Measure one snapshot.

        Parameters
        ----------
        column : int
            Its place in the block.
        values : numpy.ndarray
            Raw weights [start, read_stop): bfloat16 as uint16, else of the stored dtype.
        previous : numpy.ndarray or None
            The same of the snapshot before.
        """
        raw = self._raw(values)
        before = raw if previous is None else self._raw(previous)
        self._limits[column] = np.inf, -np.inf
        self._histogram[:] = 0
        mean, least, greatest = self._levels[0][:, column]
        first_owned, last_owned = self._owned
        measure_snapshot(
            raw,
            before,
            previous is not None,
            self._half,
            self._rows_end,
            first_owned,
            last_owned,
            self._filter_size,
            self._thresholds,
            self._buffers,
            self._histogram,
            self._sums[column],
            self._counts[column],
            self._limits[column],
            self._changes[:, column],
            mean,
            least,
            greatest,
            self._weights[0],
        )
        for number, factor in enumerate(self._factors):
            fine, coarse = self._levels[number][:, column], self._levels[number + 1][:, column]
            coarsen(factor, (*fine, self._weights[number]), (*coarse, self._weights[number + 1]))
        filled = np.flatnonzero(self._histogram)
        self._bins[column] = filled.astype(np.uint16), self._histogram[filled]
        if previous is not None:
            self._before[column] = self._squares_and_absolutes(previous)
        self._last = values, column

    def finish(self) -> PassResult:
        """Give what was found; columns that were not fed are NaN, their counts 0."""
        return PassResult(
            moments=self._moments(),
            histogram=SparseHistogram.from_columns(self._bins),
            filters=self._filter_measures() if self._filters else {},
            first_filter=self.first_filter,
            levels=tuple(
                Level(*(rounded_rows(measure) for measure in level)) for level in self._levels
            ),
        )

    def _raw(self, values: np.ndarray) -> np.ndarray:
        return values if self._raw_type is None else values.view(self._raw_type)

    def _squares_and_absolutes(self, previous: np.ndarray) -> np.ndarray:
        """Give sums of P squared and abs(P) a filter; they are known where P was fed last."""
        if self._last is not None and self._last[0] is previous:
            line = self._sums[self._last[1]]
        else:
            line = np.zeros_like(self._sums[0])
            nothing = np.empty(0, np.float32)
            raw, paired = self._raw(previous), False
            measure_snapshot(
                raw,
                raw,
                paired,
                self._half,
                0,
                *self._owned,
                self._filter_size,
                self._thresholds,
                self._buffers,
                self._histogram,
                line,
                np.zeros(4, np.int64),
                np.zeros(2),
                np.zeros(len(self._thresholds), np.int64),
                *(nothing,) * 4,
            )
        return line[:, [spans.SQUARES, spans.ABSOLUTE]]

    def _moments(self) -> Moments:
        sums, counts = self._sums.sum(axis=1), self._counts
        least, greatest = self._limits.T
        empty = counts[:, spans.FINITE] == 0
        return Moments(
            count=counts[:, spans.FINITE].copy(),
            nonfinite=counts[:, spans.IRREGULAR].copy(),
            norm0=counts[:, spans.NONZERO].copy(),
            sum=sums[:, spans.SUM],
            sum_squares=sums[:, spans.SQUARES],
            norm1=sums[:, spans.ABSOLUTE],
            min=np.where(empty, np.nan, least),
            max=np.where(empty, np.nan, greatest),
            pairs=counts[:, spans.PAIRS].copy(),
            change_squares=sums[:, spans.CHANGE_SQUARES],
            previous_squares=np.nansum(self._before[..., 0], axis=1),
            change_counts=self._changes,
        )

    def _filter_measures(self) -> dict[str, np.ndarray]:
        sums = self._sums
        count = np.where(sums[..., spans.WEIGHTS] == 0, np.nan, sums[..., spans.WEIGHTS])
        mean = sums[..., spans.SUM] / count
        squares = np.where(np.isnan(count), np.nan, sums[..., spans.SQUARES])
        absolute = np.where(np.isnan(count), np.nan, sums[..., spans.ABSOLUTE])
        unpaired = np.isnan(self._before[..., 0]) | np.isnan(count)
        change = np.sqrt(np.where(unpaired, np.nan, sums[..., spans.CHANGE_SQUARES]))
        distance = np.where(unpaired, np.nan, sums[..., spans.CHANGE_ABSOLUTE])
        norm, norm_before = np.sqrt(squares), np.sqrt(self._before[..., 0])
        found = {
            "std": np.sqrt(np.maximum(squares / count - mean**2, 0.0)),
            "norm1": absolute,
            "norm2": norm,
            "change_euclidean": change,
            "change_manhattan": distance,
            "change_cosine": _cosine(change, norm, norm_before, sums[..., spans.SQUARES_RISE]),
            "change_relative_norm1": _relative(distance, self._before[..., 1]),
            "change_relative_norm2": _relative(change, norm_before),
        }
        # A part within one large filter owns none.
        return {
            name: np.ascontiguousarray(values.T[: self._count], dtype=np.float32)
            for name, values in found.items()
        }


def _relative(change: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Give change / before: 0 where nothing changed, infinite where only before is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(change == 0, 0.0, change / before)


def _cosine(
    change: np.ndarray, norm: np.ndarray, before: np.ndarray, rise: np.ndarray
) -> np.ndarray:
    """Give 1 - cos(W, P) without subtracting nearly equal numbers.

    As 2 |W| |P| (1 - cos) = |D|^2 - (|W| - |P|)^2, and |W| - |P| = (|W|^2 - |P|^2) / (|W| + |P|)
    with |W|^2 - |P|^2 = sum D (W + P). It is 0 where both are zero, 1 where one is.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = rise / (norm + before)
        distance = (change**2 - difference**2) / (2 * norm * before)
    distance = np.clip(distance, 0.0, 2.0)
    one_zero = (norm == 0) != (before == 0)
    both_zero = (norm == 0) & (before == 0)
    return np.where(both_zero, 0.0, np.where(one_zero, 1.0, distance))
