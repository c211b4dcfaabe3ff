"""Conclusions over the whole training: the cube, the ranking of iterations, the findings.

The client computes them from the small arrays that the tasks have written. The conclusions from the
measures alone come first, while the workers compare filters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.incident_series import incident_series
from deeptracker.pipeline.conclusions.rule_series import rule_series
from deeptracker.pipeline.conclusions.values import (
    ClassValues,
    LayerValues,
    known_layers,
    read_classes,
    read_layers,
)
from deeptracker.pipeline.measures.association import associate, co_occurrence
from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.findings import find_all
from deeptracker.pipeline.measures.incidents.find_incidents import find_incidents
from deeptracker.pipeline.measures.incidents.incident import Incident
from deeptracker.pipeline.measures.ranking import iteration_score
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.arrays.whole_arrays import WholeArrays
from deeptracker.pipeline.tasks.graph import ProcessingRun
from deeptracker.pipeline.tasks.image_outcomes import ClassCounts
from deeptracker.pipeline.tasks.score_filters import BandScore

__all__ = ["Judgement", "judge", "write_conclusions"]

FINDING_COLUMNS = {
    "rule": (object, "name of the rule"),
    "severity": (object, "info, warning or error"),
    "node": (object, "where in the network"),
    "class_": (object, "which class"),
    # Not "iteration": every group inherits a coordinate of that name, which would hide it.
    "at_iteration": (np.int64, "optimizer step at which it began"),
    "value": (np.float64, "the measured value"),
    "message": (object, "what was found"),
}
INCIDENT_COLUMNS = {
    "at_iteration": (np.int64, "optimizer step of the onset"),
    "first": (np.int64, "optimizer step of the first move"),
    "last": (np.int64, "optimizer step of the last move"),
    "severity": (object, "info, warning or error"),
    "title": (object, "what happened, in a few words"),
    "message": (object, "what happened, in a sentence"),
    "lead_kind": (object, "scalar, node, filter, class_ or images: what moved first"),
    "lead": (object, "name of what moved first; a filter is PARAMETER[INDEX]"),
    "score": (np.float64, "greatest robust z of its moves"),
}


@dataclass(frozen=True)
class Judgement:
    """Conclusions from the measures alone, not written yet.

    Attributes
    ----------
    flips : numpy.ndarray or None
        int32 [image]; None if there are no images.
    """

    findings: list[Finding]
    classes: ClassValues | None
    flips: np.ndarray | None


def judge(store: Store, run: ProcessingRun, counts: Sequence[ClassCounts]) -> Judgement:
    """Run the health rules, and add up the images' flips; only reads.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Has the measures.
    counts : sequence of ClassCounts
        Counts of the new columns.
    """
    classes = read_classes(store, run)
    flips = _image_flips(store, run, counts) if classes else None
    return Judgement(_findings(store, run, classes), classes, flips)


def write_conclusions(
    store: Store, run: ProcessingRun, judgement: Judgement, bands: Sequence[BandScore]
) -> None:
    """Write the judgement, and the conclusions from the filters' scores: the cube, the ranking."""
    classes = judgement.classes
    layers = read_layers(store, run, bands)
    writer = ChunkWriter(store)
    with WholeArrays(store) as arrays:
        _put_findings(arrays, judgement.findings)
        series = incident_series(store, run, classes, layers)
        _put_incidents(arrays, find_incidents(series, judgement.findings))
        if judgement.flips is not None:
            arrays.put("images/flips", judgement.flips, ["image"], "flips")
        _write_layers(writer, arrays, run, layers)
        if classes:
            _write_faces(writer, arrays, run, classes, layers)
        _write_ranking(writer, run, classes, layers)
    writer.flush()


def _write_layers(
    writer: ChunkWriter, arrays: WholeArrays, run: ProcessingRun, layers: LayerValues
) -> None:
    architecture = run.schema.architecture
    names = np.array([architecture.nodes[layer].name for layer in architecture.layers()], object)
    arrays.put("cube/layer", names, ["layer"], "layer")
    specs = run.schema.cube()
    first = run.columns.start
    if len(names):
        writer.write(specs["anomalous_filters"], (0, first), layers.anomalous[:, first:])
        writer.write(specs["highest_score"], (0, first), layers.highest[:, first:])


def _image_flips(store: Store, run: ProcessingRun, counts: Sequence[ClassCounts]) -> np.ndarray:
    """Add each image's flips in the new columns to the earlier ones."""
    count = run.schema.shape.images
    flips = np.zeros(count, np.int32)
    if run.columns.start:
        spec = ArraySpec("images/flips", "int32", (count,), (count,), ("image",), "flips", fill=0)
        [flips] = read_regions(store, [(spec, (slice(0, count),))])
    for counted in counts:
        flips[counted.images] += counted.flips
    return flips


def _write_faces(
    writer: ChunkWriter,
    arrays: WholeArrays,
    run: ProcessingRun,
    classes: ClassValues,
    layers: LayerValues,
) -> None:
    """Relate classes to layers: flips, association and co-occurrence."""
    arrays.put("cube/class_", np.array(run.subject.classes, object), ["class_"], "class")
    first = run.columns.start
    writer.write(run.schema.cube()["flips"], (0, first), classes.flips[:, first:])
    if not len(layers.anomalous):
        return
    together = np.flatnonzero((run.recording.snapshots != 0) & (run.recording.outcomes != 0))
    anomalous = layers.anomalous[:, together]
    known = known_layers(run)[:, together]
    found = associate(classes.flips[:, together], anomalous, known)
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
    writer: ChunkWriter, run: ProcessingRun, classes: ClassValues | None, layers: LayerValues
) -> None:
    """Rank iterations by the anomalies of images and filters."""
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


def _findings(store: Store, run: ProcessingRun, classes: ClassValues | None) -> list[Finding]:
    """Run the health rules over the whole training."""
    return find_all(rule_series(store, run, classes), run.subject.config.findings)


def _put_incidents(arrays: WholeArrays, found: Sequence[Incident]) -> None:
    for name, (dtype, long_name) in INCIDENT_COLUMNS.items():
        values = np.array([_incident_value(one, name) for one in found], dtype)
        arrays.put(f"incidents/{name}", values, ["incident"], long_name)


def _incident_value(incident: Incident, name: str) -> object:
    own = {"at_iteration": "iteration"}
    if name in ("lead_kind", "lead"):
        return incident.lead.kind if name == "lead_kind" else incident.lead.name
    return getattr(incident, own.get(name, name))


def _put_findings(arrays: WholeArrays, found: Sequence[Finding]) -> None:
    for name, (dtype, long_name) in FINDING_COLUMNS.items():
        attribute = name.removeprefix("at_")
        values = np.array([getattr(finding, attribute) for finding in found], dtype)
        arrays.put(f"health/{name}", values, ["finding"], long_name)
