"""The digits run, opened as the views open it."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from deeptracker.dashboard.data.run import Run


@pytest.fixture(scope="session")
def run(digits_store):
    return Run(str(digits_store))


@pytest.fixture(scope="session")
def recorded(digits_log, run):
    """Give a function that reads a parameter's whole matrix from the log: [weight, iteration]."""

    def read(name):
        paths = [
            digits_log / "snapshots" / f"{int(iteration):09d}.safetensors"
            for iteration in run.iterations
        ]
        columns = [load_file(path)[name].astype(np.float32).ravel() for path in paths]
        return np.stack(columns, axis=1)

    return read
