"""Time one worker process and two, one core and two, and growing numbers of snapshots.

    python benchmarks/scaling.py                          # ResNet-50, 40 snapshots
    python benchmarks/scaling.py --snapshots 96 --repeats 3

Workers have one thread each. *Processing* is a run on a running cluster; *whole* also counts the
start of the cluster's processes, each of them importing all modules. A single worker has its
storing threads, the scheduler and the client on the other cores. *One core* keeps all of them on
the worker's core, as when every core has a worker; *two cores* gives two cores to two workers and
all their threads. Then one worker processes a quarter, half and all of the snapshots, each time in
a new process, and its peak memory is reported. Bars: two workers at least 1.8 times as fast as one;
time linear in the number of snapshots, memory flat.
"""

import multiprocessing
import os
import shutil
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import options, report, scratch, task_events, warm_up
from synthesize import synthesize

from deeptracker.pipeline import process
from deeptracker.pipeline.clusters import LocalSettings, connect
from deeptracker.pipeline.config import Config

BAR = 1.8


@dataclass(frozen=True)
class Run:
    """One run on new worker processes.

    Attributes
    ----------
    start, seconds : float
        Of the cluster's start, and of the processing.
    measuring : float
        Seconds of the tasks that measure weights, from the first one's start to the last one's end.
    memory : int
        Highest peak of a worker, in bytes.
    """

    start: float
    seconds: float
    measuring: float
    memory: int


def run(log: Path, folder: Path, workers: int, name: str) -> Run:
    """Start workers, let each load its kernels, and process a log."""
    started = time.perf_counter()
    with connect(LocalSettings(workers=workers)) as client:
        client.wait_for_workers(workers)
        start = time.perf_counter() - started
        for worker in client.scheduler_info()["workers"]:
            client.submit(load_kernels, workers=[worker], pure=False).result()
        (folder / name).mkdir()
        warm_up(folder / name, client.scheduler.address)
        tasks = folder / f"{name}.jsonl"
        started = time.perf_counter()
        process(log, folder / f"{name}.dtstore", scheduler=client.scheduler.address, task_log=tasks)
        seconds = time.perf_counter() - started
    # Free memory and disk space for the next store.
    shutil.rmtree(folder / f"{name}.dtstore")
    ended = task_events(tasks)
    measuring = sum(task["seconds"] for task in ended if task["task"] == "measure") / workers
    return Run(start, seconds, measuring, max(task["memory_bytes"] for task in ended))


def run_on_cores(cores: int, log: Path, folder: Path, name: str) -> Run:
    """Process a log with one worker per core, and all of the run's threads on these cores."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), os.sched_setaffinity, (0, allowed)
    ) as pool:
        return pool.submit(run, log, folder, cores, name).result()


def load_kernels() -> None:
    """Measure a few weights, so that a worker loads its kernels before timing starts."""
    import numpy as np

    from deeptracker.pipeline.kernels.measuring.node_table import NodeTable
    from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
    from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
    from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
    from deeptracker.pipeline.kernels.measuring.roll_up import rolled_up

    weights = np.random.default_rng(0).standard_normal(5000, dtype=np.float32)
    address = weights.__array_interface__["data"][0]
    parts = PartTable(*(np.array([value]) for value in (0, 5000, 5000, 50, 0, 2, "F32")))
    table = NodeTable.of(np.array([0]), np.array([-1]))
    counts = table.counts(2, (0.5,), np.array([True]))
    pieces = PieceTable.of(parts, table.closes)
    pyramid = Pyramid((16, 64), (4096, 4096), 0, 5000, 2)
    present = np.array([[False, True, True]])
    one = PartsPass(parts, pieces, present, Config().thresholds, pyramid, counts, TileRooms())
    pyramid.begin(0, 2)
    nothing = np.zeros(3, np.int64), np.empty((0, 4), np.int64)
    places = np.array([[-1], [0], [0]])
    one.feed(pieces.groups[0], [0, 1], np.array([address, address]), nothing, places, 0)
    rolled_up(one.finish().moments, table.owners, table.parents)


def measure(network: str, snapshots: int, repeats: int) -> dict[str, object]:
    """Time everything."""
    with scratch() as folder:
        logs = {count: folder / f"log-{count}" for count in (snapshots // 4, snapshots // 2)}
        logs[snapshots] = folder / f"log-{snapshots}"
        gigabytes = {
            count: synthesize(log, network=network, snapshots=count) / 1e9
            for count, log in logs.items()
        }
        runs = {
            workers: [
                run(logs[snapshots], folder, workers, f"{workers}-{number}")
                for number in range(repeats)
            ]
            for workers in (1, 2)
        }
        on_cores = {
            cores: statistics.median(
                run_on_cores(cores, logs[snapshots], folder, f"cores-{cores}-{number}").seconds
                for number in range(repeats)
            )
            for cores in (1, 2)
        }
        growing = {
            count: run(log, folder, 1, f"n{count}")
            for count, log in logs.items()
            if count < snapshots
        }

    def median(workers: int, of: str) -> float:
        return statistics.median(getattr(run, of) for run in runs[workers])

    growing[snapshots] = Run(
        median(1, "start"), median(1, "seconds"), median(1, "measuring"), runs[1][0].memory
    )
    found: dict[str, object] = {"gigabytes": gigabytes[snapshots], "runs": repeats}
    for workers in (1, 2):
        found[f"start_seconds_of_{workers}"] = median(workers, "start")
        found[f"processing_seconds_of_{workers}"] = median(workers, "seconds")
        found[f"measuring_seconds_of_{workers}"] = median(workers, "measuring")
    found["processing_speedup"] = median(1, "seconds") / median(2, "seconds")
    found["measuring_speedup"] = median(1, "measuring") / median(2, "measuring")
    found["whole_speedup"] = (median(1, "seconds") + median(1, "start")) / (
        median(2, "seconds") + median(2, "start")
    )
    for cores, seconds in on_cores.items():
        found[f"processing_seconds_on_{cores}_cores"] = seconds
    found["processing_speedup_of_cores"] = on_cores[1] / on_cores[2]
    found["bar_speedup"] = BAR
    for count, one in sorted(growing.items()):
        found[f"seconds_of_{count}_snapshots"] = one.seconds
        found[f"peak_worker_megabytes_of_{count}_snapshots"] = one.memory / 1e6
    few, half, all_ = (growing[count] for count in sorted(growing))
    found["seconds_per_further_snapshot_late_over_early"] = (
        (all_.seconds - half.seconds) / (snapshots - snapshots // 2)
    ) / ((half.seconds - few.seconds) / (snapshots // 2 - snapshots // 4))
    found["memory_of_all_over_a_quarter"] = all_.memory / few.memory
    return found


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=40, repeats=1)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("More workers, more snapshots", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
