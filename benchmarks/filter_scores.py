"""Compare filters' anomaly scores from a sorted window with NumPy's sliding windows.

    python benchmarks/filter_scores.py                  # the shipped digits log, its filters tiled
    python benchmarks/filter_scores.py --copies 1

The changes of the shipped log's filters over 141 snapshots are read from its store and tiled to
half as many filters as ResNet-50 has. Two ways run in turn and must agree: `anomaly_scores`, and
the same rule in NumPy, with a median over sliding windows and one over the distances from it. The
ratio is NumPy's time over the kernel's.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import options, report, scratch

from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.measures.filter_anomalies import (
    MINIMUM_HISTORY,
    NORMAL_MAD,
    SPREAD_FLOOR,
    anomaly_scores,
)
from deeptracker.pipeline.store.quantities import measure_place
from deeptracker.pipeline.tasks.score_filters import SCORED_MEASURE

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
WINDOW = 20


def changes_of(folder: Path) -> np.ndarray:
    """Process the shipped log; give its filters' changes, [filter, column]."""
    store = folder / "digits.dtstore"
    process(DIGITS, store, workers=1)
    root = open_store(store).root()
    [changes] = root["filters/measures"][measure_place(SCORED_MEASURE)]
    return changes.astype(np.float64)


def by_numpy(changes: np.ndarray) -> np.ndarray:
    """Score with medians over sliding windows."""
    scores = np.full(changes.shape, np.nan, np.float32)
    known = np.flatnonzero(~np.isnan(changes).any(axis=0))
    values = changes[:, known]
    floor = SPREAD_FLOOR * np.median(values, axis=0)
    for first, length in windows(len(known)):
        # A growing window is scored alone; all windows of full length are scored together.
        last = len(known) - 1 if length == WINDOW else first + length
        views = np.lib.stride_tricks.sliding_window_view(values[:, first:last], length, axis=1)
        middle = np.median(views, axis=2)
        spread = NORMAL_MAD * np.median(np.abs(views - middle[:, :, None]), axis=2)
        columns = np.arange(first + length, last + 1)
        spread = np.maximum(np.maximum(spread, SPREAD_FLOOR * middle), floor[columns])
        scores[:, known[columns]] = (values[:, columns] - middle) / spread
    return scores


def windows(known: int) -> list[tuple[int, int]]:
    """Give (first value, length) of the growing windows and of the first whole one."""
    return [(0, length) for length in range(MINIMUM_HISTORY, min(WINDOW, known - 1) + 1)]


def by_kernel(changes: np.ndarray) -> np.ndarray:
    """Score as the pipeline does."""
    return anomaly_scores(changes, WINDOW)


def measure(copies: int, repeats: int) -> dict[str, object]:
    """Time all ways, one after the other, several times."""
    with scratch() as folder:
        changes = np.tile(changes_of(folder), (copies, 1))
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "kernel": by_kernel,
        "numpy": by_numpy,
    }
    scores = {way: score(changes) for way, score in ways.items()}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, score in ways.items():
            started = time.perf_counter()
            score(changes)
            seconds[way].append(time.perf_counter() - started)
    ratios = [plain / own for own, plain in zip(*seconds.values(), strict=True)]
    equal = np.allclose(*scores.values(), rtol=1e-4, atol=1e-5, equal_nan=True)
    return {
        "filters": changes.shape[0],
        "columns": changes.shape[1],
        **{f"{way}_seconds": statistics.median(times) for way, times in seconds.items()},
        "ratio": statistics.median(ratios),
        "equal": equal,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, copies=30, repeats=5)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("scores of filters", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
