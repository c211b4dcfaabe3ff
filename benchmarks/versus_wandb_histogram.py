"""Compare with histograms of 64 bins per tensor, as `wandb.Histogram` makes them offline.

    python benchmarks/versus_wandb_histogram.py         # ResNet-50, 32 snapshots

The pipeline processes the log on one core, all measures and pyramids written. For every tensor of
the first snapshots `numpy.histogram(values, bins=64)` is computed, and written as one line of JSON
per snapshot; wandb is not needed. The ratio is of weights per second. Bar: at least 2.
"""

import itertools
import json
import statistics
import time
from pathlib import Path

import numpy as np
from harness import Pipeline, one_core, options, report, scratch
from synthesize import synthesize
from versus_tensorboard import tensors

from deeptracker.pipeline.sources import Source, open_source

BAR = 2
BINS = 64


def written(source: Source, sample: int, path: Path) -> float:
    """Write histograms; give gigabytes per second."""
    started = time.perf_counter()
    nbytes = 0
    with path.open("w", encoding="utf-8") as file:
        by_iteration = itertools.groupby(tensors(source, sample), key=lambda tensor: tensor[1])
        for iteration, of_iteration in by_iteration:
            row: dict[str, object] = {"_step": iteration}
            for name, _, values in of_iteration:
                counts, edges = np.histogram(values, bins=BINS)
                row[name] = {"values": counts.tolist(), "bins": edges.tolist()}
                nbytes += values.nbytes
            file.write(json.dumps(row) + "\n")
    return nbytes / 1e9 / (time.perf_counter() - started)


def measure(
    network: str, snapshots: int, images: int, sample: int, repeats: int
) -> dict[str, object]:
    """Time both."""
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(log, network=network, snapshots=snapshots, images=images, classes=10)
        whole = Pipeline.timed(log, folder, scheduler, repeats)
        source = open_source(log)
        rates = [written(source, sample, folder / f"{n}.jsonl") for n in range(repeats)]
    reference = statistics.median(rates)
    return {
        "pipeline_gigabytes": whole.gigabytes,
        "pipeline_gigabytes_per_second": whole.rate,
        "histogram_gigabytes_per_second": reference,
        "ratio": whole.rate / reference,
        "bar": BAR,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=32, images=100, sample=8, repeats=3)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("64-bin histograms per tensor", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
