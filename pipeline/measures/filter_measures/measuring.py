"""All measures of some filters, by one compiled loop."""

import hashlib
from pathlib import Path

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.kernels.measuring.filter_sums import (
    ABSOLUTE,
    CHANGE_ABSOLUTE,
    CHANGE_SQUARES,
    NOTHING,
    SQUARES,
    SQUARES_RISE,
    SUM,
    WEIGHTS,
    FilterSums,
    GatheredFilters,
)
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES

__all__ = ["measured_filters"]

careful = inner(inline="always", error_model="numpy")


def _sources() -> str:
    """Compute a digest of the formulas, so that a change in one recompiles the loop."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _in_order(formulas):
    """Make one function that writes every formula's result, from a given place on."""
    if not formulas:
        return careful(lambda _sums, _into, _place: None)
    first, others = careful(formulas[0]), _in_order(formulas[1:])

    def write(sums, into, place):
        into[place] = first(sums)
        others(sums, into, place + 1)

    return careful(write)


write_all = _in_order([measure.formula for measure in FILTER_MEASURES.values()])


def measured_filters(filters: GatheredFilters) -> np.ndarray:
    """Compute every measure of some filters.

    Returns
    -------
    numpy.ndarray
        float32 [measure, filter, column], NaN where unknown. In memory the filters of a column lie
        one after the other.
    """
    of_change = np.array([measure.of_change for measure in FILTER_MEASURES.values()])
    found = np.empty((len(of_change), filters.before.shape[1], filters.count), np.float32)
    _measure(filters.sums, filters.lines, filters.parts, filters.before, of_change, found)
    return found.transpose(0, 2, 1)


@kernel(sources=_sources(), error_model="numpy")
def _measure(gathered, lines, parts, before, of_change, found):
    for column in range(found.shape[1]):
        for number in range(found.shape[2]):
            past = before[parts[number], column]
            alone = past == NOTHING
            line, into = gathered[column, lines[number]], found[:, column, number]
            if line[WEIGHTS] == 0:
                into[:] = np.nan
                continue
            sums = FilterSums(
                line[WEIGHTS],
                line[SUM],
                line[SQUARES],
                line[ABSOLUTE],
                np.nan if alone else line[CHANGE_SQUARES],
                np.nan if alone else line[CHANGE_ABSOLUTE],
                np.nan if alone else line[SQUARES_RISE],
                np.nan if alone else gathered[past, lines[number], SQUARES],
                np.nan if alone else gathered[past, lines[number], ABSOLUTE],
            )
            write_all(sums, into, 0)
            if alone:
                for place in range(of_change.size):
                    if of_change[place]:
                        into[place] = np.nan
