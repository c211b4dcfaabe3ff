"""Conclusions over the whole training: the cube, the ranking of iterations, the findings.

They are computed by the client from the small arrays that the tasks have written: first what
follows from the measures alone, while the workers compare filters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from zarr.abc.store import Store

from pipeline.arrays.chunkwriter import ChunkWriter
from pipeline.arrays.regions import read_regions
from pipeline.arrays.specification import ArraySpec
from pipeline.arrays.wholearrays import WholeArrays
from pipeline.graph import Run
from pipeline.measures.association import associate, co_occurrence
from pipeline.measures.finding import Finding, FindingThresholds
from pipeline.measures.findings import find_all
from pipeline.measures.ranking import iteration_score
from pipeline.measures.series import ClassSeries, FilterSeries, NodeSeries, RunSeries
from pipeline.quantities import measure_place
from pipeline.schema import Schema
from pipeline.scoring import BandScore
from pipeline.sources.manifest import Parameter
from pipeline.validation import ClassCounts

__all__ = ["Judgement", "judge", "write_conclusions"]

READ_VALUES = 2**23
FINDING_COLUMNS = {
    "rule": (object, "name of the rule"),
    "severity": (object, "info, warning or error"),
    "node": (object, "where in the network"),
    "class_": (object, "which class"),
    # A variable named as the coordinate that every group inherits would hide behind it.
    "at_iteration": (np.int64, "optimizer step at which it began"),
    "value": (np.float64, "the number behind it"),
    "message": (object, "what was found"),
}


@dataclass(frozen=True)
class _Classes:
    """What is known of the classes: [class_, column] each.

    Attributes
    ----------
    anomalies : numpy.ndarray
        By the left rule, of the window that the config names.
    """

    error: np.ndarray
    flips: np.ndarray
    anomalies: np.ndarray


@dataclass(frozen=True)
class Judgement:
    """What follows from the measures alone, and is not written yet.

    Attributes
    ----------
    flips : numpy.ndarray or None
        int32 [image]; None where there are no images.
    """

    findings: list[Finding]
    classes: _Classes | None
    flips: np.ndarray | None


@dataclass(frozen=True)
class _Layers:
    """What is known of the layers' filters: [layer, column] each."""

    anomalous: np.ndarray
    highest: np.ndarray


def judge(store: Store, run: Run, counts: Sequence[ClassCounts]) -> Judgement:
    """Run the health rules, and add up the images' flips; only reads.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Knows what was measured.
    counts : sequence of ClassCounts
        Of the new columns.
    """
    classes = _read_classes(store, run)
    flips = _image_flips(store, run, counts) if classes else None
    return Judgement(_findings(store, run, classes), classes, flips)


def write_conclusions(
    store: Store, run: Run, judgement: Judgement, bands: Sequence[BandScore]
) -> None:
    """Write what was judged, and what follows from the filters' scores: the cube, the ranking."""
    classes = judgement.classes
    layers = _read_layers(store, run, bands)
    writer = ChunkWriter(store)
    with WholeArrays(store) as arrays:
        _put_findings(arrays, judgement.findings)
        if judgement.flips is not None:
            arrays.put("images/flips", judgement.flips, ["image"], "flips")
        _write_layers(writer, arrays, run, layers)
        if classes:
            _write_faces(writer, arrays, run, classes, layers)
        _write_ranking(writer, run, classes, layers)
    writer.flush()


def _read_classes(store: Store, run: Run) -> _Classes | None:
    if not run.schema.shape.images:
        return None
    specs = run.schema.classes()
    every = (slice(0, run.schema.shape.classes), slice(0, run.schema.shape.iterations))
    window = run.subject.config.anomalies.image_window
    error, flips, [anomalies] = read_regions(
        store,
        [
            (specs["error"], every),
            (specs["flips"], every),
            (specs["left"], (slice(window - 1, window), *every)),
        ],
    )
    return _Classes(error, flips, anomalies)


def _read_layers(store: Store, run: Run, bands: Sequence[BandScore]) -> _Layers:
    """Read what was known of every layer, and add the new columns."""
    architecture = run.schema.architecture
    layers = architecture.layers()
    if not layers:
        nothing = np.zeros((0, run.schema.shape.iterations))
        return _Layers(nothing.astype(np.int32), nothing.astype(np.float32))
    specs = run.schema.cube()
    every = (slice(0, len(layers)), slice(0, run.schema.shape.iterations))
    anomalous, highest = read_regions(
        store, [(specs[name], every) for name in ("anomalous_filters", "highest_score")]
    )
    anomalous[:, run.columns.start :] = 0
    highest[:, run.columns.start :] = np.nan
    place = {
        node.name: layers.index(node.parent)
        for node in architecture.nodes
        if node.parameter and node.parameter.has_filters
    }
    for band in bands:
        layer = place[band.parameter]
        anomalous[layer, run.columns.start :] += band.anomalous
        new = highest[layer, run.columns.start :]
        new[:] = np.fmax(new, band.highest)
    return _Layers(anomalous, highest)


