"""Conclusions over the whole training: the cube, the ranking of iterations, the findings.

They are computed by the client from the small arrays that the tasks have written.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import zarr

from pipeline.arrays import array_at, group_at, read
from pipeline.graph import Comparison, Run
from pipeline.measures.association import associate, co_occurrence
from pipeline.measures.finding import FindingThresholds
from pipeline.measures.findings import find_all
from pipeline.measures.ranking import iteration_score
from pipeline.measures.series import ClassSeries, FilterSeries, NodeSeries, RunSeries
from pipeline.preparation import put
from pipeline.regions import read_regions
from pipeline.schema import Schema, group_name
from pipeline.scoring import BandScore
from pipeline.sources.manifest import Parameter
from pipeline.validation import ClassCounts

__all__ = ["write_conclusions"]

READ_VALUES = 2**23


def write_conclusions(root: zarr.Group, run: Run, comparison: Comparison) -> int:
    """Write the cube, the ranking and the findings.

    Returns
    -------
    int
        The number of findings.
    """
    _write_layers(root, run, comparison.bands)
    if run.schema.shape.images:
        _write_image_flips(root, run, comparison.classes)
        _write_faces(root, run)
    _write_ranking(root, run)
    return _write_findings(root, run)


def _write_layers(root: zarr.Group, run: Run, bands: Sequence[BandScore]) -> None:
    """Add the new columns of every layer's anomalous filters."""
    architecture = run.schema.architecture
    layers = architecture.layers()
    names = np.array([architecture.nodes[layer].name for layer in layers], object)
    put(group_at(root, "cube"), "layer", names, ["layer"], "layer")
    if not layers or not len(run.columns):
        return
    place = {
        node.name: layers.index(node.parent)
        for node in architecture.nodes
        if node.parameter and node.parameter.has_filters
    }
    anomalous = np.zeros((len(layers), len(run.columns)), np.int32)
    highest = np.full(anomalous.shape, np.nan, np.float32)
    for band in bands:
        layer = place[band.parameter]
        anomalous[layer] += band.anomalous
        highest[layer] = np.fmax(highest[layer], band.highest)
    array_at(root, "cube/anomalous_filters")[:, run.columns.start :] = anomalous
    array_at(root, "cube/highest_score")[:, run.columns.start :] = highest


def _write_image_flips(root: zarr.Group, run: Run, counted: Sequence[ClassCounts]) -> None:
    """Add each image's flips in the new columns to those before."""
    images = group_at(root, "images")
    flips = read(images, "flips") if run.columns.start else np.zeros(run.schema.shape.images, "i4")
    for counts in counted:
        flips[counts.images] += counts.flips
    put(images, "flips", flips, ["image"], "flips")


def _write_faces(root: zarr.Group, run: Run) -> None:
    """Put classes beside layers: flips, association and co-occurrence."""
    cube = group_at(root, "cube")
    put(cube, "class_", np.array(run.subject.classes, object), ["class_"], "class")
    flips = read(root, "classes/flips")
    array_at(cube, "flips")[...] = flips
    layers = run.schema.architecture.layers()
    if not layers:
        return
    together = np.flatnonzero((run.recording.snapshots != 0) & (run.recording.outcomes != 0))
    anomalous = read(cube, "anomalous_filters")[:, together]
    class_anomalies = read(root, "classes/left", _window(run) - 1)[:, together]
    found = associate(flips[:, together], anomalous)
    faces = {
        "association": (found.correlation, "rank correlation of flips and anomalous filters"),
        "p_value": (found.p_value, "p-value of the association by circular shifts"),
        "q_value": (found.q_value, "p-value corrected over all pairs"),
        "co_occurrence": (
            co_occurrence(class_anomalies, anomalous),
            "anomalous filters at the class's anomalous iterations",
        ),
    }
    for name, (values, long_name) in faces.items():
        put(cube, name, values, ["class_", "layer"], long_name)


