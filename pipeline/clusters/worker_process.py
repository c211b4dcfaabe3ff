"""Environment and preload of a worker process.

Without the settings of memory a run takes 1.05 times the processor time (the system clears pages
once more), without the preload 1.13 times (0.6 s): `python benchmarks/processes.py`.
"""

import sys
from functools import cache

__all__ = ["ENVIRONMENT", "PRELOAD", "PROFILER_MAY_DEADLOCK", "set_defaults"]

# Module that a local worker loads first. A worker where it is missing would not start.
PRELOAD = "deeptracker.pipeline.tasks.worker_preload"
# Tasks allocate arrays of megabytes thousands of times. By default the C library returns each to
# the kernel, which clears every page again.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": 256 * 2**20,
    "MALLOC_MMAP_THRESHOLD_": 32 * 2**20,  # the C library allows no more
}
# Dask's profiler calls `sys._current_frames` every 10 ms. Before Python 3.11.9 a garbage collection
# in that call can deadlock with a thread that ends, and the worker stands still:
# https://github.com/python/cpython/issues/106883
PROFILER_MAY_DEADLOCK = sys.version_info < (3, 11, 9)


@cache
def set_defaults() -> None:
    """Change Dask's defaults for workers started here; a user's own settings stay."""
    import dask
    import distributed  # noqa: F401  # registers its defaults, which would override ours

    defaults: dict[str, object] = {"nanny": {"pre-spawn-environ": ENVIRONMENT}}
    if PROFILER_MAY_DEADLOCK:
        defaults["worker"] = {"profile": {"enabled": False}}
    dask.config.update_defaults({"distributed": defaults})
