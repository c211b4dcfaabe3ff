"""Time what our tasks add to Dask's: packed arguments, and reports of each task's start and end.

    python benchmarks/task_costs.py                     # a schema of 4,096 parameters
    python benchmarks/task_costs.py --parameters 256 --repeats 11

Every task of a run gets the schema. Four ways are timed in turn on one worker, until the last of
some tasks that only open it has ended: packed once by the client (`Packed`); as a plain argument;
sent first by `Client.scatter`, which a lost worker loses; and as the result of a task that the
workers hold (`Jobs.share`). Ratios are the time of the other way over that of `Packed`. Tasks that
do nothing are submitted by `Jobs`, whose tasks report to the client, and by Dask alone; the ratio
of reports is the time of `Jobs` over Dask's.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client
from harness import one_core, options, report, scratch
from names import FILTER_WEIGHTS, write_logs

from deeptracker.pipeline.clusters import LocalSettings
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.running.job import Label
from deeptracker.pipeline.running.jobs import Jobs
from deeptracker.pipeline.running.shared_argument import Packed
from deeptracker.pipeline.sources import open_source
from deeptracker.pipeline.store.schema import Schema


def schema_of(folder: Path, parameters: int) -> Schema:
    """Make the schema of a log with so many parameters, with the layout that planning computes."""
    write_logs(folder, parameters * FILTER_WEIGHTS, 1, [parameters])
    source = open_source(folder / str(parameters))
    schema = RunInputs(source, Config()).schema(np.array(source.iterations, np.int64))
    assert len(schema.layout.parameters) == parameters
    return schema


def count_parameters(shared: tuple[int, Schema]) -> int:
    """Use a shared value, on a worker."""
    return len(shared[1].layout.parameters)


def by_jobs(jobs: Jobs, tasks: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Run a function as some jobs."""
    submitted = [
        jobs.submit(Label("task", str(number)), function, *arguments) for number in range(tasks)
    ]
    for _ in jobs.finished():
        pass
    return jobs.results(submitted)


def by_dask(client: Client, tasks: int) -> list[Any]:
    """Run a function that does nothing as some plain tasks."""
    results: list[Any] = client.gather([client.submit(int, pure=False) for _ in range(tasks)])
    return results


@contextmanager
def timed(seconds: dict[str, list[float]], name: str) -> Iterator[None]:
    """Note the seconds of a block."""
    started = time.perf_counter()
    yield
    seconds.setdefault(name, []).append(time.perf_counter() - started)


def measure(parameters: int, tasks: int, empty_tasks: int, repeats: int) -> dict[str, object]:
    """Time all ways in turn."""
    seconds: dict[str, list[float]] = {}
    counts: set[int] = set()
    with (
        scratch() as folder,
        one_core() as scheduler,
        Client(scheduler) as client,
        Jobs(client, LocalSettings()) as jobs,
    ):
        ways: dict[str, Callable[[object], object]] = {
            "packed": Packed.of,
            "plain": lambda value: value,
            "scattered": lambda value: client.scatter(value, broadcast=True, hash=False),
            "held": lambda value: jobs.share(Label("share"), value, tasks).result,
        }
        schema = schema_of(folder, parameters)
        by_jobs(jobs, empty_tasks, int)
        for turn in range(repeats):
            shared = (turn, schema)  # a new value each turn: workers keep what they opened
            for name, way in ways.items():
                with timed(seconds, name):
                    counts.update(by_jobs(jobs, tasks, count_parameters, way(shared)))
            with timed(seconds, "jobs"):
                by_jobs(jobs, empty_tasks, int)
            with timed(seconds, "dask"):
                by_dask(client, empty_tasks)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "parameters": parameters,
        **{f"{name}_seconds": value for name, value in medians.items()},
        "plain_ratio": medians["plain"] / medians["packed"],
        "scattered_ratio": medians["scattered"] / medians["packed"],
        "held_ratio": medians["held"] / medians["packed"],
        "report_ratio": medians["jobs"] / medians["dask"],
        "report_milliseconds": 1000 * (medians["jobs"] - medians["dask"]) / empty_tasks,
        "equal": counts == {parameters},
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, parameters=4096, tasks=8, empty_tasks=200, repeats=5)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("task costs", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
