"""The nodes above some parts of parameters, as arrays: who is counted where, and ends when."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import BAND, COARSE_EDGES, FINE_BINS
from deeptracker.pipeline.kernels.measuring.node_counts import NodeCounts

__all__ = ["NodeTable"]


@dataclass(frozen=True, eq=False)
class NodeTable:
    """Parameters with all nodes above them, in the tree's order: every child behind its parent.

    A node of one child has the weights of that child, and is not counted on its own.

    Attributes
    ----------
    nodes : numpy.ndarray
        int64 [node]: their places in the whole tree.
    parents : numpy.ndarray
        int64 [node]: the place among these of each one's parent, -1 for the root.
    owners : numpy.ndarray
        int64 [part]: the place among these of each part's parameter.
    """

    nodes: np.ndarray
    parents: np.ndarray
    owners: np.ndarray

    @classmethod
    def of(cls, leaves: np.ndarray, parents: np.ndarray) -> Self:
        """Find the nodes above some parts.

        Parameters
        ----------
        leaves : numpy.ndarray
            int64 [part], ascending: places of the parts' parameters in the tree.
        parents : numpy.ndarray
            int64 [node of the tree]: each one's parent, which stands before it; -1 for the root.
        """
        present = np.zeros(len(parents), np.bool_)
        some = np.unique(leaves)
        while len(some):
            present[some] = True
            some = np.unique(parents[some])
            some = some[some >= 0]
            some = some[~present[some]]
        nodes = np.flatnonzero(present)
        place = np.append(np.cumsum(present) - 1, -1)  # of parent -1 too
        return cls(nodes, place[parents[nodes]], place[leaves])

    @cached_property
    def counted(self) -> np.ndarray:
        """The node that is counted for each: itself, or the one far below that it equals."""
        count = len(self.nodes)
        known = self.parents >= 0
        children = np.bincount(self.parents[known], minlength=count)
        only = np.arange(count)
        only[self.parents[known]] = np.flatnonzero(known)
        is_leaf = np.zeros(count, np.bool_)
        is_leaf[self.owners] = True
        below = np.where((children == 1) & ~is_leaf, only, np.arange(count))
        while (below[below] != below).any():
            below = below[below]
        return below

    @cached_property
    def representatives(self) -> np.ndarray:
        """The nodes that are counted, ascending."""
        return np.flatnonzero(self.counted == np.arange(len(self.nodes)))

    @cached_property
    def rows(self) -> np.ndarray:
        """The place of each node's counts among those of the representatives: int64 [node]."""
        place = np.cumsum(self.counted == np.arange(len(self.nodes))) - 1
        return place[self.counted]

    @cached_property
    def _above(self) -> np.ndarray:
        """The representative above each representative, by its place among them; -1 for none."""
        is_counted = np.append(self.counted == np.arange(len(self.nodes)), True)
        up = self.parents[self.representatives]
        while not is_counted[up].all():
            up = np.where(is_counted[up], up, self.parents[up])
        return np.where(up >= 0, self.rows[up], -1)

    def counts(self, columns: int, shares: tuple[float, ...], whole: np.ndarray) -> NodeCounts:
        """Give room for the counts of all.

        Parameters
        ----------
        columns : int
            Snapshots in the block.
        shares : tuple of float
            The quantiles that are looked for.
        whole : numpy.ndarray
            bool [node]: which are complete; of the others the fine bins are kept.
        """
        above = self._above
        depth = np.zeros(len(above), np.int64)
        up = above
        while (up >= 0).any():
            depth += up >= 0
            up = np.where(up >= 0, above[up], -1)
        slots = depth + 1
        slots[self.rows[self.owners]] = 0
        lacking = np.zeros(len(above), np.bool_)
        lacking[self.rows[~whole]] = True
        size = len(above), columns
        return NodeCounts(
            closing=self._ends()[0],
            slots=slots,
            above=np.where(above >= 0, slots[above], -1),
            kept=np.where(lacking, np.cumsum(lacking) - 1, -1),
            open=np.zeros((int(slots.max()) + 1, columns + 1, FINE_BINS), np.uint32),
            reach=np.zeros((int(slots.max()) + 1, columns + 1), np.int64),
            weights=np.zeros((int(slots.max()) + 1, columns + 1), np.int64),
            coarse=np.zeros((*size, len(COARSE_EDGES) - 1), np.uint32),
            shares=np.array(shares),
            quantiles=np.full((len(shares), *size), np.nan),
            kept_counts=np.zeros((int(lacking.sum()), columns, FINE_BINS), np.uint32),
            sums=np.zeros(FINE_BINS // BAND, np.int64),
            filled=np.zeros(FINE_BINS // BAND, np.int64),
        )

    @property
    def closes(self) -> np.ndarray:
        """Where the nodes that end with each part begin in `NodeCounts.closing`: [part + 1]."""
        return np.searchsorted(self._ends()[1], np.arange(len(self.owners) + 1))

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Order the representatives by the part with which each ends, the deepest first."""
        above = self._above
        end = np.full(len(above), -1, np.int64)
        end[self.rows[self.owners]] = np.arange(len(self.owners))
        # Behind a node stand its descendants: the last of them ends with it.
        _raise_parents(end, above)
        order = np.lexsort((-np.arange(len(above)), end))
        return order, end[order]


def _raise_parents(values: np.ndarray, parents: np.ndarray) -> None:
    """Give every node the greatest value at and below it."""
    some = np.flatnonzero(parents >= 0)
    while len(some):
        before = values.copy()
        np.maximum.at(values, parents[some], values[some])
        if np.array_equal(before, values):
            return
