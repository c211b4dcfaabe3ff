"""Time the outcomes of every validation image over a whole training.

    python benchmarks/outcomes.py            # 50,000 images x 1,000 classes x 757 snapshots

A log with one small snapshot and the outcomes of all iterations is processed on one core. Errors
and the anomalies of three rules and fifty windows are compared, for some classes, with a plain
count from the log. Bar: 20 seconds.
"""

import statistics

import numpy as np
import zarr
from harness import one_core, options, report, scratch, task_events, warm_up
from synthesize import synthesize

from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.measures.outcomes import anomalies
from deeptracker.pipeline.sources import Source, open_source, read_values

BAR_SECONDS = 20
WINDOWS = (1, 5, 50)


def counted_right(root: zarr.Group, source: Source, classes: list[int]) -> bool:
    """Compare some classes with a count from the log."""
    images = source.images()
    assert images is not None
    chosen = np.flatnonzero(np.isin(images.labels, classes))
    labels = images.labels[chosen]
    correct = np.empty((len(chosen), len(source.iterations)), np.uint8)
    for column, iteration in enumerate(source.iterations):
        file = source.outcomes(iteration)
        assert file is not None
        correct[:, column] = read_values(file.predicted)[chosen] == labels
    for number in classes:
        mine = correct[labels == number]
        error = root["classes/error"][number]
        if not np.allclose(error, 1 - mine.mean(axis=0), atol=1e-6):
            return False
        for rule in ("left", "right", "full"):
            for window in WINDOWS:
                expected = anomalies(mine, rule, window).sum(axis=0)  # type: ignore[arg-type]
                if not np.array_equal(root[f"classes/{rule}"][window - 1, number], expected):
                    return False
    return True


def measure(images: int, classes: int, snapshots: int, repeats: int) -> dict[str, object]:
    """Time it."""
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(
            log,
            network="lenet5",
            snapshots=1,
            outcomes=snapshots,
            images=images,
            classes=classes,
        )
        warm_up(folder, scheduler)
        tasks = folder / "tasks.jsonl"
        runs = [
            process(log, folder / f"{number}.dtstore", scheduler=scheduler, task_log=tasks)
            for number in range(repeats)
        ]
        memory = max(task["memory_bytes"] for task in task_events(tasks))
        root = open_store(runs[-1].store).root()
        equal = counted_right(root, open_source(log), sorted({0, classes // 3, classes - 1}))
    seconds = statistics.median(run.seconds for run in runs)
    return {
        "outcomes": images * snapshots,
        "seconds": seconds,
        "bar_seconds": BAR_SECONDS,
        "outcomes_per_second": images * snapshots / seconds,
        "peak_worker_megabytes": memory / 1e6,
        "equal": equal,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, images=50_000, classes=1000, snapshots=757, repeats=3)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("outcomes", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
