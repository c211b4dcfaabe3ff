"""What a worker process is started with.

Without the settings of memory a run takes 1.05 times the processor time (the system clears pages
once more), without the preload 1.13 times (0.6 s): `python benchmarks/processes.py`.
"""

from functools import cache

__all__ = ["ENVIRONMENT", "PRELOAD", "set_defaults"]

# What a worker loads first. One elsewhere, where that may be missing, would not even start.
PRELOAD = "deeptracker.pipeline.tasks.worker_preload"
# Tasks ask for arrays of megabytes thousands of times. By default the C library gives each back to
# the kernel, which clears every page once more.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": 256 * 2**20,
    "MALLOC_MMAP_THRESHOLD_": 32 * 2**20,  # the C library allows no more
}


@cache
def set_defaults() -> None:
    """Change defaults of Dask for workers that are started here; what a user has set stays."""
    import dask
    import distributed  # noqa: F401  # registers its defaults, which would override ours

    dask.config.update_defaults({"distributed": {"nanny": {"pre-spawn-environ": ENVIRONMENT}}})
