"""Windows of a weight-iteration matrix: from a pyramid level, or exact from the log.

The cost of a window is bounded by its size on the screen, for a parameter of any size.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.run import Run
from deeptracker.errors import DeepTrackerError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.sources import Source, open_source, to_float
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.sources.tensor_reading import RAW_DTYPES, reading
from deeptracker.pipeline.store.arrays.region_reader import read_region

__all__ = ["WeightWindow", "position", "read_window", "shape_of"]

STATISTICS = ("mean", "min", "max", "range")
# A level is fine enough if it has about one row per pixel.
ROWS_PER_PIXEL = 1.0
EXACT_READS = 4096
COLUMNS_AT_MOST = 2048


@dataclass(frozen=True)
class WeightWindow:
    """A window, ready to draw.

    Attributes
    ----------
    values : numpy.ndarray
        float32 [row, column].
    first_weight, weights_per_row : int
        The window's first weight, and the number of weights under each row.
    columns : numpy.ndarray
        int64 [column]: the columns of the run.
    size : int
        Weights of the parameter.
    level : int
        Pyramid level; 0 where single weights were read from the log.
    note : str
        A message to show, such as that the log is missing.
    """

    values: np.ndarray
    first_weight: int
    weights_per_row: int
    columns: np.ndarray
    size: int
    level: int
    note: str = ""

    @property
    def step(self) -> int:
        """Columns of the run per column of the window."""
        return int(self.columns[1] - self.columns[0]) if len(self.columns) > 1 else 1

    @property
    def described(self) -> str:
        """Describe the level that is shown."""
        if self.level == 0:
            return "exact: single weights, read from the training log"
        return f"level {self.level}: {self.weights_per_row:,} weights per row"


def shape_of(run: Run, parameter: str) -> tuple[int, ...]:
    """Give a parameter's shape; empty for a scalar."""
    node = run.node(parameter)
    text = str(run.nodes["shape"][node]) if node is not None else ""
    return tuple(int(length) for length in text.split("x")) if text else ()


def position(shape: tuple[int, ...], weight: int) -> str:
    """Describe a weight's position in its parameter: filter, channel, kernel position."""
    if len(shape) < 2:
        return f"weight {weight:,}"
    place = [int(index) for index in np.unravel_index(weight, shape)]
    names = ["filter", "channel", *_kernel_names(len(shape) - 2)]
    return ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=True))


def _kernel_names(dims: int) -> list[str]:
    names = {1: ["kernel position"], 2: ["kernel row", "kernel column"]}
    return names.get(dims, [f"kernel axis {axis}" for axis in range(dims)])


def read_window(
    run: Run,
    parameter: str,
    weights: tuple[float, float],
    columns: tuple[float, float],
    *,
    height: int,
    width: int,
    statistic: str = "mean",
    gradient: bool = False,
) -> WeightWindow:
    """Read a window.

    Parameters
    ----------
    run : Run
    parameter : str
    weights, columns : tuple of float
        First and last weight and column, the last ones excluded; clipped to the existing ones.
    height, width : int
        Pixels.
    statistic : {"mean", "min", "max", "range"}
        Statistic of the weights under a row.
    gradient : bool
        Whether to read the gradients.

    Returns
    -------
    WeightWindow
        At most about four times the height in rows, and `COLUMNS_AT_MOST` columns.
    """
    size = math.prod(shape_of(run, parameter))
    first = min(max(0, int(weights[0])), max(0, size - 1))
    last = min(max(first + 1, math.ceil(weights[1])), size)
    begin = min(max(0, int(columns[0])), len(run.iterations) - 1)
    end = min(max(begin + 1, math.ceil(columns[1])), len(run.iterations))
    step = max(1, math.ceil((end - begin) / min(COLUMNS_AT_MOST, max(1, 2 * width))))
    chosen = np.arange(begin, end, step)
    levels = _levels(run, parameter)
    wanted = (last - first) / max(1.0, height * ROWS_PER_PIXEL)
    fitting = [level for level, per_row in levels.items() if per_row <= wanted]
    note = ""
    if not fitting and len(chosen) <= EXACT_READS:
        try:
            values = _exact(run, parameter, first, last, chosen, gradient=gradient)
            return WeightWindow(_of_single(values, statistic), first, 1, chosen, size, 0)
        except (DeepTrackerError, OSError) as error:
            note = f"The training log cannot be read, so the finest stored level is shown: {error}"
    level = max(fitting) if fitting else min(levels)
    return _from_level(
        run, parameter, level, levels[level], first, last, chosen, statistic, gradient, size, note
    )


def _levels(run: Run, parameter: str) -> dict[int, int]:
    """Weights per row of each level in which a parameter has rows."""
    table, place = run.parameters, run.parameter(parameter)
    return {
        level: int(per_row)
        for level, (per_row, rows) in enumerate(
            zip(table["weights_per_row"], table["rows"][:, place], strict=True), start=1
        )
        if rows
    }


