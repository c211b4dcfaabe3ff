"""A measure of filters."""

from collections.abc import Callable
from dataclasses import dataclass

from deeptracker.pipeline.kernels.measuring.filter_sums import FilterSums

__all__ = ["FilterMeasure"]


@dataclass(frozen=True)
class FilterMeasure:
    """A measure of every filter at every snapshot.

    Attributes
    ----------
    name : str
        Name in the store's `measure` coordinate.
    label : str
        Text in menus and legends.
    meaning : str
        Text in the store's `meaning` coordinate.
    formula : callable
        Computes the measure from the sums over a filter's weights. Numba compiles it: it may use
        arithmetic, conditions, and functions of NumPy; division by zero gives infinity or NaN.
    of_change : bool
        Whether it compares a snapshot with the one before. Such a measure is NaN at the first
        snapshot, and also ranks filters.
    """

    name: str
    label: str
    meaning: str
    formula: Callable[[FilterSums], float]
    of_change: bool = False
