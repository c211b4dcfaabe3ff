"""Forecast a run from the headers of its log, without reading a weight.

Counts follow exactly from the plan of the blocks. Compressed sizes and times are estimated from
measured runs.
"""

import math
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deeptracker.pipeline.clusters import LocalSettings, Size
from deeptracker.pipeline.forecast.forecast import Forecast
from deeptracker.pipeline.locations.paths import is_remote, local_path
from deeptracker.pipeline.planning.blocks import (
    PROCESS_BYTES,
    Columns,
    Plan,
    column_blocks,
    plan_blocks,
)
from deeptracker.pipeline.planning.changes import Change, Recording
from deeptracker.pipeline.planning.empty_store import merged_recording
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.repository import INLINE_BYTES, MANIFEST_OBJECTS, refusals
from deeptracker.pipeline.store.run_store import find_store
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.graph import FAN_IN
from deeptracker.pipeline.tasks.image_outcomes import class_bands
from deeptracker.pipeline.tasks.score_filters import filter_bands

__all__ = ["RATE_ATTRIBUTE", "Rate", "forecast_of"]

# Stored bytes over raw bytes, measured on real and synthetic trainings; gradients compress less.
SHARES = {
    "weights": 0.29,
    "weights/gradient": 0.37,
    "filters": 0.67,
    "nodes/histogram": 0.03,
    "nodes": 0.35,
    "images": 0.07,
    "images/loss": 0.9,
    "images/confidence": 0.9,
    "classes": 0.03,
}
OTHER_SHARE = 0.4
MANIFEST_BYTES = 256
# Small arrays that are written whole: of nodes, parameters, filters, findings and the cube; and of
# each level, and of images and their classes.
WHOLE_ARRAYS, LEVEL_ARRAYS, IMAGE_ARRAYS = 38, 2, 12
# Memory of a worker process: interpreter, libraries, compiled kernels, and free pages that the
# allocator keeps.
WORKER_BYTES = 448 * 2**20
# Bytes a second of one worker thread with a warm cache, until a run has been measured.
ASSUMED_RATE = 1e9
STARTUP_SECONDS = 2.0
TASK_SECONDS = 0.02
# Time of a worker thread for each chunk or shard that it stores, however small.
OBJECT_SECONDS = 1.2e-3
# Time of the client for each array: its group, its description and its manifest.
ARRAY_SECONDS = 1e-3
RATE_ATTRIBUTE = "measured_bytes_per_second"


@dataclass(frozen=True)
class Rate:
    """Bytes of weights a second that one worker thread measures.

    Attributes
    ----------
    origin : str
        Where the number comes from.
    measured : bool
        Whether a run of this log was measured: its rate includes the time of its small arrays.
    """

    bytes_per_second: float
    origin: str
    measured: bool = False


def forecast_of(subject: RunInputs, location: str, rate: float | None = None) -> Forecast:
    """Forecast a run.

    Parameters
    ----------
    subject : RunInputs
        The log, and the config with its cluster; an existing scheduler is asked for its workers.
    location : str
        Path or URL of the store.
    rate : float, optional
        Bytes a second of one thread; by default that of the store's last run, or an assumed one.

    Raises
    ------
    DeepTrackerError
        When the log, the store or the cluster cannot be opened, or no task fits the budget.
    """
    reader = find_store(location, subject.config.storage)
    root = reader.root() if reader else None
    with refusals(location, subject.config.storage):
        change, subject = subject.compared(root)
        recording = merged_recording(root, change, subject.recording)
    schema = subject.schema(recording.iterations)
    first = len(recording.iterations) if change.action == "nothing" else change.first_column
    columns = Columns(first, len(recording.iterations))
    known = _base_forecast(subject, location, change, recording, columns)
    if not len(columns):
        return known
    plan = plan_blocks(
        schema.layout,
        columns,
        columns_per_chunk=subject.config.columns_per_chunk,
        workers=subject.cluster_size.tasks,
        measured=schema.measured,
    )
    size = subject.fitted_size(plan.nbytes)
    read = _read_bytes(plan, recording, subject, schema)
    tasks = _tasks(plan, schema, columns, subject)
    used = _rate(rate, dict(root.attrs) if root is not None else {})
    written = list(_written(schema, columns))
    return replace(
        known,
        read_bytes=read,
        written_bytes=_written_bytes(written, subject, change),
        objects=_objects(written, columns) + _whole_arrays(schema, subject),
        tasks=tasks,
        task_bytes=plan.projected_bytes,
        worker_bytes=WORKER_BYTES + size.threads * (plan.projected_bytes - PROCESS_BYTES),
        worker_limit=size.memory,
        workers=size.workers,
        threads=size.threads,
        free_bytes=_free_bytes(location),
        seconds=_seconds(read, tasks, written, _parallel_tasks(size, subject), used),
        bytes_per_second=used.bytes_per_second,
        rate_origin=used.origin,
    )


def _base_forecast(
    subject: RunInputs, location: str, change: Change, recording: Recording, columns: Columns
) -> Forecast:
    """Give the part of a forecast that needs no plan of the tasks."""
    parameters = subject.history.newest
    return Forecast(
        log=subject.source.location,
        store=location,
        action=change.action,
        reason=change.reason,
        iterations=len(columns),
        snapshots=int(np.count_nonzero(recording.snapshots[columns.start :])),
        parameters=len(parameters),
        weights=sum(parameter.size for parameter in parameters),
        problems=tuple(map(str, (*subject.source.problems, *change.warnings))),
        changes=subject.history.changes(subject.stored),
        reading=tuple(subject.source.reading.lines(subject.source.iterations)),
    )


