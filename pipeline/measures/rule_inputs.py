"""Inputs of the health rules: statistics, measures, outcomes and scalars over iterations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["ClassSeries", "FilterSeries", "NodeSeries", "RunSeries"]


@dataclass(frozen=True)
class NodeSeries:
    """Statistics of some nodes: float64 [node, column] by name, for columns with a snapshot."""

    names: Sequence[str]
    kinds: Sequence[str]
    iterations: np.ndarray
    statistics: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FilterSeries:
    """Measures of a parameter's filters: float32 [filter, column], for columns with a snapshot."""

    parameter: str
    filter_size: int
    iterations: np.ndarray
    measures: Mapping[str, np.ndarray]

    @property
    def layer(self) -> str:
        """The layer that owns the parameter."""
        return self.parameter.rpartition(".")[0] or self.parameter


@dataclass(frozen=True)
class ClassSeries:
    """Errors and flips of the classes: [class_, column], for columns with outcomes."""

    names: Sequence[str]
    sizes: np.ndarray
    iterations: np.ndarray
    error: np.ndarray
    flips: np.ndarray


@dataclass(frozen=True)
class RunSeries:
    """All inputs of the rules; data that was not recorded is None or empty."""

    nodes: NodeSeries | None = None
    classes: ClassSeries | None = None
    filters: Iterable[FilterSeries] = ()
    scalar_iterations: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    scalars: Mapping[str, np.ndarray] = field(default_factory=dict)

    def nodes_of(
        self,
        kind: str,
        statistic: str,
        where: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (node, statistic as float64 [column]) of a kind; nothing without the statistic.

        Parameters
        ----------
        where : callable, optional
            Marks the values that a rule may speak of, bool [node, column] of all nodes' values at
            once: nodes without a mark are left out.
        """
        nodes = self.nodes
        if nodes is None or statistic not in nodes.statistics:
            return
        chosen = np.flatnonzero(np.array(nodes.kinds, object) == kind)
        values = np.asarray(nodes.statistics[statistic])[chosen]
        if where is not None:
            marked = where(values).any(axis=1)
            chosen, values = chosen[marked], values[marked]
        for node, one in zip(chosen.tolist(), values, strict=True):
            yield nodes.names[node], one

    def iteration(self, column: int) -> int:
        """Give the iteration of a column of the nodes' statistics."""
        assert self.nodes is not None
        return int(self.nodes.iterations[column])
