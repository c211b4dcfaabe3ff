"""The optimal leaf order, in this process or in a separate one.

SciPy holds the interpreter's lock during the search: ten seconds for a thousand leaves. A server
that searched in its own process would not respond meanwhile. The process is spawned, because
forking a server with threads is unsafe. It imports NumPy, SciPy and the program's main module, and
ends with the search. This adds half a second to the search.
"""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering

__all__ = ["leaf_order", "spawned_leaf_order"]


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


def spawned_leaf_order(linkage: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Do the same in a separate process; the calling thread waits without the lock."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawning, initializer=_end_with_parent) as pool:
        return pool.submit(leaf_order, linkage, series).result()


def _end_with_parent() -> None:
    """End this process when its parent is killed; otherwise a pool's worker waits for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a pool's worker calls this"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
