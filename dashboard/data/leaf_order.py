"""The optimal leaf order, as a program: arrays come in by standard input, the order goes out.

SciPy holds the interpreter's lock while it searches, seconds for a thousand leaves; a server that
did it itself would answer nobody. Only NumPy and SciPy are imported here.
"""

import io
import subprocess
import sys

import numpy as np
from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering

__all__ = ["leaf_order", "leaf_order_elsewhere"]


def leaf_order(linkage: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Order the leaves so that neighbours are as alike as the tree allows.

    Parameters
    ----------
    linkage : numpy.ndarray
        float64 [leaves - 1, 4], as SciPy's.
    series : numpy.ndarray
        float [leaf, column].

    Returns
    -------
    numpy.ndarray
        int64 [leaf].
    """
    return leaves_list(optimal_leaf_ordering(linkage, series)).astype(np.int64)


def leaf_order_elsewhere(linkage: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Do the same in a process of its own; the calling thread waits without the lock."""
    given = io.BytesIO()
    np.savez(given, linkage=linkage, series=series)
    command = [sys.executable, "-m", "deeptracker.dashboard.data.leaf_order"]
    answer = subprocess.run(  # noqa: S603  # this very module
        command, input=given.getvalue(), capture_output=True, check=True
    )
    return np.frombuffer(answer.stdout, "<i8").astype(np.int64)


if __name__ == "__main__":
    with np.load(io.BytesIO(sys.stdin.buffer.read())) as arrays:
        order = leaf_order(arrays["linkage"], arrays["series"])
    sys.stdout.buffer.write(order.astype("<i8").tobytes())
