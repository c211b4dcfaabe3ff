"""The filters that health rules judge."""

from collections.abc import Iterator, Sequence

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.values import READ_VALUES
from deeptracker.pipeline.measures.rule_inputs import FilterSeries
from deeptracker.pipeline.measures.rules.registry import FILTER_RULES
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.quantities import measure_place
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.graph import ProcessingRun

__all__ = ["filter_series"]


def filter_series(
    store: Store, run: ProcessingRun, snapshots: np.ndarray
) -> Iterator[FilterSeries]:
    """Give the parameters with filters that a rule may report.

    The rules of filters report stretches that last to the end: the last columns decide which
    parameters to read.

    Parameters
    ----------
    snapshots : numpy.ndarray
        int64 [snapshot]: the columns with a snapshot.
    """
    limits = run.subject.config.findings
    measures = list(dict.fromkeys(name for rule in FILTER_RULES for name in rule.measures))
    recent = snapshots[-limits.still_snapshots :]
    if len(recent) < limits.still_snapshots or not measures:
        return
    for numbers in _batches(run.schema, len(measures)):
        for number, end in zip(numbers, _read(store, run, numbers, measures, recent), strict=True):
            if any(rule.concerns(end, limits) for rule in FILTER_RULES):
                yield from _read(store, run, [number], measures, snapshots)


def _read(
    store: Store,
    run: ProcessingRun,
    numbers: Sequence[int],
    measures: Sequence[str],
    columns: np.ndarray,
) -> list[FilterSeries]:
    """Read some measures of the filters of neighbouring parameters, at ascending columns."""
    layout, spec = run.schema.layout, run.schema.filters()
    nodes, leaves = run.schema.architecture.nodes, run.schema.architecture.leaves()
    span = slice(int(columns[0]), int(columns[-1]) + 1)
    begins = layout.first_filter[numbers] - layout.first_filter[numbers[0]]
    ends = begins + layout.filters[numbers]
    first = int(layout.first_filter[numbers[0]])
    filters = slice(first, first + int(ends[-1]))
    read = read_regions(store, [(spec, (measure_place(name), filters, span)) for name in measures])
    found = {
        name: values[:, columns - span.start] for name, [values] in zip(measures, read, strict=True)
    }
    return [
        FilterSeries(
            nodes[leaves[number]].name,
            layout.parameters[number].filter_size,
            run.recording.iterations[columns],
            {name: values[begin:end] for name, values in found.items()},
        )
        for number, begin, end in zip(numbers, begins, ends, strict=True)
    ]


def _batches(schema: Schema, measures: int) -> Iterator[list[int]]:
    """Group the parameters that have filters, to read a bounded number of values together."""
    batch: list[int] = []
    values = 0
    for number in np.flatnonzero(schema.layout.filters).tolist():
        batch.append(number)
        values += measures * int(schema.layout.filters[number]) * schema.shape.columns_per_chunk
        if values >= READ_VALUES:
            yield batch
            batch, values = [], 0
    if batch:
        yield batch
