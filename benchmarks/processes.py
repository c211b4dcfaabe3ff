"""Measure each setting of a run's processes against leaving it out.

    python benchmarks/processes.py                 # settings of the command, and of workers
    python benchmarks/processes.py --compiles 3    # also of compiling, a minute per run

`deeptracker process` runs as a command over a small log, in turn with all settings and with one
left out. The processor time of the command and its workers counts, since it depends little on other
load; wall time is reported too. A ratio above 1 is the cost of leaving the setting out.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness import next_store, options, report, scratch
from synthesize import synthesize

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "\nfrom deeptracker.cli import main\nif __name__ == '__main__':\n    main()\n"
# Code that leaves a setting out, run before the command.
OF_COMMANDS = {
    "loading without garbage": "from contextlib import nullcontext; import deeptracker.cli; "
    "deeptracker.cli.loading = nullcontext",
}
OF_WORKERS = {
    "keeping freed memory": "import deeptracker.pipeline.clusters.worker_process as process; "
    "process.ENVIRONMENT.clear()",
    "preload": "import deeptracker.pipeline.clusters.local as local; local.PRELOAD = []",
}
OF_COMPILING = {
    "compiling without garbage": "import deeptracker.pipeline.kernels.compiling as compiling; "
    "from types import SimpleNamespace; "
    "compiling.gc = SimpleNamespace(isenabled=lambda: False, disable=int, enable=int)",
}


@dataclass(frozen=True)
class Times:
    """Seconds of a command and its workers."""

    processor: float
    wall: float


def timed(log: Path, store: Path, left_out: str, kernels: Path, *arguments: str) -> Times:
    """Run the command with one setting left out."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    program = store.with_suffix(".py")
    program.write_text(left_out + COMMAND, encoding="utf-8")
    command = [sys.executable, program, "process", log, "--store", store, "--quiet", *arguments]
    kept = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", "NUMBA_CACHE_DIR": str(kernels)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **kept})
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Times(used, wall)


def compared(
    folder: Path,
    log: Path,
    things: dict[str, str],
    repeats: int,
    arguments: tuple[str, ...] = (),
    *,
    compiles: bool = False,
) -> dict[str, object]:
    """Time the command with all settings and without each in turn; give ratios of medians."""
    ways = {"as it is": "", **things}
    found: dict[str, list[Times]] = {name: [] for name in ways}
    kernels = folder / "kernels"
    number = 0
    for _ in range(repeats):
        for name, left_out in ways.items():
            if compiles:
                shutil.rmtree(kernels, ignore_errors=True)
            store = next_store(folder, number)
            found[name].append(timed(log, store, left_out, kernels, *arguments))
            number += 1
    shutil.rmtree(next_store(folder, number), ignore_errors=True)

    def median(name: str, kind: str) -> float:
        return statistics.median(getattr(each, kind) for each in found[name])

    ratios: dict[str, object] = {}
    for name in things:
        for kind in ("processor", "wall"):
            whole = median("as it is", kind)
            ratios[f"{name}: {kind} ratio"] = median(name, kind) / whole
            ratios[f"{name}: {kind} seconds"] = median(name, kind) - whole
    return ratios


def measure(network: str, snapshots: int, repeats: int, compiles: int) -> dict[str, object]:
    """Time all settings."""
    with scratch() as folder:
        small, large = folder / "small", folder / "large"
        synthesize(small, network="lenet5", snapshots=3, images=50, classes=5)
        synthesize(large, network=network, snapshots=snapshots, images=50, classes=5)
        timed(small, folder / "first.dtstore", "", folder / "kernels")
        found = compared(folder, small, OF_COMMANDS, repeats)
        found |= compared(folder, large, OF_WORKERS, repeats, ("--workers", "1"))
        if compiles:
            found |= compared(folder, small, OF_COMPILING, compiles, compiles=True)
        return found


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=12, repeats=7, compiles=0)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("processes", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
