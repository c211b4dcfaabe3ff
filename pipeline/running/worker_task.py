"""One attempt at a job, on a worker: the function that runs, and the events that it reports.

Dask does not report to a client when a task starts, which is needed to find stragglers. Reporting
takes up to 0.4 ms a task: empty tasks take 1.00 to 1.06 times as long
(``python benchmarks/task_costs.py``).
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import get_worker

from deeptracker.pipeline.kernels.compiling import kept_in, noticed_compiling
from deeptracker.pipeline.running.shared_argument import Packed

__all__ = ["run_job", "same_value"]


def same_value(value: Any) -> Any:
    """Return the argument: the function of a job that shares a value."""
    return value


def run_job(topic: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a job's function on a worker, and report when it starts, compiles and ends."""
    worker = get_worker()
    event = {"key": worker.get_current_task(), "worker": worker.address}
    worker.log_event(topic, event)

    def compiling() -> None:
        worker.log_event(topic, event | {"compiling": True, "kept": kept_in() is not None})

    started = time.perf_counter()
    with noticed_compiling(compiling):
        result = function(*(a.opened() if isinstance(a, Packed) else a for a in arguments))
    measured = {
        "seconds": time.perf_counter() - started,
        "nbytes": int(getattr(result, "nbytes", 0)),
        "memory": _peak_memory(),
    }
    worker.log_event(topic, event | measured)
    return result


def _peak_memory() -> int:
    """Give this process's peak memory in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        # In KiB; on Linux it may be the peak of the parent process.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
