"""Process the same network in float32, bfloat16, float16 and float64, one after the other.

    python benchmarks/dtypes.py                           # ResNet-50, 8 snapshots of each
    python benchmarks/dtypes.py --snapshots 24 --repeats 5

One worker process of one thread, logs in the page cache, kernels compiled. The four
dtypes run in turn; medians count. They are compared by weights per second, not by bytes: whole runs
by the processor time of all threads, and the tasks that read, measure and write weights by wall
time. Ratios are to float32.
"""

import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

from drift import CODES
from harness import one_core, options, report, scratch, task_events, warm_up
from synthesize import synthesize
from throughput import Timing

from deeptracker.pipeline import process
from deeptracker.pipeline.sources import open_source


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes
    ----------
    measuring : float
        Seconds of its measuring tasks.
    """

    whole: Timing
    measuring: float

    @classmethod
    def of(cls, log: Path, name: Path, scheduler: str) -> "Run":
        """Process a log into a temporary store."""
        store, tasks = name.with_suffix(".dtstore"), name.with_suffix(".jsonl")
        whole = Timing.of(lambda: process(log, store, scheduler=scheduler, task_log=tasks))
        shutil.rmtree(store)
        ended = task_events(tasks)
        return cls(whole, sum(task["seconds"] for task in ended if task["task"] == "measure"))


def measure(network: str, snapshots: int, repeats: int) -> dict[str, object]:
    """Time the four in turn."""
    with scratch() as folder, one_core() as scheduler:
        logs = {dtype: folder / dtype for dtype in CODES}
        nbytes = {}
        for dtype, log in logs.items():
            (folder / f"{dtype}-small").mkdir()
            warm_up(folder / f"{dtype}-small", scheduler, dtype=dtype)
            nbytes[dtype] = synthesize(log, network=network, snapshots=snapshots, dtype=dtype)
        weights = snapshots * sum(p.size for p in open_source(str(logs["f4"])).parameters)
        runs: dict[str, list[Run]] = {dtype: [] for dtype in CODES}
        for number in range(repeats):
            for dtype, log in logs.items():
                runs[dtype].append(Run.of(log, folder / f"{dtype}-{number}", scheduler))
    found: dict[str, object] = {"network": network, "snapshots": snapshots, "runs": repeats}
    whole = {dtype: Timing.median([run.whole for run in runs[dtype]]) for dtype in CODES}
    measuring = {dtype: statistics.median(run.measuring for run in runs[dtype]) for dtype in CODES}
    for dtype in CODES:
        found |= {
            f"{dtype}_gigabytes": nbytes[dtype] / 1e9,
            f"{dtype}_wall_seconds": whole[dtype].wall,
            f"{dtype}_processor_seconds": whole[dtype].processor,
            f"{dtype}_measuring_seconds": measuring[dtype],
            f"{dtype}_million_weights_per_measuring_second": weights / 1e6 / measuring[dtype],
            f"{dtype}_ratio": whole["f4"].processor / whole[dtype].processor,
            f"{dtype}_ratio_measuring": measuring["f4"] / measuring[dtype],
        }
    return found


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=8, repeats=3)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("Dtypes against float32", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
