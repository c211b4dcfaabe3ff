"""A tensor measured by the kernels, as the tests compare it."""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import (
    SparseHistogram,
)
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.kernels.measuring.tensor_pass import BEFORE, TensorPass
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import statistics_of
from deeptracker.pipeline.measures.node_statistics.statistic import Gathered
from deeptracker.pipeline.sources.tile_reading import in_memory

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
    histogram: SparseHistogram
    filters: dict
    first_filter: int
    levels: list


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
    size = values.shape[1]
    pyramid = Pyramid(levels, CHUNK_ROWS + (4096,) * len(levels), start, stop, len(values))
    measure = TensorPass(
        dtype=dtype,
        start=start,
        stop=stop,
        size=size,
        filter_size=filter_size or size,
        columns=len(values),
        thresholds=thresholds,
        filters=filter_size is not None,
        pyramid=pyramid,
        address=0,
        levels=len(levels),
    )
    raw = values.view(np.uint16) if dtype == "BF16" else values
    parts = [[] for _ in levels]

    def take(found):
        for rows in found:
            known = sum(part.shape[1] for part in parts[rows.level])
            assert rows.first_row == start // levels[rows.level] + known
            parts[rows.level].append(rows.values.astype(np.float32))

    for first, last in measure.tiles():
        take(pyramid.finished(measure.address))
        if before is not None:
            outside = before.view(np.uint16) if dtype == "BF16" else before
            outside = np.ascontiguousarray(outside[first:last])
            assert measure.feed([BEFORE], in_memory(outside)) == 1
        tiles = [np.ascontiguousarray(row[first:last]) for row in raw]
        for column in range(0, len(tiles), together):
            some = tiles[column : column + together]
            places = np.concatenate([in_memory(tile) for tile in some])
            assert measure.feed(range(column, column + len(some)), places) == len(some)
    take(pyramid.last())
    found = measure.finish()
    return Measured(
        found.moments,
        found.histogram,
        dict(zip(FILTER_MEASURES, measured_filters(found.filters), strict=True)),
        found.first_filter,
        [dict(zip(("mean", "min", "max"), np.concatenate(p, axis=1), strict=True)) for p in parts],
    )


def statistics(moments, histogram):
    """All statistics of one node."""
    gathered = Gathered.of([moments], [histogram])
    found = statistics_of(gathered) | {"change_ratio": gathered.change_ratios}
    return {name: values[0] for name, values in found.items()}