def _from_level(
    run: Run,
    parameter: str,
    level: int,
    per_row: int,
    first: int,
    last: int,
    columns: np.ndarray,
    statistic: str,
    gradient: bool,
    size: int,
    note: str,
) -> WeightWindow:
    path = f"weights/{level}/{'gradient' if gradient else 'weight'}"
    begin = int(run.parameters["first_row"][level - 1, run.parameter(parameter)])
    rows = slice(begin + first // per_row, begin + -(-last // per_row))
    step = int(columns[1] - columns[0]) if len(columns) > 1 else 1
    span = slice(int(columns[0]), int(columns[-1]) + step)

    def part(name: str) -> np.ndarray:
        stored = _chunks(run, path, name, rows, span)
        return stored if step == 1 else _joined(stored, step, name)

    values = part("max") - part("min") if statistic == "range" else part(statistic)
    first_weight = (rows.start - begin) * per_row
    return WeightWindow(values, first_weight, per_row, columns, size, level, note)


def _chunks(run: Run, path: str, statistic: str, rows: slice, columns: slice) -> np.ndarray:
    """Read a part of a level in cached blocks, one chunk high and one shard wide."""
    spec = run.spec(path)
    place = [str(name) for name in run.array("weights/1/statistic")].index(statistic)
    (_, count, length), high, wide = spec.shape, spec.chunks[1], spec.stored[2]
    first, last = rows.start // high, -(-min(rows.stop, count) // high)
    begin, end = columns.start // wide, -(-min(columns.stop, length) // wide)
    keys = {
        (i, j): (run.location, run.commit, path, statistic, i, j)
        for i in range(first, last)
        for j in range(begin, end)
    }
    kept: dict[tuple[int, int], Any] = {place: SHARED.find(key) for place, key in keys.items()}
    if any(chunk is None for chunk in kept.values()):
        # Read all at once: waiting for many chunks takes hardly longer than waiting for one.
        whole = (
            slice(place, place + 1),
            slice(first * high, min(last * high, count)),
            slice(begin * wide, min(end * wide, length)),
        )
        [found] = read_region(run.root.store, spec, whole)
        for (i, j), key in keys.items():
            top, left = (i - first) * high, (j - begin) * wide
            SHARED.keep(key, found[top : top + high, left : left + wide].copy())
    else:
        lines = [[kept[i, j] for j in range(begin, end)] for i in range(first, last)]
        found = lines[0][0] if len(keys) == 1 else np.block(lines)
    top, left = rows.start - first * high, columns.start - begin * wide
    return found[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]


def _joined(values: np.ndarray, step: int, statistic: str) -> np.ndarray:
    """Summarise every `step` columns, so that changes between two pixels stay visible."""
    padding = -values.shape[1] % step
    filled = np.pad(values, ((0, 0), (0, padding)), constant_values=np.nan)
    groups = filled.reshape(len(values), -1, step)
    if statistic == "min":
        return np.fmin.reduce(groups, axis=2)
    if statistic == "max":
        return np.fmax.reduce(groups, axis=2)
    known = np.isfinite(groups)
    count = known.sum(axis=2)
    total = np.where(known, groups, 0.0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _of_single(values: np.ndarray, statistic: str) -> np.ndarray:
    return np.where(np.isnan(values), values, 0.0) if statistic == "range" else values


def _exact(
    run: Run, parameter: str, first: int, last: int, columns: np.ndarray, *, gradient: bool
) -> np.ndarray:
    # A store of before has the pattern only.
    settings = run.attributes.get("source_settings")
    if settings is None:
        pattern = run.attributes.get("source_pattern")
        settings = SourceConfig(pattern=pattern).model_dump_json()
    source = _source(str(run.attributes["source"]), str(settings), run.storage, run.commit)
    values = np.full((len(columns), last - first), np.nan, np.float32)
    tensor, shape = (
        str(run.parameters["tensor"][run.parameter(parameter)]),
        shape_of(run, parameter),
    )
    iterations = [int(run.iterations[column]) for column in columns]
    found = [source.locate(tensor, iteration, gradient, shape) for iteration in iterations]
    with reading(Request.of(ref, first, last) for ref in found if ref is not None) as read_range:
        for place, ref in enumerate(found):
            if ref is not None:
                raw = np.empty(last - first, RAW_DTYPES[ref.dtype])
                values[place] = to_float(read_range(ref, first, last, raw), ref.dtype)
    return values.T


# A new commit means that the log may have grown.
@lru_cache(maxsize=4)
def _source(location: str, settings: str, storage: StorageConfig | None, _commit: str) -> Source:
    return open_source(location, SourceConfig.model_validate_json(settings), storage)