def _write_ranking(root: zarr.Group, run: Run) -> None:
    """Rank iterations by what stands out in images and filters."""
    nothing = np.zeros(run.schema.shape.iterations)
    images, filters, highest = nothing, nothing, nothing * np.nan
    if run.schema.shape.images:
        images = read(root, "classes/left", _window(run) - 1).sum(axis=0).astype(float)
    if run.schema.architecture.layers():
        filters = read(root, "cube/anomalous_filters").sum(axis=0).astype(float)
        highest = np.fmax.reduce(read(root, "cube/highest_score"), axis=0)
    array_at(root, "cube/image_anomalies")[...] = images
    array_at(root, "cube/filter_anomalies")[...] = filters
    array_at(root, "cube/iteration_score")[...] = iteration_score(images, filters, highest)


def _window(run: Run) -> int:
    return run.subject.config.anomalies.image_window


def _write_findings(root: zarr.Group, run: Run) -> int:
    """Run the health rules over the whole training."""
    thresholds = FindingThresholds(**run.subject.config.findings.model_dump())
    found = find_all(_series(root, run, thresholds.still_snapshots), thresholds)
    columns = {
        "rule": (object, "name of the rule"),
        "severity": (object, "info, warning or error"),
        "node": (object, "where in the network"),
        "class_": (object, "which class"),
        # A variable named as the coordinate that every group inherits would hide behind it.
        "at_iteration": (np.int64, "optimizer step at which it began"),
        "value": (np.float64, "the number behind it"),
        "message": (object, "what was found"),
    }
    for name, (dtype, long_name) in columns.items():
        attribute = name.removeprefix("at_")
        values = np.array([getattr(finding, attribute) for finding in found], dtype)
        put(group_at(root, "health"), name, values, ["finding"], long_name)
    return len(found)


def _series(root: zarr.Group, run: Run, still_snapshots: int) -> RunSeries:
    """Read what the rules look at."""
    iterations = run.recording.iterations
    snapshots = np.flatnonzero(run.recording.snapshots)
    outcomes = np.flatnonzero(run.recording.outcomes)
    statistics = ["nonfinite", "update_ratio", "norm2"]
    statistics += ["grad_nonfinite"] if True in run.schema.kinds() else []
    nodes = run.schema.architecture.nodes
    scalars = run.subject.scalars
    return RunSeries(
        nodes=NodeSeries(
            [node.name for node in nodes],
            [node.kind for node in nodes],
            iterations[snapshots],
            {name: read(root, f"nodes/{name}")[:, snapshots] for name in statistics},
        ),
        classes=ClassSeries(
            run.subject.classes,
            read(root, "classes/size"),
            iterations[outcomes],
            read(root, "classes/error")[:, outcomes],
            read(root, "classes/flips")[:, outcomes],
        )
        if run.schema.shape.images
        else None,
        filters=_still_filters(root, run, snapshots, still_snapshots),
        scalar_iterations=scalars.iterations if scalars else np.empty(0, np.int64),
        scalars=scalars.values if scalars else {},
    )


def _still_filters(
    root: zarr.Group, run: Run, snapshots: np.ndarray, still_snapshots: int
) -> Iterator[FilterSeries]:
    """Give the parameters of which some filter has been zero or unchanged lately.

    The rules speak of stretches that last to the end, so that the end alone tells whom to look at.
    """
    recent = snapshots[-still_snapshots:]
    if len(recent) < still_snapshots:
        return
    span = slice(int(recent[0]), run.schema.shape.iterations)
    for parameters in _batches(run.schema):
        ends = read_regions(
            root.store,
            [
                (run.schema.filters(parameter)[name], (slice(0, parameter.filters), span))
                for parameter in parameters
                for name in ("norm2", "change_euclidean")
            ],
        )
        for parameter, *both in zip(parameters, ends[::2], ends[1::2], strict=True):
            norm, change = (values[:, recent - recent[0]] for values in both)
            dead = run.subject.config.findings.dead_norm * np.sqrt(parameter.filter_size)
            if not ((norm <= dead).all(axis=1) | (change == 0).all(axis=1)).any():
                continue
            group = group_at(root, f"filters/{group_name(parameter)}")
            yield FilterSeries(
                parameter.name,
                parameter.filter_size,
                run.recording.iterations[snapshots],
                read(group, "norm2")[:, snapshots],
                read(group, "change_euclidean")[:, snapshots],
            )


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
