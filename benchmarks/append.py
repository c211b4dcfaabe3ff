"""Time a rerun after one new snapshot, compared with processing everything.

    python benchmarks/append.py                         # ResNet-50, 32 snapshots and 1 more
    python benchmarks/append.py --images 50000 --classes 1000

`deeptracker process` runs as a command over n snapshots, then after one more. The start of Python
and of the workers counts. Without `--workers` the command decides: a run that reads little starts
no worker processes. The same is timed on a running cluster. Bars: there the rerun takes at most
2/(n + 1) of the full time and 0.3 s; as a command that and the start of the interpreter with what a
run imports, timed between the runs. The growth of the store is at most a quarter of the snapshot:
an append rewrites the objects that hold the new iteration.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness import (
    folder_bytes,
    next_store,
    one_core,
    options,
    report,
    run_command,
    scratch,
    warm_up,
)
from synthesize import synthesize

from deeptracker.pipeline import process

BAR_SHARE = 2
BAR_SECONDS = 0.3
GROWTH_BAR = 0.25
IMPORTS = "import deeptracker.cli, deeptracker.pipeline.tasks.graph, deeptracker.pipeline.clusters"
Processing = Callable[[Path, Path], None]


def as_command(workers: int) -> Processing:
    """Run the command; 0 workers leaves `--workers` out."""
    chosen = ("--workers", str(workers)) if workers else ()
    return lambda log, store: run_command(log, store, *chosen)


def timed(run: Processing, log: Path, folder: Path, repeats: int) -> tuple[float, float, int]:
    """Give the median seconds of the log without its last iteration, and of the last iteration.

    Also give the bytes by which the last append grew the store.
    """
    whole, added = [], []
    for number in range(repeats):
        store = next_store(folder, number)
        last = _take_last(log, folder)
        whole.append(_seconds(run, log, store))
        _put_back(log, last)
        before = folder_bytes(store)
        added.append(_seconds(run, log, store))
    return statistics.median(whole), statistics.median(added), folder_bytes(store) - before


def started(repeats: int) -> float:
    """Give the median seconds in which Python starts and imports what a run needs."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def _seconds(run: Processing, log: Path, store: Path) -> float:
    started = time.perf_counter()
    run(log, store)
    return time.perf_counter() - started


def _take_last(log: Path, folder: Path) -> dict[str, Path]:
    """Move the last snapshot and outcomes out of the log."""
    taken = {}
    for kind in ("snapshots", "outcomes"):
        last = max((log / kind).iterdir())
        taken[kind] = last.rename(folder / f"{kind}-{last.name}")
    return taken


def _put_back(log: Path, taken: dict[str, Path]) -> None:
    for kind, path in taken.items():
        path.rename(log / kind / path.name.removeprefix(f"{kind}-"))


def measure(
    network: str, snapshots: int, images: int, classes: int, workers: int, repeats: int
) -> dict[str, object]:
    """Time both ways."""
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(log, network=network, snapshots=snapshots + 1, images=images, classes=classes)
        warm_up(folder, scheduler)
        found: dict[str, object] = {"snapshots": snapshots}

        def on_cluster(log: Path, store: Path) -> None:
            process(log, store, scheduler=scheduler)

        bar = 0.0
        for name, run in (("cluster", on_cluster), ("command", as_command(workers))):
            (folder / name).mkdir()
            whole, added, grown = timed(run, log, folder / name, repeats)
            if name == "cluster":
                allowed = bar = BAR_SHARE / (snapshots + 1) * whole + BAR_SECONDS
            else:
                found["start_seconds"] = start = started(repeats)
                allowed = bar + start
            found |= {
                f"{name}_full_seconds": whole,
                f"{name}_append_seconds": added,
                f"{name}_allowed_seconds": allowed,
                f"{name}_ratio_to_allowed": added / allowed,
            }
        last = max((log / "snapshots").iterdir()).stat().st_size
        found |= {
            "snapshot_megabytes": last / 1e6,
            "append_stored_megabytes": grown / 1e6,
            "small_enough": grown <= GROWTH_BAR * last,
        }
    return found


def main() -> None:
    """Run it."""
    parser = options(
        __doc__, network="resnet50", snapshots=32, images=2000, classes=100, workers=0, repeats=3
    )
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("append", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
