"""The first run on a machine, which compiles the kernels, against the next.

    python benchmarks/first_run.py

`deeptracker process` is run as a command over a small log of float32 weights and of outcomes, with
an empty folder for kernels, then with what the first left there. What lies between them is paid
once for each kind of processor, version and dtype, or by every process that finds no folder to
write to.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from harness import folder_bytes, next_store, options, report, scratch
from synthesize import synthesize


def seconds(log: Path, store: Path, kernels: Path) -> float:
    """Time the command."""
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "deeptracker.cli", "process", str(log), "--quiet"]
    started = time.perf_counter()
    subprocess.run(
        [*command, "--store", str(store)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(kernels)},
    )
    return time.perf_counter() - started


def measure(network: str, repeats: int) -> dict[str, object]:
    """Time first runs and the next in turn; medians count."""
    first, later = [], []
    with scratch() as folder:
        log, kernels = folder / "log", folder / "kernels"
        synthesize(log, network=network, snapshots=12, images=200, classes=10)
        for number in range(repeats):
            shutil.rmtree(kernels, ignore_errors=True)
            for times in (first, later):
                shutil.rmtree(next_store(folder, number), ignore_errors=True)
                times.append(seconds(log, next_store(folder, number), kernels))
        kept = folder_bytes(kernels)
    once, again = statistics.median(first), statistics.median(later)
    return {
        "first_seconds": once,
        "later_seconds": again,
        "ratio": once / again,
        "compiling_seconds": once - again,
        "kept_megabytes": kept / 1e6,
    }


def main() -> None:
    """Run it."""
    chosen = vars(options(__doc__, network="lenet5", repeats=3).parse_args())
    as_json = chosen.pop("json")
    report("the first run on a machine", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
