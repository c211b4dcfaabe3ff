"""Rasterize random windows of weight-iteration matrices, as the weights view does on each zoom.

    python benchmarks/raster.py                            # ResNet-50, 48 snapshots, made first
    python benchmarks/raster.py --store /data/run.dtstore  # a store that is there already

Every window is read from the store or the log and brought to 900 x 500 pixels. The ratio is that of
the largest parameter's median to the median of one about a hundred times smaller.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from synthesize import synthesize

from dashboard.run import Run
from dashboard.views.weights import rasterize_window
from dashboard.weightwindow import read, shape_of
from pipeline import process

WIDTH, HEIGHT = 900, 500


def timed(run: Run, parameter: str, repeats: int, seed: int = 0) -> list[float]:
    """Seconds of windows of every size, from the whole parameter to a few weights."""
    random = np.random.default_rng(seed)
    size = int(np.prod(shape_of(run, parameter)))
    columns = len(run.iterations)
    found = []
    for number in range(repeats + 1):
        span = size ** random.random() if number % 4 else size
        first = random.random() * (size - span)
        wide = max(2.0, columns * (random.random() if number % 3 else 1.0))
        begin = random.random() * (columns - wide)
        weights, window = (first, first + span), (begin, begin + wide)
        started = time.perf_counter()
        data = read(run, parameter, weights, window, height=HEIGHT, width=WIDTH)
        rasterize_window(data, window, weights, WIDTH, HEIGHT)
        found.append(time.perf_counter() - started)
    return found[1:]  # the first compiles datashader's kernels


def measure(store: str, repeats: int) -> dict[str, object]:
    """Time the largest parameter with filters, and one about a hundredth of its size."""
    run = Run(store)
    names = [
        str(name)
        for name, kind in zip(run.nodes["name"], run.nodes["kind"], strict=True)
        if kind == "parameter"
    ]
    sizes = {name: int(np.prod(shape_of(run, name))) for name in names}
    large = max(names, key=sizes.__getitem__)
    small = min(names, key=lambda name: abs(np.log(sizes[large] / max(1, sizes[name]) / 100)))
    times = {name: timed(run, name, repeats) for name in (small, large)}
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    return {
        "windows": 2 * repeats,
        "parameters": {
            name: {
                "weights": sizes[name],
                "iterations": len(run.iterations),
                "median_ms": 1e3 * medians[name],
                "p95_ms": 1e3 * float(np.quantile(seconds, 0.95)),
            }
            for name, seconds in times.items()
        },
        "ratio": medians[large] / medians[small],
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", help="a store whose log is there too")
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--snapshots", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        store = options.store
        if not store:
            log, store = Path(temporary) / "log", str(Path(temporary) / "log.dtstore")
            synthesize(log, network=options.network, snapshots=options.snapshots)
            process(log, store, workers=1)
        found = measure(store, options.repeats)
    if options.json:
        print(json.dumps(found))
        return
    for name, figures in found["parameters"].items():
        print(
            f"{name}: {figures['weights']:,} weights x {figures['iterations']} iterations: "
            f"median {figures['median_ms']:.1f} ms, p95 {figures['p95_ms']:.1f} ms"
        )
    print(f"the larger costs {found['ratio']:.2f} times the smaller")


if __name__ == "__main__":
    main()
