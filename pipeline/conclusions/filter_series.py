"""The filters that health rules judge."""

from collections.abc import Iterator, Sequence

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.values import READ_VALUES
from deeptracker.pipeline.measures.rule_inputs import FilterSeries
from deeptracker.pipeline.measures.rules.registry import FILTER_RULES
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.quantities import measure_place
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.graph import Run

__all__ = ["filter_series"]


def filter_series(store: Store, run: Run, snapshots: np.ndarray) -> Iterator[FilterSeries]:
    """Give the parameters whose filters a rule may speak of.

    The rules of filters speak of stretches that last to the end, so that the end alone tells which
    parameters to look at.

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
    for parameters in _batches(run.schema, len(measures)):
        for parameter, end in zip(
            parameters, _read(store, run, parameters, measures, recent), strict=True
        ):
            if any(rule.concerns(end, limits) for rule in FILTER_RULES):
                yield from _read(store, run, [parameter], measures, snapshots)


def _read(
    store: Store,
    run: Run,
    parameters: Sequence[Parameter],
    measures: Sequence[str],
    columns: np.ndarray,
) -> list[FilterSeries]:
    """Read some measures of the filters of each parameter, at ascending columns."""
    span = slice(int(columns[0]), int(columns[-1]) + 1)
    read = read_regions(
        store,
        [
            (
                run.schema.filters(parameter),
                (measure_place(name), slice(0, parameter.filters), span),
            )
            for parameter in parameters
            for name in measures
        ],
    )
    values = (found[:, columns - span.start] for [found] in read)
    return [
        FilterSeries(
            parameter.name,
            parameter.filter_size,
            run.recording.iterations[columns],
            {name: next(values) for name in measures},
        )
        for parameter in parameters
    ]


def _batches(schema: Schema, measures: int) -> Iterator[list[Parameter]]:
    """Group the parameters that have filters, to read a bounded number of values together."""
    batch: list[Parameter] = []
    values = 0
    for parameter in schema.architecture.parameters:
        if parameter.has_filters:
            batch.append(parameter)
            values += measures * parameter.filters * schema.shape.columns_per_chunk
        if values >= READ_VALUES:
            yield batch
            batch, values = [], 0
    if batch:
        yield batch
