"""What a worker process of this machine does before its first task.

`python benchmarks/processes.py` measures what it gains, in turn with and without.
"""

import gc

from distributed import Worker

# All that tasks need: otherwise the first task of every worker imports it.
from deeptracker.pipeline.tasks import image_outcomes, measure_block, score_filters  # noqa: F401

__all__ = ["dask_setup"]


def dask_setup(worker: Worker) -> None:  # noqa: ARG001  # Dask's signature
    """Leave what was loaded out of every search for garbage: a few hundred thousand objects."""
    gc.freeze()
