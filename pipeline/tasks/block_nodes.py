"""The nodes above the parts of a block: finished where the block holds all of them."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import (
    COARSE_EDGES,
    SparseHistogram,
    coarse_histogram,
)
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.node_counts import NodeCounts
from deeptracker.pipeline.kernels.measuring.node_table import NodeTable
from deeptracker.pipeline.kernels.measuring.quantiles import quantiles
from deeptracker.pipeline.kernels.measuring.roll_up import rolled_up
from deeptracker.pipeline.measures.node_statistics.registry import SHARES, statistics_of
from deeptracker.pipeline.measures.node_statistics.statistic import Gathered
from deeptracker.pipeline.planning.blocks import Block, Columns
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.block_result import Key, Tally, WholeNodes, smallest

__all__ = ["BlockNodes", "finished", "node_runs"]

# Nodes whose counts a task holds at a time because they have weights in other runs too.
MOST_LACKING = 32


class BlockNodes:
    """Parameters of a run of parts, in depth-first order, and all nodes above them.

    Attributes
    ----------
    run : slice
        Which parts of the block.
    table : NodeTable
    """

    def __init__(self, schema: Schema, block: Block, run: slice) -> None:
        self.run = run
        self._gradient = block.gradient
        self._columns = len(block.columns)
        some = block.parts.some(run)
        self.table = NodeTable.of(schema.leaves[some.number], schema.parents)
        self._weights = np.zeros(len(self.table.nodes), np.int64)
        np.add.at(self._weights, self.table.owners, some.weights)
        for node in range(len(self._weights) - 1, 0, -1):
            self._weights[self.table.parents[node]] += self._weights[node]
        columns = block.columns
        every = schema.node_weights(block.gradient, columns.start, columns.stop)
        self._whole = self._weights == every[self.table.nodes]

    @property
    def lacking(self) -> int:
        """How many nodes have weights elsewhere too."""
        return int((~self._whole).sum())

    @cached_property
    def counts(self) -> NodeCounts:
        """What the kernels count into."""
        return self.table.counts(self._columns, SHARES, self._whole)

    def finish(self, moments: Sequence[Moments]) -> tuple[WholeNodes, dict[Key, Tally]]:
        """Finish the nodes that are whole; give the tallies of the others.

        Parameters
        ----------
        moments : sequence of Moments
            Of the block's parts, in their order.
        """
        found = rolled_up(Moments.joined(moments), self.table.owners, self.table.parents)
        whole = np.flatnonzero(self._whole)
        rows, places = np.unique(self.table.rows[whole], return_inverse=True)
        done = WholeNodes(
            self.table.nodes[whole],
            np.full(len(whole), self._gradient),
            _statistics(found.of(whole), self.counts.quantiles[:, self.table.rows[whole]]),
            places,
            smallest(self.counts.coarse[rows]),
        )
        return done, {
            (int(self.table.nodes[node]), self._gradient): Tally(
                found.of(np.array([node])), self._histogram(node), int(self._weights[node])
            )
            for node in np.flatnonzero(~self._whole).tolist()
        }

    def _histogram(self, node: int) -> SparseHistogram:
        """Give the fine bins of a node that lacks weights."""
        kept = self.counts.kept[self.table.rows[node]]
        return SparseHistogram.of(self.counts.kept_counts[kept])


def node_runs(schema: Schema, block: Block) -> list[BlockNodes]:
    """Cut the parts of a block into runs in depth-first order.

    A network that did not change is one run. Parameters that came later stand behind all others:
    nodes above them have weights in several runs.
    """
    if not schema.has_grown:
        return [BlockNodes(schema, block, slice(0, len(block.parts)))]
    appeared = schema.columns[0, block.parts.number]
    begins = np.flatnonzero(np.diff(appeared, prepend=-1)).tolist()
    found = []
    for first, last in zip(begins, [*begins[1:], len(block.parts)], strict=True):
        nodes = BlockNodes(schema, block, slice(first, last))
        if nodes.lacking <= MOST_LACKING:
            found.append(nodes)
            continue
        # The counts of all nodes that lack weights are held together.
        for start in range(first, last, MOST_LACKING):
            some = slice(start, min(start + MOST_LACKING, last))
            found.append(BlockNodes(schema, block, some))
    return found


def finished(
    schema: Schema, tallies: Mapping[Key, Tally], columns: Columns
) -> tuple[WholeNodes, dict[Key, Tally]]:
    """Split tallies into statistics of whole nodes, and those that lack weights."""
    weights = {
        gradient: schema.node_weights(gradient, columns.start, columns.stop)
        for gradient in schema.kinds()
    }
    whole = {
        key: tally for key, tally in tallies.items() if tally.weights == weights[key[1]][key[0]]
    }
    unfinished = {key: tally for key, tally in tallies.items() if key not in whole}
    if not whole:
        nothing = np.empty((0, 1, len(COARSE_EDGES) - 1), np.uint8)
        none = np.empty(0, np.int64)
        return WholeNodes(none, none.astype(bool), {}, none, nothing), unfinished
    histograms = [tally.histogram for tally in whole.values()]
    done = WholeNodes(
        np.array([node for node, _ in whole]),
        np.array([gradient for _, gradient in whole]),
        _statistics(
            Moments.joined([tally.moments for tally in whole.values()]),
            np.stack([quantiles(histogram, SHARES) for histogram in histograms], axis=1),
        ),
        np.arange(len(whole)),
        smallest(np.stack([coarse_histogram(histogram) for histogram in histograms])),
    )
    return done, unfinished


def _statistics(moments: Moments, found: np.ndarray) -> dict[str, np.ndarray]:
    """Compute all that is stored of some nodes, [node, …] each.

    Parameters
    ----------
    found : numpy.ndarray
        float64 [share, node, column]: the quantiles.
    """
    # The middle of a bin may lie outside of what was found in it.
    within = np.clip(found, moments.min, moments.max)
    gathered = Gathered(moments, dict(zip(SHARES, within, strict=True)))
    return {**statistics_of(gathered), "change_ratio": gathered.change_ratios}
