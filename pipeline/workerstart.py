"""What a worker process of this machine does before its first task, as it starts."""

import gc

from distributed import Worker

import pipeline.measuring
import pipeline.scoring
import pipeline.validation  # noqa: F401  # with the others: all that tasks need
from pipeline.kernels.loading import load_numba

__all__ = ["dask_setup"]


def dask_setup(worker: Worker) -> None:  # noqa: ARG001  # Dask's signature
    """Load what is left, and leave it all out of every search for garbage.

    Those are a few hundred thousand objects.
    """
    load_numba()
    gc.freeze()
