"""Preparing a staged run: its groups and empty arrays, and all that is known before measuring."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import zarr
from zarr.abc.store import Store

from deeptracker.pipeline.kernels.measuring.histograms import COARSE_EDGES
from deeptracker.pipeline.planning.changes import Change, Recording
from deeptracker.pipeline.planning.network_history import MADE_WITH, NetworkHistory
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.sources.tensor_reading import read_values
from deeptracker.pipeline.store.arrays.array_spec import (
    create_arrays,
    group_at,
    read_array,
    store_metadata,
)
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.whole_arrays import WholeArrays
from deeptracker.pipeline.store.names import (
    MEANING,
    MEASURE,
    SCALAR_ITERATION,
    STATISTIC,
    scalar_paths,
)
from deeptracker.pipeline.store.quantities import FILTER_MEASURES, ROW_STATISTICS
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, StoreWriter
from deeptracker.pipeline.store.schema import RELATIVE_ERROR, WINDOWS, Schema

__all__ = ["merged_recording", "prepare"]

# A page of pictures is read from all over: chunks hold a few of them only.
THUMBNAIL_CHUNK_BYTES = 1 << 17
FILTER_GROUP = {"coordinates": "parameter"}


def merged_recording(root: zarr.Group | None, change: Change, new: Recording) -> Recording:
    """Join the store's recording with the source's: what was processed stays, even if removed."""
    if root is None or change.action not in ("append", "nothing"):
        return new
    old = Recording(
        read_array(root, "iteration"),
        read_array(root, "snapshot_fingerprint"),
        read_array(root, "outcome_fingerprint"),
    )
    later = new.iterations > old.iterations[-1]
    return Recording(
        np.concatenate([old.iterations, new.iterations[later]]),
        np.concatenate([old.snapshots, new.snapshots[later]]),
        np.concatenate([old.outcomes, new.outcomes[later]]),
    )


def prepare(
    writer: StoreWriter, subject: RunInputs, schema: Schema, change: Change, recording: Recording
) -> None:
    """Make (or grow) every array, and write what is known from the headers."""
    specs = [*schema.arrays(), *schema.axes()]
    is_other = False
    if change.action == "append":
        store_metadata(writer.session.store, specs)
        root = writer.root()
        root.require_group("incidents")  # stores of older versions lack it
        is_other = _is_other_network(root, subject)
        if is_other and schema.layout.filter_count:
            group_at(root, "filters").attrs.update(FILTER_GROUP)
        root.attrs.update(_root_attributes(subject, str(root.attrs["created"])))
    else:
        writer.clear()
        groups = {"": _root_attributes(subject, None), **_groups(schema, subject)}
        create_arrays(writer.session.store, groups, specs)
    paths = scalar_paths(subject.scalars.values) if subject.scalars else {}
    if change.action == "append":
        _drop_other_scalars(writer.root(), set(paths.values()))
    with WholeArrays(writer.session.store) as arrays:
        _put_lifetimes(arrays, schema, subject.history)
        if change.action != "append" or is_other:
            _put_nodes(arrays, schema, subject)
            _put_parameters(arrays, schema)
            _put_quantities(arrays, schema)
        if change.action != "append":
            _put_images(arrays, subject)
        _put_scalars(arrays, subject, paths)
    _write_recording(writer.session.store, schema, recording)


def _is_other_network(root: zarr.Group, subject: RunInputs) -> bool:
    """Whether the store does not know all parameters, or the modules have other types."""
    known = subject.stored.parameters if subject.stored else ()
    types = root.attrs.get("types_digest") == subject.whole["types_digest"]
    return known != subject.history.parameters or not types


def _groups(schema: Schema, subject: RunInputs) -> dict[str, Mapping[str, Any]]:
    """List the groups that have attributes; those between them follow by themselves."""
    groups: dict[str, Mapping[str, Any]] = {
        name: {}
        for name in (
            "cube",
            "filters",
            "health",
            "incidents",
            "nodes",
            "parameters",
            "scalars",
            "weights",
        )
    }
    if schema.layout.filter_count:
        groups["filters"] = FILTER_GROUP
    for number, level in enumerate(schema.layout.levels, start=1):
        groups[f"weights/{number}"] = {
            "weights_per_row": level.weights_per_row,
            "relative_error": RELATIVE_ERROR,
        }
    if subject.images:
        groups |= {"images": {}, "classes": {}}
        for number, per_row in enumerate(schema.image_levels(), start=1):
            groups[f"images/by_class/{number}"] = {"images_per_row": per_row}
    return groups


def _root_attributes(subject: RunInputs, created: str | None) -> dict[str, Any]:
    # A log that tells its beginning no more does not make the store forget it.
    begun = {"recorded": subject.description.created} if subject.description.created else {}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    described = subject.description
    return begun | {
        "deeptracker_schema": SCHEMA_VERSION,
        "run": described.name or subject.source.network,
        "network": subject.source.network,
        "source": subject.source.location,
        "source_pattern": subject.config.source.pattern,
        "source_settings": subject.config.source.model_dump_json(),
        "created": created or now,
        "updated": now,
        "framework": described.framework,
        "hyperparameters": json.dumps(described.hyperparameters),
        "gradients": any(p.has_gradient for p in subject.history.parameters),
        MADE_WITH: subject.history.made_with,
        "image_window": subject.config.anomalies.image_window,
        "filter_window": subject.config.anomalies.filter_window,
        "filter_threshold": subject.config.anomalies.filter_threshold,
        "settings": json.dumps(subject.settings),
        **subject.whole,
    }


def _write_recording(store: Store, schema: Schema, recording: Recording) -> None:
    values = {
        "iteration": recording.iterations,
        "has_snapshot": recording.snapshots != 0,
        "has_outcomes": recording.outcomes != 0,
        "snapshot_fingerprint": recording.snapshots,
        "outcome_fingerprint": recording.outcomes,
    }
    writer = ChunkWriter(store)
    for spec in schema.root():
        writer.write(spec, (0,), values[spec.path])
    for spec in schema.axes():
        writer.write(spec, (0,), recording.iterations)
    writer.flush()


def _drop_other_scalars(root: zarr.Group, kept: set[str]) -> None:
    """Remove the scalars that the log has no more: they would be shorter than their axis."""
    group = group_at(root, "scalars")
    for name in list(group.array_keys()):
        if name != SCALAR_ITERATION and f"scalars/{name}" not in kept:
            del group[name]


def _put_scalars(arrays: WholeArrays, subject: RunInputs, paths: Mapping[str, str]) -> None:
    scalars = subject.scalars
    iterations = scalars.iterations if scalars else np.empty(0, np.int64)
    axis = [SCALAR_ITERATION]
    arrays.put(f"scalars/{SCALAR_ITERATION}", iterations, axis, "optimizer step")
    for name, values in (scalars.values if scalars else {}).items():
        arrays.put(paths[name], values, axis, name.replace("_", " "))


def _put_nodes(arrays: WholeArrays, schema: Schema, subject: RunInputs) -> None:
    columns = schema.architecture.columns()
    for name, dtype, long_name in (
        ("name", object, "dotted name"),
        ("label", object, "last part of the name"),
        ("parent", np.int32, "index of the parent, -1 for the root"),
        ("depth", np.int32, "distance from the root"),
        ("kind", object, "network, stage, block, layer or parameter"),
        ("type", object, "module type"),
        ("shape", object, "shape of a parameter"),
    ):
        arrays.put(f"nodes/{name}", np.array(columns[name], dtype), ["node"], long_name)
    arrays.put(
        "nodes/threshold", np.array(subject.config.thresholds), ["threshold"], "relative change"
    )
    arrays.put("nodes/bin_left", COARSE_EDGES[:-1], ["bin"], "least weight of the bin")
    arrays.put("nodes/bin_right", COARSE_EDGES[1:], ["bin"], "greatest weight of the bin")


def _put_parameters(arrays: WholeArrays, schema: Schema) -> None:
    """Say of every parameter what it is, and where its filters and rows lie."""
    layout = schema.layout
    parameters = layout.parameters
    nodes, leaves = schema.architecture.nodes, schema.architecture.leaves()
    for name, values, long_name in (
        ("name", np.array([nodes[leaf].name for leaf in leaves], object), "dotted name"),
        ("tensor", np.array([p.name for p in parameters], object), "name in the snapshots"),
        ("node", np.array(leaves, np.int32), "index among the nodes"),
        (
            "shape",
            np.array([p.shape_text for p in parameters], object),
            "shape of the parameter",
        ),
        ("dtype", np.array([p.dtype for p in parameters], object), "safetensors code"),
        (
            "gradient_dtype",
            np.array([p.gradient_dtype for p in parameters], object),
            "safetensors code of the gradients",
        ),
        ("size", layout.sizes, "weights"),
        ("address", layout.addresses, "place in the network's vector of weights"),
        ("filters", layout.filters, "filters with measures"),
        ("first_filter", layout.first_filter, "first of its filters in /filters"),
    ):
        arrays.put(f"parameters/{name}", values, ["parameter"], long_name)
    levels = np.arange(1, len(layout.levels) + 1)
    arrays.put("parameters/level", levels, ["level"], "pyramid level")
    per_row = np.array([level.weights_per_row for level in layout.levels])
    arrays.put("parameters/weights_per_row", per_row, ["level"], "weights under a row")
    dims = ["level", "parameter"]
    arrays.put("parameters/first_row", layout.first_row, dims, "first of its rows in the level")
    arrays.put("parameters/rows", layout.rows, dims, "rows in the level; 0 where it ends before")


def _put_lifetimes(arrays: WholeArrays, schema: Schema, history: NetworkHistory) -> None:
    """Say of every parameter when it was recorded first and last, and of nodes how large they are.

    A node is as large as what was recorded last of it: a layer whose weight was replaced by one of
    another shape counts the later one.
    """
    for name in ("first", "last"):
        values = np.array([getattr(entry, name) for entry in history.entries], np.int64)
        what = f"{name} iteration with it"
        arrays.put(f"parameters/{name}_iteration", values, ["parameter"], what)
    arrays.put("nodes/size", _sizes(schema, history), ["node"], "weights at and below, when last")


def _sizes(schema: Schema, history: NetworkHistory) -> np.ndarray:
    """Count the weights at and below each node in the last snapshot with any: int64 [node]."""
    nodes = schema.architecture.nodes
    if len({entry.last for entry in history.entries}) == 1:
        return np.array([node.size for node in nodes], np.int64)
    sizes, last = np.zeros(len(nodes), np.int64), np.full(len(nodes), -1, np.int64)
    for leaf, entry in zip(schema.architecture.leaves(), history.entries, strict=True):
        sizes[leaf], last[leaf] = nodes[leaf].size, entry.last
    for index in reversed(range(1, len(nodes))):
        parent = nodes[index].parent
        if last[index] > last[parent]:
            sizes[parent], last[parent] = 0, last[index]
        if last[index] == last[parent]:
            sizes[parent] += sizes[index]
    return sizes


def _put_quantities(arrays: WholeArrays, schema: Schema) -> None:
    """Name what filters and rows hold along their first dim, and whose the filters are."""
    levels = [f"weights/{number + 1}" for number in range(len(schema.layout.levels))]
    for groups, dim, quantities in (
        (["filters"], MEASURE, FILTER_MEASURES),
        (levels, STATISTIC, ROW_STATISTICS),
    ):
        names, meanings = np.array(list(quantities.items()), object).T
        for group in groups:
            arrays.put(f"{group}/{dim}", names, [dim], dim)
            arrays.put(f"{group}/{MEANING}", meanings, [dim], "what it is")
    if schema.layout.filter_count:
        owners = schema.layout.filter_owners
        arrays.put("filters/parameter", owners, ["filter"], "index among the parameters")


def _put_images(arrays: WholeArrays, subject: RunInputs) -> None:
    images = subject.images
    if images is None:
        return
    order = np.argsort(images.labels, kind="stable").astype(np.int64)
    arrays.put("images/label", images.labels, ["image"], "true class")
    arrays.put("images/name", np.array(images.names, object), ["image"], "name of the image")
    arrays.put("images/order", order, ["image"], "images in class order")
    if images.thumbnails:
        ref = images.thumbnails
        thumbnails = read_values(ref).reshape(ref.shape)
        dims = ["image", "y", "x", "channel"]
        rows = max(1, THUMBNAIL_CHUNK_BYTES // max(1, thumbnails[:1].nbytes))
        what = "thumbnail of the image"
        arrays.put("images/thumbnail", thumbnails, dims, what, rows_per_chunk=rows)
    names = np.array(subject.classes, object)
    arrays.put("classes/class_", names, ["class_"], "class")
    arrays.put("classes/size", subject.class_sizes, ["class_"], "images of the class")
    windows = np.arange(1, WINDOWS + 1)
    arrays.put("classes/window", windows, ["window"], "snapshots of equal outcome", "snapshots")
