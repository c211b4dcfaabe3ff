"""Numba is loaded without what no kernel uses, and what was hidden from it is there again."""

import subprocess
import sys

SCRIPT = """
import sys
from pipeline.kernels.loading import load_numba
load_numba()
import numpy as np
from pipeline.kernels.spans import all_finite
assert all_finite(np.ones(16, np.float32)) and not all_finite(np.full(16, np.nan, np.float32))
print(sorted({"scipy.linalg", "cffi"} & sys.modules.keys()))
import scipy.linalg
assert np.isclose(scipy.linalg.det(2 * np.eye(3)), 8)
"""


def test_no_linear_algebra_is_imported_for_a_kernel_and_all_can_be_later():
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[]"
