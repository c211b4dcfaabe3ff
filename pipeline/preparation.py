"""Preparing a staged run: its groups and empty arrays, and all that is known before measuring."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import zarr

from pipeline.arrays import array_at, create_arrays, group_at, grow_arrays, read
from pipeline.changes import Change, Recording
from pipeline.kernels.histograms import COARSE_EDGES
from pipeline.schema import RELATIVE_ERROR, WINDOWS, Schema, group_name
from pipeline.sources.reading import read_values
from pipeline.store import SCHEMA_VERSION, StoreWriter
from pipeline.subject import Subject

__all__ = ["merged_recording", "prepare", "put"]

# A page of pictures is read from all over: chunks hold a few of them only.
THUMBNAIL_CHUNK_BYTES = 1 << 17


def merged_recording(root: zarr.Group | None, change: Change, new: Recording) -> Recording:
    """Join the store's recording with the source's: what was processed stays, even if removed."""
    if root is None or change.action not in ("append", "nothing"):
        return new
    old = Recording(
        read(root, "iteration"),
        read(root, "snapshot_fingerprint"),
        read(root, "outcome_fingerprint"),
    )
    later = new.iterations > old.iterations[-1]
    return Recording(
        np.concatenate([old.iterations, new.iterations[later]]),
        np.concatenate([old.snapshots, new.snapshots[later]]),
        np.concatenate([old.outcomes, new.outcomes[later]]),
    )


def prepare(
    writer: StoreWriter, subject: Subject, schema: Schema, change: Change, recording: Recording
) -> None:
    """Make (or grow) every array, and write what is known from the headers."""
    if change.action == "append":
        grow_arrays(writer.session.store, schema.arrays())
    else:
        writer.clear()
        create_arrays(writer.session.store, _groups(schema, subject), schema.arrays())
        _write_nodes(writer.root(), schema, subject)
        _write_images(writer.root(), subject)
    root = writer.root()
    created = str(root.attrs["created"]) if change.action == "append" else None
    root.attrs.update(_root_attributes(subject, created))
    array_at(root, "iteration")[:] = recording.iterations
    array_at(root, "has_snapshot")[:] = recording.snapshots != 0
    array_at(root, "has_outcomes")[:] = recording.outcomes != 0
    array_at(root, "snapshot_fingerprint")[:] = recording.snapshots
    array_at(root, "outcome_fingerprint")[:] = recording.outcomes
    _write_scalars(root, subject)


def put(
    group: zarr.Group,
    name: str,
    values: Any,
    dims: Sequence[str],
    long_name: str,
    units: str = "1",
    *,
    rows_per_chunk: int | None = None,
) -> None:
    """Write a whole array, in place of an older one; in one chunk unless it is said otherwise."""
    values = np.asarray(values)
    sides = [max(side, 1) for side in values.shape]
    if rows_per_chunk is not None:
        sides[0] = min(sides[0], rows_per_chunk)
    text = values.dtype.kind in "UO"
    fill = "" if text else (float("nan") if values.dtype.kind == "f" else 0)
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=str if text else values.dtype,
        chunks=tuple(sides),
        dimension_names=list(dims),
        attributes={"long_name": long_name, "units": units},
        fill_value=fill,
        overwrite=True,
    )
    if values.size:
        array[...] = values.astype(object) if text else values


def _groups(schema: Schema, subject: Subject) -> dict[str, Mapping[str, Any]]:
    """List the groups that have attributes; those between them follow by themselves."""
    groups: dict[str, Mapping[str, Any]] = {"health": {}, "cube": {}, "nodes": {}, "scalars": {}}
    for parameter in schema.architecture.parameters:
        name = group_name(parameter)
        attributes = {"parameter": parameter.name, "shape": list(parameter.shape)}
        if parameter.has_filters:
            groups[f"filters/{name}"] = attributes
        groups[f"weights/{name}"] = {**attributes, "dtype": parameter.dtype}
        for number, level in enumerate(schema.layout(parameter).levels, start=1):
            groups[f"weights/{name}/{number}"] = {
                "weights_per_row": level.weights_per_row,
                "size": parameter.size,
                "relative_error": RELATIVE_ERROR,
            }
    if subject.images:
        groups |= {"images": {}, "classes": {}}
        for number, level in enumerate(schema.image_layout().levels, start=1):
            groups[f"images/by_class/{number}"] = {"images_per_row": level.weights_per_row}
    return groups


def _root_attributes(subject: Subject, created: str | None) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    described = subject.description
    return {
        "deeptracker_schema": SCHEMA_VERSION,
        "run": described.name or subject.source.network,
        "network": subject.source.network,
        "source": subject.source.location,
        "source_pattern": subject.config.source.pattern,
        "created": created or now,
        "updated": now,
        "framework": described.framework,
        "hyperparameters": json.dumps(described.hyperparameters),
        "gradients": any(p.has_gradient for p in subject.source.parameters),
        "image_window": subject.config.anomalies.image_window,
        "filter_window": subject.config.anomalies.filter_window,
        "filter_threshold": subject.config.anomalies.filter_threshold,
        "settings": json.dumps(subject.settings),
        "scalars_digest": subject.scalars_digest,
    }


def _write_scalars(root: zarr.Group, subject: Subject) -> None:
    scalars = subject.scalars
    group = root.require_group("scalars")
    iterations = scalars.iterations if scalars else np.empty(0, np.int64)
    put(group, "iteration_s", iterations, ["iteration_s"], "optimizer step")
    for name, values in (scalars.values if scalars else {}).items():
        put(group, name.replace("/", "."), values, ["iteration_s"], name.replace("_", " "))


def _write_nodes(root: zarr.Group, schema: Schema, subject: Subject) -> None:
    group = group_at(root, "nodes")
    nodes = schema.architecture.nodes
    for name, dtype, long_name in (
        ("name", object, "dotted name"),
        ("label", object, "last part of the name"),
        ("parent", np.int32, "index of the parent, -1 for the root"),
        ("depth", np.int32, "distance from the root"),
        ("kind", object, "network, stage, block, layer or parameter"),
        ("type", object, "module type"),
        ("shape", object, "shape of a parameter"),
        ("size", np.int64, "weights at and below"),
    ):
        put(group, name, np.array([getattr(n, name) for n in nodes], dtype), ["node"], long_name)
    put(group, "threshold", np.array(subject.config.thresholds), ["threshold"], "relative change")
    put(group, "bin_left", COARSE_EDGES[:-1], ["bin"], "least weight of the bin")
    put(group, "bin_right", COARSE_EDGES[1:], ["bin"], "greatest weight of the bin")


def _write_images(root: zarr.Group, subject: Subject) -> None:
    images = subject.images
    if images is None:
        return
    group = group_at(root, "images")
    order = np.argsort(images.labels, kind="stable").astype(np.int64)
    put(group, "label", images.labels, ["image"], "true class")
    put(group, "name", np.array(images.names, object), ["image"], "name of the image")
    put(group, "order", order, ["image"], "images in class order")
    if images.thumbnails:
        ref = images.thumbnails
        thumbnails = read_values(ref).reshape(ref.shape)
        dims = ["image", "y", "x", "channel"]
        rows = max(1, THUMBNAIL_CHUNK_BYTES // max(1, thumbnails[:1].nbytes))
        put(group, "thumbnail", thumbnails, dims, "thumbnail of the image", rows_per_chunk=rows)
    classes = group_at(root, "classes")
    size = np.bincount(images.labels[images.labels >= 0], minlength=len(subject.classes))
    names = np.array(subject.classes, object)
    put(classes, "class_", names, ["class_"], "class")
    put(classes, "size", size.astype(np.int64), ["class_"], "images of the class")
    windows = np.arange(1, WINDOWS + 1)
    put(classes, "window", windows, ["window"], "snapshots of equal outcome", "snapshots")
