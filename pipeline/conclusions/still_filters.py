"""Filters that hardly move any more."""

from collections.abc import Iterator, Sequence

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.values import (
    READ_VALUES,
)
from deeptracker.pipeline.measures.rule_inputs import (
    FilterSeries,
)
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.quantities import measure_place
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.graph import Run


def still_filters(
    store: Store, run: Run, snapshots: np.ndarray, still_snapshots: int
) -> Iterator[FilterSeries]:
    """Give the parameters of which some filter has been zero or unchanged lately.

    The rules speak of stretches that last to the end, so that the end alone tells whom to look at.
    """
    recent = snapshots[-still_snapshots:]
    if len(recent) < still_snapshots:
        return
    span = slice(int(recent[0]), run.schema.shape.iterations)
    for parameters in _batches(run.schema):
        ends = _norms_and_changes(store, run.schema, parameters, span)
        for parameter, *both in zip(parameters, ends[::2], ends[1::2], strict=True):
            norm, change = (values[:, recent - recent[0]] for values in both)
            dead = run.subject.config.findings.dead_norm * np.sqrt(parameter.filter_size)
            if not ((norm <= dead).all(axis=1) | (change == 0).all(axis=1)).any():
                continue
            whole = slice(0, run.schema.shape.iterations)
            norms, changes = _norms_and_changes(store, run.schema, [parameter], whole)
            yield FilterSeries(
                parameter.name,
                parameter.filter_size,
                run.recording.iterations[snapshots],
                norms[:, snapshots],
                changes[:, snapshots],
            )


def _norms_and_changes(
    store: Store, schema: Schema, parameters: Sequence[Parameter], columns: slice
) -> list[np.ndarray]:
    """Read two measures of each parameter's filters, one after the other."""
    read = read_regions(
        store,
        [
            (
                schema.filters(parameter),
                (measure_place(name), slice(0, parameter.filters), columns),
            )
            for parameter in parameters
            for name in ("norm2", "change_euclidean")
        ],
    )
    return [values for [values] in read]


def _batches(schema: Schema) -> Iterator[list[Parameter]]:
    """Group the parameters that have filters, to read a bounded number of values together."""
    batch: list[Parameter] = []
    values = 0
    for parameter in schema.architecture.parameters:
        if parameter.has_filters:
            batch.append(parameter)
            values += 2 * parameter.filters * schema.shape.columns_per_chunk
        if values >= READ_VALUES:
            yield batch
            batch, values = [], 0
    if batch:
        yield batch
