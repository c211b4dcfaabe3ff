"""The moments of nodes, from those of the parts below them."""

from dataclasses import fields

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.kernels.measuring.moments import MERGERS, Moments

__all__ = ["rolled_up"]


def rolled_up(parts: Moments, owners: np.ndarray, parents: np.ndarray) -> Moments:
    """Add the moments of parts up to their nodes, and up the tree: the last child first.

    Parameters
    ----------
    owners : numpy.ndarray
        int64 [part]: the node of each.
    parents : numpy.ndarray
        int64 [node]: the node above each, which stands before it; -1 for none.

    Returns
    -------
    Moments
        Of all nodes.
    """
    nodes, columns = len(parents), parts.count.shape[-1]
    # Counts below 2**53 are exact in float64.
    names = [field.name for field in fields(parts) if field.name not in MERGERS]
    values = [getattr(parts, name).reshape(len(owners), -1, columns) for name in names]
    together = np.concatenate(values, axis=1, dtype=np.float64)
    sums = np.zeros((nodes, *together.shape[1:]))
    least, greatest = (np.full((nodes, columns), np.nan) for _ in range(2))
    _roll_up(owners, together, parts.min, parts.max, parents, sums, least, greatest)
    found, first = {}, 0
    for name, value in zip(names, values, strict=True):
        kind = getattr(parts, name)
        some = sums[:, first : first + value.shape[1]].reshape(nodes, *kind.shape[1:])
        found[name] = some.astype(kind.dtype)
        first += value.shape[1]
    return Moments(**found, min=least, max=greatest)


@kernel()
def _roll_up(owners, values, low, high, parents, sums, least, greatest):
    for part in range(owners.size):
        node = owners[part]
        add_to(values[part], low[part], high[part], sums[node], least[node], greatest[node])
    for node in range(parents.size - 1, 0, -1):
        above = parents[node]
        if above >= 0:
            add_to(
                sums[node], least[node], greatest[node], sums[above], least[above], greatest[above]
            )


@inner()
def add_to(values, low, high, sums, least, greatest):
    """Add to the sums and the limits of a node; NaN stands for no weight."""
    for k in range(values.shape[0]):
        for column in range(values.shape[1]):
            sums[k, column] += values[k, column]
    for column in range(low.size):
        if np.isnan(least[column]) or low[column] < least[column]:
            least[column] = low[column]
        if np.isnan(greatest[column]) or high[column] > greatest[column]:
            greatest[column] = high[column]
