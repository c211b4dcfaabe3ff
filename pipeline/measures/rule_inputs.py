"""What the health rules look at: statistics, measures, outcomes and scalars over the iterations."""

from collections.abc import Iterable, Mapping, Sequence
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
    """Filter measures of one parameter: float32 [filter, column], for columns with a snapshot."""

    parameter: str
    filter_size: int
    iterations: np.ndarray
    norm2: np.ndarray
    change: np.ndarray


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
    """Everything the rules look at; what was not recorded is None or empty."""

    nodes: NodeSeries | None = None
    classes: ClassSeries | None = None
    filters: Iterable[FilterSeries] = ()
    scalar_iterations: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    scalars: Mapping[str, np.ndarray] = field(default_factory=dict)
