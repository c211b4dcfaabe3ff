"""Rasterize random windows of weight-iteration matrices, as the weights view does on each zoom.

    python benchmarks/raster.py                            # ResNet-50, 48 snapshots, made first
    python benchmarks/raster.py --store /data/run.dtstore  # an existing store

Every window is read from the store or the log and drawn at 900 x 500 pixels. Windows alternate
between the largest parameter and one about a hundred times smaller. Bars: 95 of 100 windows within
50 ms; the larger parameter's median at most 1.5 times the smaller's.
"""

import statistics
import sys
import time
from pathlib import Path

# This folder's dashboard.py would hide the package of that name.
sys.path.append(sys.path.pop(0))

import numpy as np
from harness import options, report, scratch
from synthesize import synthesize

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import RasterQuantity, pixels_of
from deeptracker.dashboard.data.weight_window import shape_of
from deeptracker.pipeline import process

WIDTH, HEIGHT = 900, 500
BAR_MS = 50.0
BAR_RATIO = 1.5
TIMES_SMALLER = 100


def window_of(
    random: np.random.Generator, number: int, size: int, columns: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Draw a window of random size: every fourth has all weights, every third all iterations."""
    span = size ** random.random() if number % 4 else size
    first = random.random() * (size - span)
    wide = max(2.0, columns * (random.random() if number % 3 else 1.0))
    begin = random.random() * (columns - wide)
    return (begin, begin + wide), (first, first + span)


def timed(run: Run, names: list[str], repeats: int, statistic: str) -> dict[str, list[float]]:
    """Milliseconds of windows of each parameter, in turn."""
    random = np.random.default_rng(0)
    sizes = [int(np.prod(shape_of(run, name))) for name in names]
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats + 1):
        for name, size in zip(names, sizes, strict=True):
            columns, weights = window_of(random, number, size, len(run.iterations))
            started = time.perf_counter()
            subject = RasterQuantity(name, statistic)
            pixels_of(run, subject, columns, weights, width=WIDTH, height=HEIGHT)
            found[name].append(1e3 * (time.perf_counter() - started))
    # The first window compiles datashader's kernels.
    return {name: times[1:] for name, times in found.items()}


def pair_of(run: Run) -> list[str]:
    """Name the parameter nearest to a hundredth of the largest one, and the largest."""
    nodes = run.nodes
    names = [str(n) for n, k in zip(nodes["name"], nodes["kind"], strict=True) if k == "parameter"]
    sizes = {name: max(1, int(np.prod(shape_of(run, name)))) for name in names}
    large = max(names, key=sizes.__getitem__)
    wanted = sizes[large] / TIMES_SMALLER
    return [min(names, key=lambda name: abs(np.log(sizes[name] / wanted))), large]


def measure(store: str, repeats: int, statistic: str) -> dict[str, object]:
    """Time windows of a small and of a large parameter."""
    run = Run(store)
    small, large = pair_of(run)
    times = timed(run, [small, large], repeats, statistic)
    p95 = float(np.quantile([*times[small], *times[large]], 0.95))
    ratio = statistics.median(times[large]) / statistics.median(times[small])
    found: dict[str, object] = {"iterations": len(run.iterations), "windows": 2 * repeats}
    for size, name in (("small", small), ("large", large)):
        found |= {
            size: name,
            f"{size}_weights": int(np.prod(shape_of(run, name))),
            f"{size}_median_ms": statistics.median(times[name]),
            f"{size}_p95_ms": float(np.quantile(times[name], 0.95)),
        }
    return found | {
        "p95_ms": p95,
        "p95_bar_ms": BAR_MS,
        "ratio": ratio,
        "ratio_bar": BAR_RATIO,
        "reached": p95 <= BAR_MS and ratio <= BAR_RATIO,
    }


def main() -> None:
    """Run it."""
    parser = options(
        __doc__, store="", network="resnet50", snapshots=48, repeats=100, statistic="mean"
    )
    given = parser.parse_args()
    with scratch() as folder:
        store = given.store
        if not store:
            log, store = Path(folder) / "log", str(Path(folder) / "log.dtstore")
            synthesize(log, network=given.network, snapshots=given.snapshots)
            process(log, store, workers=1)
        found = measure(store, given.repeats, given.statistic)
    report("Rasters of weights", found, given.json)


if __name__ == "__main__":
    main()
