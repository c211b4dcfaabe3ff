"""What a worker process of this machine does before its first task, as it starts."""

import gc

from distributed import Worker

import pipeline.measuring
import pipeline.scoring
import pipeline.validation  # noqa: F401  # with the others: all that tasks need

__all__ = ["dask_setup"]


def dask_setup(worker: Worker) -> None:  # noqa: ARG001  # Dask's signature
    """Leave what was loaded out of every search for garbage: a few hundred thousand objects."""
    gc.freeze()
