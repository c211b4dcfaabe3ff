"""Process a whole network as the command does: time, peak memory, tasks, objects.

    python benchmarks/footprint.py                                        # ResNet-50, 8 snapshots
    python benchmarks/footprint.py --network resnet152 --snapshots 20
    python benchmarks/footprint.py --network vgg16 --snapshots 10
    python benchmarks/footprint.py --network transformer-1.3b --snapshots 4 --dtype bf16
    python benchmarks/footprint.py --network embedding --snapshots 2      # one tensor of 4.1 GB
    python benchmarks/footprint.py --log /data/log                        # an existing log

`deeptracker process` runs as a command with worker processes. The start of Python and of the
workers counts; kernels were compiled before. Memory is each process's peak (VmHWM): the task log
reports it for workers, the system for the command. *Foreseen* is the forecast of the run's plan,
before a byte is read. Bar: no worker holds more than `block_bytes` plus the libraries and kernels.
Log and store lie in the temporary folder (TMPDIR) by default.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from drift import CODES
from harness import report, scratch, task_events
from networks import NETWORKS
from synthesize import synthesize

from deeptracker.pipeline import plan, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.forecast.run_plan import WORKER_BYTES
from deeptracker.pipeline.sources import open_source

MIB = 2**20
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Ended:
    """Result of the command.

    Attributes
    ----------
    seconds : float
        Time from its start to its end.
    memory : int
        Peak memory of its own process in bytes.
    """

    seconds: float
    memory: int
    summary: dict[str, object]


def run(command: list[str]) -> Ended:
    """Run a command to its end, and sample its memory meanwhile."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        held = [0]
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, held, ended))
        watcher.start()
        printed, _ = process.communicate()
        ended.set()
        watcher.join()
    if process.returncode:
        sys.exit(f"the command ended with exit code {process.returncode}")
    return Ended(time.perf_counter() - started, held[0], json.loads(printed))


def _watch(pid: int, held: list[int], ended: threading.Event) -> None:
    """Note VmHWM, which only grows, until the process has ended."""
    while not ended.wait(SAMPLE_SECONDS):
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                held[0] = max(held[0], int(line.split()[1]) * 1024)


def measure(
    log: Path, store: Path, folder: Path, workers: int, config: Config
) -> dict[str, object]:
    """Process a log, and report its time, memory, tasks and objects."""
    source = open_source(str(log))
    tasks, settings = folder / "tasks.jsonl", folder / "config.yaml"
    settings.write_text(yaml.safe_dump({"block_bytes": config.block_bytes}), encoding="utf-8")
    foreseen = plan(log, store, config=config, workers=workers)
    ended = run(
        [sys.executable, "-m", "deeptracker.cli", "process", str(log), "--store", str(store),
         "--workers", str(workers), "--config", str(settings), "--log", str(tasks), "--json"]
    )  # fmt: skip
    of_tasks = task_events(tasks)
    kinds = Counter(line["task"] for line in of_tasks)
    measuring = [line for line in of_tasks if line["task"] == "measure"]
    sizes = [path.stat().st_size for path in store.rglob("*") if path.is_file()]
    gigabytes = float(ended.summary["nbytes"]) / 1e9  # type: ignore[arg-type]  # JSON's number
    largest = max(source.parameters, key=lambda parameter: parameter.size)
    memory = max(line["memory_bytes"] for line in of_tasks)
    bar = WORKER_BYTES + config.block_bytes
    return {
        "snapshots": ended.summary["snapshots"],
        "parameters": len(source.parameters),
        "weights_per_snapshot": sum(parameter.size for parameter in source.parameters),
        "weights_of_the_largest_parameter": largest.size,
        "dtype": source.parameters[0].dtype,
        "gradients": any(parameter.has_gradient for parameter in source.parameters),
        "gigabytes": gigabytes,
        "workers": workers,
        "seconds": ended.seconds,
        "gigabytes_per_second": gigabytes / ended.seconds,
        "gigabytes_per_second_of_a_measuring_task": gigabytes
        / sum(line["seconds"] for line in measuring),
        "seconds_of_the_longest_task": max(line["seconds"] for line in of_tasks),
        "peak_worker_megabytes": memory / 1e6,
        "foreseen_worker_megabytes": foreseen.worker_bytes / 1e6,
        "bar_worker_megabytes": bar / 1e6,
        "within_the_budget": memory <= bar,
        "peak_command_megabytes": ended.memory / 1e6,
        "tasks": len(of_tasks),
        **{f"tasks_{kind}": count for kind, count in sorted(kinds.items())},
        "tries_elsewhere": len(task_events(tasks, "retried")),
        "stored_megabytes": sum(sizes) / 1e6,
        "stored_share": sum(sizes) / 1e9 / gigabytes,
        "objects": len(sizes),
        "mean_object_kilobytes": sum(sizes) / len(sizes) / 1e3,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=NETWORKS, default="resnet50")
    parser.add_argument("--snapshots", type=int, default=8)
    parser.add_argument("--dtype", choices=CODES, default="f4", help="of weights and gradients")
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of one thread")
    parser.add_argument("--block-mebibytes", type=int, default=1024, help="memory of a task")
    parser.add_argument("--log", type=Path, help="an existing log")
    parser.add_argument("--store", type=Path, help="write the store there, and keep it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    with scratch() as folder:
        log, warm_up = chosen.log or folder / "log", folder / "warm-up"
        like = {"dtype": chosen.dtype, "gradients": chosen.gradients}
        synthesize(warm_up, network="lenet5", snapshots=3, images=50, classes=5, **like)
        process(warm_up, folder / "warm-up.dtstore")
        if not chosen.log:
            synthesize(log, network=chosen.network, snapshots=chosen.snapshots, **like)
        config = Config(block_bytes=chosen.block_mebibytes * MIB)
        found = {"network": source_name(chosen.log) or chosen.network}
        store = chosen.store or folder / "run.dtstore"
        found |= measure(log, store, folder, chosen.workers, config)
    report("A whole network", found, chosen.json)


def source_name(log: Path | None) -> str:
    """Name the network of the given log."""
    return open_source(str(log)).network if log else ""


if __name__ == "__main__":
    main()
