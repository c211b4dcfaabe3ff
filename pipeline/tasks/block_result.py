"""What comes back from measuring blocks, all of it small, and how it is put together.

A node that lies whole in a block is finished there; of the others tallies are added up, block by
block, until nothing is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import SparseHistogram
from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.store.forks import merged_forks

__all__ = [
    "BlockResult",
    "Fragment",
    "Key",
    "NodesResult",
    "Tally",
    "WholeNodes",
    "fragments_of",
    "merged_fork",
    "smallest",
    "stitched",
    "sum_by_node",
    "sum_tallies",
]

# A node, and whether it is its gradients that are meant.
Key = tuple[int, bool]


@dataclass(frozen=True)
class Tally:
    """What is known of a node so far; two of the same node add up exactly.

    Attributes
    ----------
    moments : Moments
        Of this one node.
    weights : int
        Weights that were counted into it.
    """

    moments: Moments
    histogram: SparseHistogram
    weights: int

    @classmethod
    def merge(cls, tallies: "Sequence[Tally]") -> "Tally":
        """Add tallies of a node."""
        if len(tallies) == 1:
            return tallies[0]
        return cls(
            Moments.merge([tally.moments for tally in tallies]),
            SparseHistogram.merge([tally.histogram for tally in tallies]),
            sum(tally.weights for tally in tallies),
        )


@dataclass(frozen=True)
class Fragment:
    """Rows of objects of the store that neighbouring blocks share.

    Attributes
    ----------
    path : str
        The array's.
    first : int
        The first of the rows, or filters.
    values : numpy.ndarray
        [quantity, row, column].
    """

    path: str
    first: int
    values: np.ndarray

    @property
    def last(self) -> int:
        """The first row behind it."""
        return self.first + self.values.shape[1]


@dataclass(frozen=True, eq=False)
class WholeNodes:
    """Statistics of nodes of which all is known: few large arrays, which travel quickly.

    Attributes
    ----------
    nodes : numpy.ndarray
        int64 [node]: which they are.
    gradients : numpy.ndarray
        bool [node]: whether it is their gradients.
    statistics : dict of str to numpy.ndarray
        [node, …, column] each, in the same order.
    rows : numpy.ndarray
        int64 [node]: the line of each in `histogram`; a module of one parameter shares its line.
    histogram : numpy.ndarray
        Unsigned integers [row, column, bin], as small as the counts are.
    """

    nodes: np.ndarray
    gradients: np.ndarray
    statistics: dict[str, np.ndarray]
    rows: np.ndarray
    histogram: np.ndarray

    def __len__(self) -> int:
        return len(self.nodes)

    @classmethod
    def merge(cls, parts: "Sequence[WholeNodes]") -> "WholeNodes":
        """Join several, each of other nodes."""
        known = [part for part in parts if len(part)] or list(parts[:1])
        first = np.cumsum([0, *(len(part.histogram) for part in known[:-1])])
        return cls(
            np.concatenate([part.nodes for part in known]),
            np.concatenate([part.gradients for part in known]),
            {
                name: np.concatenate([part.statistics[name] for part in known])
                for name in known[0].statistics
            },
            np.concatenate([part.rows + n for part, n in zip(known, first, strict=True)]),
            np.concatenate([part.histogram for part in known]),
        )


def smallest(counts: np.ndarray) -> np.ndarray:
    """Give counts in the smallest unsigned integers that hold them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)


@dataclass(frozen=True)
class BlockResult:
    """What a block task sends on: all of it small.

    Attributes
    ----------
    fork : bytes
        The pickled fork, which knows the chunks that were written.
    whole : WholeNodes
        The nodes that lie whole in the block.
    tallies : dict
        The nodes above, of which other blocks hold the rest.
    nbytes : int
        Bytes read.
    """

    fork: bytes
    whole: WholeNodes
    tallies: dict[Key, Tally]
    fragments: tuple[Fragment, ...]
    nbytes: int


@dataclass(frozen=True)
class NodesResult:
    """A finished column block: the fork that knows all its chunks, and the bytes that were read."""

    fork: bytes
    nbytes: int


def merged_fork(results: Sequence[BlockResult]) -> bytes:
    """Give the fork that knows the chunks of all."""
    first, *others = (result.fork for result in results)
    return merged_forks(first, others)


def sum_by_node(results: Sequence[BlockResult]) -> dict[Key, Tally]:
    """Add up what several know of the same nodes."""
    return sum_tallies([result.tallies for result in results])


def sum_tallies(found: Sequence[Mapping[Key, Tally]]) -> dict[Key, Tally]:
    """Add up tallies of the same nodes."""
    gathered: dict[Key, list[Tally]] = {}
    for tallies in found:
        for key, tally in tallies.items():
            gathered.setdefault(key, []).append(tally)
    return {key: Tally.merge(tallies) for key, tallies in gathered.items()}


def fragments_of(results: Sequence[BlockResult]) -> tuple[Fragment, ...]:
    """List the fragments of all."""
    return tuple(fragment for result in results for fragment in result.fragments)


def stitched(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Join fragments that follow each other, so that they make whole objects again."""
    joined: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda f: (f.path, f.first)):
        run = joined[-1] if joined else []
        if run and run[-1].path == fragment.path and run[-1].last == fragment.first:
            run.append(fragment)
        else:
            joined.append([fragment])
    return [
        Fragment(
            run[0].path,
            run[0].first,
            np.concatenate([fragment.values for fragment in run], axis=1),
        )
        for run in joined
    ]