def _read_bytes(plan: Plan, recording: Recording, subject: RunInputs, schema: Schema) -> int:
    """Count the bytes that tasks read: each snapshot, and the one before each block again."""
    # Snapshots before each column.
    before = np.concatenate([[0], np.cumsum(recording.snapshots != 0)])
    nbytes = 0
    for block in plan.blocks:
        numbers = block.parts.number
        first, stop = schema.columns[:, numbers]
        begin = np.clip(block.columns.start, first, stop)
        end = np.clip(block.columns.stop, first, stop)
        times = before[end] - before[begin] + (before[begin] > before[first])
        layout = schema.layout
        item = layout.gradient_item_bytes if block.gradient else layout.item_bytes
        nbytes += int(times @ (block.parts.weights * item[numbers]))
    if subject.images is not None and len(plan.blocks):
        for iteration in recording.iterations[plan.blocks[0].columns.start :]:
            file = subject.source.outcomes(int(iteration))
            if file is not None:
                refs = (file.predicted, file.loss, file.confidence)
                nbytes += sum(ref.nbytes for ref in refs if ref is not None)
    return nbytes


def _tasks(plan: Plan, schema: Schema, columns: Columns, subject: RunInputs) -> int:
    """Count the tasks: blocks, merges of their results, bands of filters and of classes."""
    count = 0
    for _, group in plan.by_columns():
        results = len(group)
        count += results + 1
        while results > FAN_IN:
            results = math.ceil(results / FAN_IN)
            count += results
    scored = sum(1 for _ in filter_bands(schema))
    count += scored + bool(scored)  # a task shares the measured chunks with them
    if subject.images is not None:
        count += sum(1 for _ in column_blocks(columns, subject.config.columns_per_chunk))
        count += sum(1 for _ in class_bands(schema))
    return count


# An array, its number of objects that change, and the stored bytes of one of them.
_Written = tuple[ArraySpec, int, float]


def _written(schema: Schema, columns: Columns) -> Iterator[_Written]:
    """Yield the arrays with an iteration axis into which a run writes."""
    for spec in (*schema.arrays(), *schema.axes()):
        if "iteration" not in spec.dims:
            continue
        axis = spec.dims.index("iteration")
        side = spec.stored[axis]
        first = columns.start // side
        counts = [math.ceil(n / s) for n, s in zip(spec.shape, spec.stored, strict=True)]
        counts[axis] -= first
        values = spec.item_bytes * math.prod(
            n - first * side if index == axis else n for index, n in enumerate(spec.shape)
        )
        objects = math.prod(counts)
        if objects:
            yield spec, objects, values * _share(spec) / objects


def _share(spec: ArraySpec) -> float:
    group, _, rest = spec.path.partition("/")
    name = rest.rsplit("/", 1)[-1].removeprefix("grad_")
    for key in (f"{group}/{name}", group):
        if key in SHARES:
            return SHARES[key]
    return OTHER_SHARE


def _written_bytes(written: Iterable[_Written], subject: RunInputs, change: Change) -> int:
    nbytes = 0.0
    for _, objects, object_bytes in written:
        nbytes += objects * (object_bytes + MANIFEST_BYTES)
    if change.action != "append" and subject.images and subject.images.thumbnails:
        nbytes += subject.images.thumbnails.nbytes
    return int(nbytes)


def _objects(written: Iterable[_Written], columns: Columns) -> int:
    """Count the shards and chunks that are objects of their own, and the arrays' manifests."""
    return sum(
        _manifests(spec, columns) + (objects if object_bytes > INLINE_BYTES else 0)
        for spec, objects, object_bytes in written
    )


def _whole_arrays(schema: Schema, subject: RunInputs) -> int:
    """Count the arrays that every run writes whole: each is a manifest."""
    scalars = len(subject.scalars.values) + 1 if subject.scalars else 1
    images = IMAGE_ARRAYS if subject.images is not None else 0
    return WHOLE_ARRAYS + LEVEL_ARRAYS * len(schema.layout.levels) + images + scalars


def _manifests(spec: ArraySpec, columns: Columns) -> int:
    """Count the manifests of an array that change."""
    side = MANIFEST_OBJECTS * spec.stored[spec.dims.index("iteration")]
    return math.ceil(columns.stop / side) - columns.start // side


def _rate(given: float | None, attributes: dict[str, Any]) -> Rate:
    if given is not None:
        return Rate(given, "as given")
    if RATE_ATTRIBUTE in attributes:
        measured = float(attributes[RATE_ATTRIBUTE])
        return Rate(measured, "measured by the last run of this store", measured=True)
    return Rate(ASSUMED_RATE, "assumed; no run of this store has been measured")


def _parallel_tasks(size: Size, subject: RunInputs) -> int:
    """Count the tasks that run at full speed: more workers than cores are no faster."""
    local = isinstance(subject.config.cluster, LocalSettings)
    return min(size.tasks, os.cpu_count() or 1) if local else size.tasks


def _seconds(
    read: int, tasks: int, written: Sequence[_Written], parallel: int, rate: Rate
) -> float:
    """Add up the times of bytes, tasks, and the objects of the store."""
    worker_seconds = read / rate.bytes_per_second + tasks * TASK_SECONDS
    if not rate.measured:
        worker_seconds += OBJECT_SECONDS * sum(objects for _, objects, _ in written)
    return STARTUP_SECONDS + ARRAY_SECONDS * len(written) + worker_seconds / parallel


def _free_bytes(location: str) -> int | None:
    if is_remote(location):
        return None
    path = local_path(location).absolute()
    existing = next((folder for folder in (path, *path.parents) if folder.is_dir()), Path("/"))
    return shutil.disk_usage(existing).free
