"""Reading measures of filters from the store, for many parameters at once."""

from collections.abc import Sequence

import numpy as np

from deeptracker.dashboard.data.quantities import SCORE
from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline.store.arrays.region_reader import read_regions

__all__ = ["filter_count", "filter_span", "read_filters", "read_filters_of"]


def filter_count(run: Run, parameter: str) -> int:
    """Count the filters of a parameter."""
    return int(run.parameters["filters"][run.parameter(parameter)])


def filter_span(run: Run, parameter: str) -> slice:
    """Give the positions of a parameter's filters among all filters."""
    place = run.parameter(parameter)
    first = int(run.parameters["first_filter"][place])
    return slice(first, first + int(run.parameters["filters"][place]))


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

    Filters that follow each other in the store are read together.

    Parameters
    ----------
    measure : str
        As the store's `measure` names them, or ``"anomaly_score"``.
    filters, columns : slice
        Of each parameter, clipped to the existing ones; the step must be one.
    """
    if not parameters:
        return []
    spec = run.spec(f"filters/{SCORE if measure == SCORE else 'measures'}")
    across = slice(*columns.indices(spec.shape[-1])[:2])
    first: tuple[slice, ...] = ()
    if measure != SCORE:
        place = [str(name) for name in run.array("filters/measure")].index(measure)
        first = (slice(place, place + 1),)
    spans = [_part(filter_span(run, parameter), filters) for parameter in parameters]
    joined = _joined(spans)
    read = read_regions(run.root.store, [(spec, (*first, span, across)) for span in joined])
    starts = np.array([span.start for span in joined])
    found = []
    for span in spans:
        place = int(np.searchsorted(starts, span.start, side="right")) - 1
        values = read[place].reshape(read[place].shape[-2:])
        found.append(values[span.start - starts[place] : span.stop - starts[place]])
    return found


def _part(span: slice, filters: slice) -> slice:
    """Give some of a parameter's filters as those of all."""
    low, high, _ = filters.indices(span.stop - span.start)
    return slice(span.start + low, span.start + max(low, high))


def _joined(spans: Sequence[slice]) -> list[slice]:
    """Join spans that follow each other or overlap."""
    joined: list[slice] = []
    for span in sorted(spans, key=lambda span: (span.start, span.stop)):
        if joined and span.start <= joined[-1].stop:
            joined[-1] = slice(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined
