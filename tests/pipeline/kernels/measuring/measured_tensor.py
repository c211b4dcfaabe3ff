"""A tensor measured by the kernels, as the tests compare it."""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import (
    SparseHistogram,
)
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.node_counts import NodeCounts
from deeptracker.pipeline.kernels.measuring.node_table import NodeTable
from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import SHARES, statistics_of
from deeptracker.pipeline.measures.node_statistics.statistic import Gathered

LEVELS = (16, 64, 256)
# Four are counted in one loop with all else, other numbers in loops of their own.
THRESHOLDS = (0.001, 0.01, 0.1, 1.0)
NUMPY = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "BF16": ml_dtypes.bfloat16}
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-42, -1e-42, 65504.0, 1.0, -1.0]


def matrix(seed, columns, size, dtype, special):
    """Snapshots of one parameter, [column, weight], rounded to the stored dtype."""
    random = np.random.default_rng(seed)
    values = random.normal(random.normal(), 10.0 ** random.integers(-3, 2), (columns, size))
    values[random.random(values.shape) < 0.1] = 0.0
    still = random.random(size) < 0.3
    values[:, still] = values[0, still]
    if special:
        places = random.random(values.shape) < 0.05
        values[places] = random.choice(SPECIAL, places.sum())
    with np.errstate(over="ignore"):
        return values.astype(NUMPY[dtype])


CHUNK_ROWS = (4096, 1024, 4096)


@dataclass(frozen=True)
class Measured:
    """What a pass found, and its levels put together: [measure][row, column] each."""

    moments: Moments
    counts: NodeCounts
    filters: dict
    levels: list

    @property
    def histogram(self):
        """The fine bins of the parameter."""
        return SparseHistogram.of(self.counts.kept_counts[0])


def of_one(dtype, start, stop, size, filter_size, columns, *, levels, thresholds=THRESHOLDS):
    """A pass over the weights [start, stop) of one parameter, and what it stands on."""
    every = (start, stop, size, filter_size or 0, 0, len(levels), dtype)
    parts = PartTable(*(np.array([value]) for value in every))
    table = NodeTable.of(np.array([0]), np.array([-1]))
    counts = table.counts(columns, SHARES, np.array([False]))
    pieces = PieceTable.of(parts, table.closes)
    pyramid = Pyramid(levels, CHUNK_ROWS + (4096,) * len(levels), start, stop, columns)
    return pieces, counts, pyramid, thresholds, parts


def begun(kind, present):
    """Begin a pass."""
    pieces, counts, pyramid, thresholds, parts = kind
    return PartsPass(parts, pieces, present, thresholds, pyramid, counts, TileRooms())


def address(values):
    """Where contiguous values lie."""
    return values.__array_interface__["data"][0]


def measured(
    values,
    dtype,
    start,
    stop,
    *,
    filter_size=None,
    before=None,
    levels=LEVELS,
    together=2,
    thresholds=THRESHOLDS,
):
    """Feed the weights [start, stop) of all columns, some together, as a task does."""
    columns, size = values.shape
    kind = of_one(
        dtype, start, stop, size, filter_size, columns, levels=levels, thresholds=thresholds
    )
    pieces, counts, pyramid, *_ = kind
    present = np.ones((1, 1 + columns), bool)
    present[0, 0] = before is not None
    measure = begun(kind, present)
    raw = values if before is None else np.concatenate([before[None], values])
    raw = raw.view(np.uint16) if dtype == "BF16" else raw
    numbers = range(-1 if before is not None else 0, columns)
    parts = [[] for _ in levels]

    def take(found):
        for rows in found:
            known = sum(part.shape[1] for part in parts[rows.level])
            assert rows.first_row == start // levels[rows.level] + known
            parts[rows.level].append(rows.values.astype(np.float32))

    for group in pieces.groups:
        take(pyramid.finished(group.address))
        pyramid.begin(group.address, group.levels)
        [first], [last] = pieces.start[group.pieces], pieces.stop[group.pieces]
        tiles = [np.ascontiguousarray(row[first:last]) for row in raw]
        for place in range(0, len(tiles), together):
            some = tiles[place : place + together]
            given = np.array([address(tile) for tile in some])
            spans = np.zeros(len(some) + 1, np.int64), np.empty((0, 4), np.int64)
            where = np.where(present.T, 0, -1)
            fed = list(numbers[place : place + len(some)])
            assert measure.feed(group, fed, given, spans, where, 0) == len(some)
    take(pyramid.last())
    found = measure.finish()
    return Measured(
        found.moments,
        counts,
        dict(zip(FILTER_MEASURES, measured_filters(found.filters), strict=True)),
        [dict(zip(("mean", "min", "max"), np.concatenate(p, axis=1), strict=True)) for p in parts],
    )


def statistics(measured):
    """All statistics of one parameter."""
    moments, found = measured.moments, measured.counts.quantiles
    within = np.clip(found, moments.min, moments.max)
    gathered = Gathered(moments, dict(zip(SHARES, within, strict=True)))
    found = statistics_of(gathered) | {"change_ratio": gathered.change_ratios}
    return {name: values[0] for name, values in found.items()}
