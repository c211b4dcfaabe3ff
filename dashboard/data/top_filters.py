"""The filters that changed most at one iteration, and those common to several iterations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.filter_series import read_filters_of
from deeptracker.dashboard.data.run import Run

__all__ = ["TopFilter", "common_filters", "top_filters"]

# Columns read at a time: those of one chunk of the store.
BLOCK = 32


@dataclass(frozen=True)
class TopFilter:
    """A filter and its measure; for several iterations, the least value.

    Attributes
    ----------
    parameter : str
    filter : int
    value : float
    """

    parameter: str
    filter: int
    value: float

    @property
    def key(self) -> tuple[str, int]:
        """Parameter and filter index."""
        return self.parameter, self.filter


def top_filters(
    run: Run,
    column: int,
    count: int = 8,
    measure: str = "anomaly_score",
    within: Sequence[str] = (),
) -> list[TopFilter]:
    """List the filters with the highest measure at a column, highest first.

    Parameters
    ----------
    column : int
    count : int
        Greatest length of the list.
    measure : str
        A filter measure.
    within : sequence of str
        Nodes of the tree whose filters compete; if empty, all filters of the network.
    """
    names, starts = _filters_of(run)
    values = _values_at(run, names, measure, column)
    allowed = np.zeros(len(values), bool)
    for place, name in enumerate(names):
        allowed[starts[place] : starts[place + 1]] = _is_within(name, within)
    candidates = np.flatnonzero(allowed & np.isfinite(values))
    order = candidates[np.argsort(-values[candidates], kind="stable")][:count]
    owners = np.searchsorted(starts, order, side="right") - 1
    return [
        TopFilter(names[owner], int(place - starts[owner]), float(values[place]))
        for place, owner in zip(order, owners, strict=True)
    ]


def common_filters(tops: Sequence[Sequence[TopFilter]]) -> list[TopFilter]:
    """List the filters that are among the top filters of every iteration.

    Returns
    -------
    list of TopFilter
        With the least of their values, the highest first.
    """
    if not tops:
        return []
    found = [{top.key: top.value for top in listed} for listed in tops]
    shared = set(found[0]).intersection(*found[1:])
    common = [TopFilter(*key, min(values[key] for values in found)) for key in shared]
    return sorted(common, key=lambda top: (-top.value, top.key))


def _filters_of(run: Run) -> tuple[list[str], np.ndarray]:
    """Give the parameters that have filters, and the first place of each among all filters."""
    table = run.parameters
    filtered = table["filters"] > 0
    names = [str(name) for name in table["name"][filtered]]
    return names, np.append(table["first_filter"][filtered], table["filters"].sum())


def _values_at(run: Run, names: Sequence[str], measure: str, column: int) -> np.ndarray:
    """Give a measure of every filter at a column, float32 [filter]."""
    if not names:
        return np.zeros(0, np.float32)
    first = column // BLOCK * BLOCK
    span = slice(first, min(first + BLOCK, len(run.iterations)))

    def read() -> np.ndarray:
        return np.concatenate(read_filters_of(run, names, measure, columns=span)).T.copy()

    return SHARED.get((run.location, run.commit, "filters", measure, first), read)[column - first]


def _is_within(parameter: str, nodes: Sequence[str]) -> bool:
    return not nodes or any(
        not node or parameter == node or parameter.startswith(f"{node}.") for node in nodes
    )
