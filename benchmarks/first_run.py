"""Compare the first run on a machine, which compiles the kernels, with the next.

    python benchmarks/first_run.py

`deeptracker process` runs as a command over a small log of float32 weights and outcomes, first with
an empty folder for kernels, then with the kernels of the first run. The difference is paid once for
each kind of processor, version and dtype, or by every process that finds no writable folder.
"""

import shutil
import statistics
import time
from pathlib import Path

from harness import folder_bytes, next_store, options, report, run_command, scratch
from synthesize import synthesize


def seconds(log: Path, store: Path, kernels: Path) -> float:
    """Time the command."""
    started = time.perf_counter()
    run_command(log, store, NUMBA_CACHE_DIR=str(kernels))
    return time.perf_counter() - started


def kept_files(kernels: Path) -> int:
    """Count the kept kernels."""
    return len(list(kernels.rglob("*.nbc")))


def measure(network: str, repeats: int) -> dict[str, object]:
    """Time first and next runs in turn; medians count."""
    first, later = [], []
    with scratch() as folder:
        log, kernels = folder / "log", folder / "kernels"
        synthesize(log, network=network, snapshots=12, images=200, classes=10)
        for number in range(0, 2 * repeats, 2):
            shutil.rmtree(kernels, ignore_errors=True)
            first.append(seconds(log, next_store(folder, number), kernels))
            compiled = kept_files(kernels)
            later.append(seconds(log, next_store(folder, number + 1), kernels))
        compiled_later = kept_files(kernels) - compiled
        kept = folder_bytes(kernels)
    once, again = statistics.median(first), statistics.median(later)
    return {
        "first_seconds": once,
        "later_seconds": again,
        "ratio": once / again,
        "compiling_seconds": once - again,
        "kernels_compiled": compiled,
        "kernels_compiled_later": compiled_later,
        "kept_megabytes": kept / 1e6,
    }


def main() -> None:
    """Run it."""
    chosen = vars(options(__doc__, network="lenet5", repeats=3).parse_args())
    as_json = chosen.pop("json")
    report("the first run on a machine", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
