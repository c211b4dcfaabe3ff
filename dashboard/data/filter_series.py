"""Reading the measures of filters from the store: of many parameters together."""

from collections.abc import Sequence

import numpy as np

from deeptracker.dashboard.data.quantities import SCORE
from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.names import group_name

__all__ = ["filter_count", "read_filters", "read_filters_of"]


def filter_count(run: Run, parameter: str) -> int:
    """Count the filters of a parameter."""
    return int(run.stored(_path(parameter, SCORE)).shape[0])


def read_filters(
    run: Run,
    parameter: str,
    measure: str,
    filters: slice = slice(None),
    columns: slice = slice(None),
) -> np.ndarray:
    """Read a measure of some filters of a parameter, float32 [filter, column]."""
    return read_filters_of(run, [parameter], measure, filters, columns)[0]


def read_filters_of(
    run: Run,
    parameters: Sequence[str],
    measure: str,
    filters: slice = slice(None),
    columns: slice = slice(None),
) -> list[np.ndarray]:
    """Read a measure of several parameters' filters, float32 [filter, column] each.

    What takes time is waiting for each of many small arrays, so they are waited for together.

    Parameters
    ----------
    measure : str
        As the store's `measure` names them, or ``"anomaly_score"``.
    filters, columns : slice
        Of each parameter; those that there are, with a step of one.
    """
    specs = [run.spec(_path(parameter, measure)) for parameter in parameters]
    regions = [
        tuple(slice(*side.indices(length)[:2]) for side, length in zip(sides, lengths, strict=True))
        for sides, lengths in (((filters, columns), spec.shape[-2:]) for spec in specs)
    ]
    if measure != SCORE:
        place = [str(name) for name in run.array("filters/measure")].index(measure)
        regions = [(slice(place, place + 1), *region) for region in regions]
    found = read_regions(run.root.store, list(zip(specs, regions, strict=True)))
    return [values.reshape(values.shape[-2:]) for values in found]


def _path(parameter: str, measure: str) -> str:
    return f"filters/{group_name(parameter)}/{SCORE if measure == SCORE else 'measures'}"
