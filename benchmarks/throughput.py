"""Process a log with a network's shapes, compared with reading and summing its bytes.

    python benchmarks/throughput.py                       # ResNet-50, 64 snapshots, float32
    python benchmarks/throughput.py --dtype bf16 --gradients
    python benchmarks/throughput.py --log /data/log       # an existing log

All measures and pyramids are written, by one worker process of one thread; the log is in the page
cache, the kernels are compiled. Two references run between its runs, tensor by tensor: *plain* is
`numpy.fromfile(path, dtype, count, offset)` and `numpy.sum` of the result; *reused* reads into one
reused buffer, and sums it. bfloat16, which NumPy lacks, is shifted into float32 before it is
summed; float16 is summed as float32. Wall time includes other load of the machine. Processor time
is that of all threads of the worker and of this process, with Dask's and the store's. Bars: 1.5
GB/s per core, and 0.3 of reading and summing.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # Dask needs it too
from harness import folder_bytes, next_store, one_core, report, scratch, warm_up
from synthesize import synthesize

from deeptracker.pipeline import process
from deeptracker.pipeline.sources import Source, open_source, read_values, to_float
from deeptracker.pipeline.sources.manifest import ByteRange
from deeptracker.pipeline.sources.tensor_reading import RAW_DTYPES

BAR = 1.5
BAR_RATIO = 0.3


@dataclass(frozen=True)
class Timing:
    """Wall time, and processor time of this process and its workers, in seconds."""

    wall: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], object]) -> "Timing":
        """Time some work."""
        wall, processor = time.perf_counter(), processor_seconds()
        work()
        return cls(time.perf_counter() - wall, processor_seconds() - processor)

    @classmethod
    def median(cls, timings: list["Timing"]) -> "Timing":
        """Give the median of each."""
        return cls(
            statistics.median(timing.wall for timing in timings),
            statistics.median(timing.processor for timing in timings),
        )


def processor_seconds() -> float:
    """Give the processor seconds of this process and its children so far."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def tensors(source: Source) -> Iterator[ByteRange]:
    """Yield the byte range of every weight and gradient of every snapshot, file by file."""
    for iteration in source.iterations:
        for parameter in source.parameters:
            for gradient in (False, True):
                ref = source.locate(parameter.name, iteration, gradient)
                if ref is not None:
                    yield ref


def add_up(raw: np.ndarray, dtype: str) -> float:
    """Sum raw values as numbers."""
    return float(np.sum(to_float(raw, dtype)))


def plain(source: Source) -> float:
    """Read each tensor into a new array and sum it."""
    return sum(
        add_up(np.fromfile(ref.path, RAW_DTYPES[ref.dtype], ref.size, offset=ref.offset), ref.dtype)
        for ref in tensors(source)
    )


def reused(source: Source) -> float:
    """Read all tensors into one buffer and sum each."""
    buffer = np.empty(max(parameter.size for parameter in source.parameters), np.float64)
    return sum(
        add_up(read_values(ref, out=buffer.view(RAW_DTYPES[ref.dtype])), ref.dtype)
        for ref in tensors(source)
    )


def measure(log: Path, folder: Path, like: Mapping[str, Any], repeats: int) -> dict[str, object]:
    """Time all three in turn; medians count. `like` describes the log that warms the kernels."""
    source = open_source(str(log))
    gigabytes = sum(ref.nbytes for ref in tensors(source)) / 1e9
    of_plain, of_reused, of_runs = [], [], []
    with one_core() as scheduler:
        warm_up(folder, scheduler, **like)
        os.sync()
        for number in range(repeats):
            of_plain.append(Timing.of(lambda: plain(source)))
            store = next_store(folder, number)
            of_runs.append(Timing.of(lambda store=store: process(log, store, scheduler=scheduler)))
            of_reused.append(Timing.of(lambda: reused(source)))
    run, read, again = (Timing.median(timings) for timings in (of_runs, of_plain, of_reused))
    rate = gigabytes / run.processor
    return {
        "snapshots": len(source.iterations),
        "weights_per_snapshot": sum(parameter.size for parameter in source.parameters),
        "dtype": source.parameters[0].dtype,
        "gradients": any(parameter.has_gradient for parameter in source.parameters),
        "gigabytes": gigabytes,
        "runs": repeats,
        "wall_seconds": run.wall,
        "processor_seconds": run.processor,
        "gigabytes_per_wall_second": gigabytes / run.wall,
        "gigabytes_per_processor_second": rate,
        "plain_read_and_sum_gigabytes_per_processor_second": gigabytes / read.processor,
        "reused_read_and_sum_gigabytes_per_processor_second": gigabytes / again.processor,
        "ratio_to_plain": read.processor / run.processor,
        "ratio_to_plain_by_the_wall_clock": read.wall / run.wall,
        "ratio_to_reused": again.processor / run.processor,
        "ratio_to_reused_by_the_wall_clock": again.wall / run.wall,
        "stored_share": folder_bytes(store) / 1e9 / gigabytes,
        "bar_gigabytes_per_second": BAR,
        "bar_ratio": BAR_RATIO,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--snapshots", type=int, default=64)
    parser.add_argument("--dtype", choices=["f4", "bf16", "f2", "f8"], default="f4")
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--log", type=Path, help="an existing log")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    with scratch() as folder:
        like = {"dtype": chosen.dtype, "gradients": chosen.gradients}
        log = chosen.log or folder / "log"
        if not chosen.log:
            synthesize(log, network=chosen.network, snapshots=chosen.snapshots, **like)
        found = measure(log, folder, like, chosen.repeats)
    report("Processing against reading and summing", found, chosen.json)


if __name__ == "__main__":
    main()
