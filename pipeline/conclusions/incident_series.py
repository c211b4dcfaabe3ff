"""The series in which incidents are found, read from a store that has the measures."""

from collections.abc import Callable

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.values import ClassValues, LayerValues
from deeptracker.pipeline.measures.incidents.training_series import TrainingSeries
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.tasks.graph import ProcessingRun

__all__ = ["incident_series"]

READ_FILTERS = 2**20


def incident_series(
    store: Store, run: ProcessingRun, classes: ClassValues | None, layers: LayerValues
) -> TrainingSeries:
    """Gather what incidents are found in."""
    schema, subject = run.schema, run.subject
    nodes = schema.architecture.nodes
    kinds = np.array([node.kind for node in nodes], object)
    scalars = subject.scalars
    rows = {kind: np.flatnonzero(kinds == kind) for kind in ("layer", "parameter")}
    every = (slice(0, len(nodes)), slice(0, schema.shape.iterations))
    own = schema.nodes(gradient=False)
    wanted = [(own["update_ratio"], every), (own["nonfinite"], every)]
    if True in schema.kinds():
        wanted.append((schema.nodes(gradient=True)["nonfinite"], every))
    ratio, *nonfinite = read_regions(store, wanted)
    not_finite = np.nansum([values[rows["parameter"]] for values in nonfinite], axis=0)
    return TrainingSeries(
        run.recording.iterations,
        run.recording.snapshots != 0,
        run.recording.outcomes != 0,
        [nodes[row].name for row in rows["layer"].tolist()],
        ratio[rows["layer"]],
        [nodes[row].name for row in rows["parameter"].tolist()],
        not_finite,
        [nodes[layer].name for layer in schema.architecture.layers()],
        layers.anomalous,
        layers.highest,
        _filter_counts(run),
        subject.classes if classes else (),
        np.asarray(subject.class_sizes) if classes else np.empty(0, np.int64),
        classes.error if classes else np.empty((0, 0)),
        classes.flips if classes else np.empty((0, 0)),
        scalars.iterations if scalars else np.empty(0, np.int64),
        scalars.values if scalars else {},
        scalars.nan if scalars else {},
        _top_filters(store, run),
        _taken_for(store, run),
    )


def _filter_counts(run: ProcessingRun) -> np.ndarray:
    """Count the filters of each layer that has any."""
    schema = run.schema
    nodes, leaves = schema.architecture.nodes, schema.architecture.leaves()
    places = {layer: place for place, layer in enumerate(schema.architecture.layers())}
    counts = np.zeros(len(places), np.int64)
    for number in np.flatnonzero(schema.layout.filters).tolist():
        counts[places[nodes[leaves[number]].parent]] += schema.layout.filters[number]
    return counts


def _top_filters(store: Store, run: ProcessingRun) -> Callable[[int], list[tuple[str, float]]]:
    """Give a reader of the two filters that score highest at a column."""
    layout = run.schema.layout
    nodes, leaves = run.schema.architecture.nodes, run.schema.architecture.leaves()
    count = int(layout.filters.sum())
    spec = run.schema.scores()

    def top(column: int) -> list[tuple[str, float]]:
        found: list[tuple[float, int]] = []
        for first in range(0, count, READ_FILTERS):
            some = slice(first, min(first + READ_FILTERS, count))
            [scores] = read_regions(store, [(spec, (some, slice(column, column + 1)))])
            scores = np.nan_to_num(scores[:, 0], nan=-np.inf)
            best = np.argsort(-scores, kind="stable")[:2].tolist()
            found += [(float(scores[place]), first + place) for place in best]
        found.sort(key=lambda one: (-one[0], one[1]))
        return [(_filter_name(number), score) for score, number in found[:2]]

    def _filter_name(number: int) -> str:
        owner = int(np.searchsorted(layout.first_filter, number, side="right")) - 1
        while not layout.filters[owner]:
            owner -= 1
        return f"{nodes[leaves[owner]].name}[{number - int(layout.first_filter[owner])}]"

    return top


def _taken_for(store: Store, run: ProcessingRun) -> Callable[[int, int], tuple[str, float] | None]:
    """Give a reader of what most wrong images of a class are taken for at a column."""
    images = run.subject.images
    classes = run.subject.classes

    def taken(class_: int, column: int) -> tuple[str, float] | None:
        assert images is not None
        mine = images.labels == class_
        spec = run.schema.images()["predicted"]
        every = slice(0, len(images.labels))
        [predicted] = read_regions(store, [(spec, (every, slice(column, column + 1)))])
        wrong = predicted[mine, 0]
        wrong = wrong[(wrong != class_) & (wrong >= 0)]
        if not wrong.size:
            return None
        numbers, counts = np.unique(wrong, return_counts=True)
        most = int(numbers[np.argmax(counts)])
        name = classes[most] if most < len(classes) else str(most)
        return name, float(counts.max() / mine.sum())

    return taken
