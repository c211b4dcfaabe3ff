"""Order and clusters of series by similarity, so that similar series stand together.

Ward's linkage cuts into clusters of comparable size; the leaves of its tree are put in the optimal
order of Bar-Joseph et al. (2001). Above `MOST_INLINE` series a separate process finds that order
(`leaf_order.py`); until then the tree's plain order is used. Both orders keep clusters together.
"""

import threading
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.leaf_order import leaf_order, spawned_leaf_order

__all__ = ["SimilarityTree", "similarity_order", "similarity_tree"]

# Most series whose optimal order is searched in this process.
MOST_INLINE = 300
# More columns than this are averaged in groups: distances change little and cost far less.
COMPARED_COLUMNS = 256
KEPT_ORDERS = 16

_lock = threading.Lock()
_orders: dict[str, np.ndarray] = {}


@dataclass(frozen=True)
class SimilarityTree:
    """A hierarchy of series.

    Attributes
    ----------
    key : str
        Digest of the series.
    linkage : numpy.ndarray
        float64 [series - 1, 4], as SciPy's.
    series : numpy.ndarray
        float32 [series, column], the compared values.
    """

    key: str
    linkage: np.ndarray
    series: np.ndarray

    @property
    def has_optimal_order(self) -> bool:
        """Whether `order` is the optimal order."""
        return len(self.series) <= MOST_INLINE or self.key in _orders

    @property
    def order(self) -> np.ndarray:
        """int64 [series]: the optimal order if it is known, else the tree's plain order."""
        if self.has_optimal_order:
            return self.find_optimal_order()
        return leaves_list(self.linkage).astype(np.int64)

    def find_optimal_order(self) -> np.ndarray:
        """Find the optimal order, int64 [series]; takes seconds for many series: use a thread."""
        with _lock:
            if self.key in _orders:
                return _orders[self.key]
        search = leaf_order if len(self.series) <= MOST_INLINE else spawned_leaf_order
        found = search(self.linkage, self.series)
        with _lock:
            _orders[self.key] = found
            while len(_orders) > KEPT_ORDERS:
                _orders.pop(next(iter(_orders)))
        return found

    def clusters(self, count: int) -> np.ndarray:
        """Cut the tree into at most `count` clusters: int64 [series], numbered along `order`."""
        label = fcluster(self.linkage, max(1, count), "maxclust")
        numbers: dict[int, int] = {}
        for place in self.order:
            numbers.setdefault(int(label[place]), len(numbers))
        return np.array([numbers[int(entry)] for entry in label], np.int64)


def similarity_tree(series: np.ndarray) -> SimilarityTree:
    """Give the hierarchy of series; cached.

    Parameters
    ----------
    series : numpy.ndarray
        float [series, column], at least two series; NaN counts as 0.
    """
    pooled = _pooled(np.nan_to_num(np.asarray(series, np.float32)))
    digest = blake2b(pooled.tobytes(), digest_size=16)
    digest.update(str(pooled.shape).encode())
    key = digest.hexdigest()
    return SimilarityTree(key, SHARED.get(key, lambda: linkage(pooled, "ward")), pooled)


def similarity_order(series: np.ndarray) -> list[int]:
    """Order series so that neighbours resemble each other; the tree's plain order for very many.

    Parameters
    ----------
    series : numpy.ndarray
        float [series, column], without NaN.
    """
    if len(series) < 3:
        return list(range(len(series)))
    tree = linkage(series, "average")
    if len(series) <= MOST_INLINE:
        tree = optimal_leaf_ordering(tree, series)
    return [int(place) for place in leaves_list(tree)]


def _pooled(series: np.ndarray) -> np.ndarray:
    columns = series.shape[1]
    if columns <= COMPARED_COLUMNS:
        return series
    edges = np.linspace(0, columns, COMPARED_COLUMNS + 1).astype(int)
    sums = np.add.reduceat(series, edges[:-1], axis=1)
    return (sums / np.diff(edges)).astype(np.float32)
