"""Process a log of a real network's shapes, against reading the same bytes and summing them.

    python benchmarks/throughput.py                       # ResNet-50, 32 snapshots, this process
    python benchmarks/throughput.py --workers 2           # local worker processes
    python benchmarks/throughput.py --log /data/log       # a log that is there already

All measures and pyramids are written. The log is in the page cache, the kernels are compiled.
"""

import argparse
import json
import statistics
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from distributed import LocalCluster
from synthesize import synthesize

from pipeline import process
from pipeline.sources import Source, open_source, read_values

REPEATS = 3


def warm_up(folder: Path, scheduler: str | None, workers: int | None) -> None:
    """Compile every kernel on a log of the same dtype that is read in a moment."""
    log = folder / "warm-up"
    synthesize(log, network="resnet50", snapshots=2, images=50, classes=5)
    process(log, folder / "warm-up.dtstore", scheduler=scheduler, workers=workers)


def read_and_sum(source: Source) -> tuple[int, float]:
    """Read every snapshot's parameters and add them up; give the bytes and the seconds."""
    buffer = np.empty(max(parameter.size for parameter in source.parameters), np.float32)
    nbytes = 0
    started = time.perf_counter()
    for iteration in source.iterations:
        for parameter in source.parameters:
            ref = source.locate(parameter.name, iteration)
            if ref is not None:
                read_values(ref, out=buffer).sum()
                nbytes += ref.nbytes
    return nbytes, time.perf_counter() - started


def measure(log: Path, folder: Path, workers: int | None) -> dict[str, object]:
    """Time both, in turn; the median of each counts."""
    source = open_source(log)
    cluster = (
        nullcontext()
        if workers
        else LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
        )
    )
    with cluster as running:
        scheduler = running.scheduler_address if running else None
        warm_up(folder, scheduler, workers)
        reads, runs = [], []
        for number in range(REPEATS):
            nbytes, seconds = read_and_sum(source)
            reads.append(nbytes / 1e9 / seconds)
            store = folder / f"{number}.dtstore"
            runs.append(process(log, store, scheduler=scheduler, workers=workers))
    seconds = statistics.median(run.seconds for run in runs)
    summing = statistics.median(reads)
    rate = nbytes / 1e9 / seconds / (workers or 1)
    stored = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    return {
        "snapshots": runs[0].snapshots,
        "gigabytes": nbytes / 1e9,
        "workers": workers or 1,
        "processes": bool(workers),
        "seconds": [round(run.seconds, 3) for run in runs],
        "gigabytes_per_second_per_core": rate,
        "read_and_sum_gigabytes_per_second": summing,
        "ratio": rate / summing,
        "stored_share": stored / nbytes,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--snapshots", type=int, default=32)
    parser.add_argument("--log", type=Path, help="a float32 log that is there already")
    parser.add_argument("--workers", type=int, help="local processes instead of this one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        folder = Path(temporary)
        log = options.log or folder / "log"
        if not options.log:
            synthesize(log, network=options.network, snapshots=options.snapshots)
        found = measure(log, folder, options.workers)
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"{found['snapshots']} snapshots, {found['gigabytes']:.2f} GB, {found['workers']} core(s): "
        f"{found['gigabytes_per_second_per_core']:.2f} GB/s a core, "
        f"{found['ratio']:.2f} of reading and summing "
        f"({found['read_and_sum_gigabytes_per_second']:.2f} GB/s); "
        f"the store is {found['stored_share']:.1%} of the bytes"
    )


if __name__ == "__main__":
    main()