def _write_layers(writer: ChunkWriter, arrays: WholeArrays, run: Run, layers: _Layers) -> None:
    architecture = run.schema.architecture
    names = np.array([architecture.nodes[layer].name for layer in architecture.layers()], object)
    arrays.put("cube/layer", names, ["layer"], "layer")
    specs = run.schema.cube()
    first = run.columns.start
    if len(names):
        writer.write(specs["anomalous_filters"], (0, first), layers.anomalous[:, first:])
        writer.write(specs["highest_score"], (0, first), layers.highest[:, first:])


def _image_flips(store: Store, run: Run, counts: Sequence[ClassCounts]) -> np.ndarray:
    """Add each image's flips in the new columns to those before."""
    count = run.schema.shape.images
    flips = np.zeros(count, np.int32)
    if run.columns.start:
        spec = ArraySpec("images/flips", "int32", (count,), (count,), ("image",), "flips", fill=0)
        [flips] = read_regions(store, [(spec, (slice(0, count),))])
    for counted in counts:
        flips[counted.images] += counted.flips
    return flips


def _write_faces(
    writer: ChunkWriter, arrays: WholeArrays, run: Run, classes: _Classes, layers: _Layers
) -> None:
    """Put classes beside layers: flips, association and co-occurrence."""
    arrays.put("cube/class_", np.array(run.subject.classes, object), ["class_"], "class")
    first = run.columns.start
    writer.write(run.schema.cube()["flips"], (0, first), classes.flips[:, first:])
    if not len(layers.anomalous):
        return
    together = np.flatnonzero((run.recording.snapshots != 0) & (run.recording.outcomes != 0))
    anomalous = layers.anomalous[:, together]
    found = associate(classes.flips[:, together], anomalous)
    faces = {
        "association": (found.correlation, "rank correlation of flips and anomalous filters"),
        "p_value": (found.p_value, "p-value of the association by circular shifts"),
        "q_value": (found.q_value, "p-value corrected over all pairs"),
        "co_occurrence": (
            co_occurrence(classes.anomalies[:, together], anomalous),
            "anomalous filters at the class's anomalous iterations",
        ),
    }
    for name, (values, long_name) in faces.items():
        arrays.put(f"cube/{name}", values, ["class_", "layer"], long_name)


def _write_ranking(
    writer: ChunkWriter, run: Run, classes: _Classes | None, layers: _Layers
) -> None:
    """Rank iterations by what stands out in images and filters."""
    nothing = np.zeros(run.schema.shape.iterations)
    images, filters, highest = nothing, nothing, nothing * np.nan
    if classes:
        images = classes.anomalies.sum(axis=0).astype(float)
    if len(layers.anomalous):
        filters = layers.anomalous.sum(axis=0).astype(float)
        highest = np.fmax.reduce(layers.highest, axis=0)
    specs = run.schema.cube()
    for name, values in {
        "image_anomalies": images,
        "filter_anomalies": filters,
        "iteration_score": iteration_score(images, filters, highest),
    }.items():
        writer.write(specs[name], (0,), values.astype(np.float64))


def _findings(store: Store, run: Run, classes: _Classes | None) -> list[Finding]:
    """Run the health rules over the whole training."""
    thresholds = FindingThresholds(**run.subject.config.findings.model_dump())
    return find_all(_series(store, run, classes, thresholds.still_snapshots), thresholds)


def _put_findings(arrays: WholeArrays, found: Sequence[Finding]) -> None:
    for name, (dtype, long_name) in FINDING_COLUMNS.items():
        attribute = name.removeprefix("at_")
        values = np.array([getattr(finding, attribute) for finding in found], dtype)
        arrays.put(f"health/{name}", values, ["finding"], long_name)


def _series(store: Store, run: Run, classes: _Classes | None, still_snapshots: int) -> RunSeries:
    """Gather what the rules look at."""
    iterations = run.recording.iterations
    snapshots = np.flatnonzero(run.recording.snapshots)
    outcomes = np.flatnonzero(run.recording.outcomes)
    scalars = run.subject.scalars
    return RunSeries(
        nodes=_node_series(store, run, snapshots),
        classes=ClassSeries(
            run.subject.classes,
            run.subject.class_sizes,
            iterations[outcomes],
            classes.error[:, outcomes],
            classes.flips[:, outcomes],
        )
        if classes
        else None,
        filters=_still_filters(store, run, snapshots, still_snapshots),
        scalar_iterations=scalars.iterations if scalars else np.empty(0, np.int64),
        scalars=scalars.values if scalars else {},
    )


def _node_series(store: Store, run: Run, snapshots: np.ndarray) -> NodeSeries:
    nodes = run.schema.architecture.nodes
    every = (slice(0, len(nodes)), slice(0, run.schema.shape.iterations))
    specs = {name: run.schema.nodes()[name] for name in ("nonfinite", "update_ratio", "norm2")}
    if True in run.schema.kinds():
        specs["grad_nonfinite"] = run.schema.nodes(gradient=True)["nonfinite"]
    found = read_regions(store, [(spec, every) for spec in specs.values()])
    return NodeSeries(
        [node.name for node in nodes],
        [node.kind for node in nodes],
        run.recording.iterations[snapshots],
        {name: values[:, snapshots] for name, values in zip(specs, found, strict=True)},
    )


def _still_filters(
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
