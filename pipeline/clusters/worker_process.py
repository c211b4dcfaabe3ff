"""Environment and preload of a worker process.

Without the settings of memory a run takes 1.05 times the processor time (the system clears pages
once more), without the preload 1.13 times (0.6 s): `python benchmarks/processes.py`.
"""

from functools import cache

__all__ = ["ENVIRONMENT", "PRELOAD", "set_defaults"]

# Module that a local worker loads first. A worker where it is missing would not start.
PRELOAD = "deeptracker.pipeline.tasks.worker_preload"
# Tasks allocate arrays of megabytes thousands of times. By default the C library returns each to
# the kernel, which clears every page again.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": 256 * 2**20,
    "MALLOC_MMAP_THRESHOLD_": 32 * 2**20,  # the C library allows no more
}


@cache
def set_defaults() -> None:
    """Change Dask's defaults for workers started here; a user's own settings stay."""
    import dask
    import distributed  # noqa: F401  # registers its defaults, which would override ours

    dask.config.update_defaults({"distributed": {"nanny": {"pre-spawn-environ": ENVIRONMENT}}})
