"""Time what the client alone does in a run: before the first task, and after the last.

    python benchmarks/client_time.py                       # ResNet-50, 16,384 parameters
    python benchmarks/client_time.py --parameters 256 --weights 4194304 --repeats 1

Two logs are processed in turn on one worker of one core: ResNet-50, and many parameters of filters
of 512 weights (bfloat16). Dask's stream of tasks says when a worker starts the first task and ends
the last; the call of `process` and its return are the other two moments. Bars: both parts together
take at most 0.3 s with ResNet-50 and at most 0.6 s with many parameters. The time between these two
tasks in which no task runs is given as well.
"""

import gc
import os
import statistics
import time
from pathlib import Path

from distributed import Client, get_task_stream
from harness import next_store, one_core, options, report, scratch, warm_up
from names import write_logs
from synthesize import synthesize

from deeptracker.pipeline import process

NETWORK_BAR, PARAMETERS_BAR = 0.3, 0.6


def client_seconds(log: Path, store: Path, scheduler: str, client: Client) -> dict[str, float]:
    """Process a log; give the seconds before, between and after the tasks."""
    gc.collect()
    with get_task_stream(client) as stream:
        called = time.time()
        process(log, store, scheduler=scheduler)
        returned = time.time()
    ran = sorted(
        (step["start"], step["stop"])
        for task in stream.data
        for step in task["startstops"]
        if step["action"] == "compute"
    )
    # Dask moves a worker's times by its estimate of how the clocks differ, here some milliseconds.
    first = end = max(ran[0][0], called)
    idle = 0.0
    for start, stop in ran:
        idle += max(start - end, 0.0)
        end = min(max(end, stop), returned)
    return {"before": first - called, "between": idle, "after": returned - end}


def measure(
    network: str, snapshots: int, parameters: int, weights: int, repeats: int
) -> dict[str, object]:
    """Process both logs several times, in turn."""
    found: dict[str, object] = {"network": network, "parameters": parameters}
    with scratch() as folder, one_core() as scheduler, Client(scheduler) as client:
        logs = {"network": folder / "log", "parameters": folder / str(parameters)}
        synthesize(logs["network"], network=network, snapshots=snapshots)
        write_logs(folder, weights, snapshots, [parameters])
        warm_up(folder, scheduler)
        stores = {name: folder / f"stores-{name}" for name in logs}
        for place in stores.values():
            place.mkdir()
        warm_up(stores["parameters"], scheduler, dtype="bf16")
        os.sync()
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in logs}
        for turn in range(repeats):
            for name, log in logs.items():
                store = next_store(stores[name], turn)
                runs[name].append(client_seconds(log, store, scheduler, client))
    for name, bar in (("network", NETWORK_BAR), ("parameters", PARAMETERS_BAR)):
        for part in ("before", "between", "after"):
            found[f"{name}_{part}_seconds"] = statistics.median(one[part] for one in runs[name])
        alone = statistics.median(one["before"] + one["after"] for one in runs[name])
        found |= {
            f"{name}_client_seconds": alone,
            f"{name}_bar_seconds": bar,
            f"{name}_quick_enough": alone <= bar,
        }
    return found


def main() -> None:
    """Run it."""
    parser = options(
        __doc__, network="resnet50", snapshots=4, parameters=16384, weights=2**26, repeats=5
    )
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("client time", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
