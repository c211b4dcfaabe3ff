"""Schema 4: every group and array of the store, from the architecture and the sizes of the run."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.names import MEASURE, STATISTIC
from deeptracker.pipeline.store.network_layout import (
    CHUNK_VALUES,
    FILTER_ROWS,
    NetworkLayout,
    chunk_columns,
    level_weights,
)
from deeptracker.pipeline.store.network_tree import Architecture, weights_below
from deeptracker.pipeline.store.node_arrays import node_arrays
from deeptracker.pipeline.store.quantities import FILTER_MEASURES, ROW_STATISTICS
from deeptracker.pipeline.store.run_shape import RunShape

__all__ = ["Schema"]

RELATIVE_ERROR = 2.0**-8
IMAGE_CHUNK = 4096
LAYER_CHUNK = 512
# Filters in one object of the scores; tasks never share an object.
SCORE_ROWS = 4096
FILTER_VALUES = 2**14
CLASS_CHUNK = 64
WINDOW_CHUNK = 10
ITERATION_CHUNK = 128
WINDOWS = 50


class Schema:
    """The arrays of one run.

    Parameters
    ----------
    architecture : Architecture
        The tree.
    shape : RunShape
        The run's sizes.
    columns : numpy.ndarray, optional
        int64 [2, parameter]: the first column of each, and the one behind its last; by default all.
    """

    def __init__(
        self, architecture: Architecture, shape: RunShape, columns: np.ndarray | None = None
    ) -> None:
        self.architecture = architecture
        self.shape = shape
        self._has_gradients = any(p.has_gradient for p in architecture.parameters)
        every = np.full((2, len(architecture.parameters)), [[0], [shape.iterations]])
        self.columns = every if columns is None else columns
        self._weights: dict[tuple[bool, bytes], np.ndarray] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # What follows from them is made again sooner than sent.
        return type(self), (self.architecture, self.shape, self.columns)

    @cached_property
    def layout(self) -> NetworkLayout:
        """The position of every parameter."""
        parameters = self.architecture.parameters
        return NetworkLayout.of(parameters, self.shape.split_weights, self.shape.levels)

    @cached_property
    def _first_layout(self) -> NetworkLayout:
        """The layout of the parameters that the store was made with."""
        count = self.shape.made_with or len(self.layout.parameters)
        return self.layout if count == len(self.layout.parameters) else self.layout.of_first(count)

    @cached_property
    def filter_layers(self) -> np.ndarray:
        """The layer that owns every filter, among the tree's layers: int32 [filter]."""
        layers = {node: place for place, node in enumerate(self.architecture.layers())}
        owners = [
            layers.get(self.architecture.nodes[leaf].parent, -1)
            for leaf in self.architecture.leaves()
        ]
        return np.array(owners, np.int32)[self.layout.filter_owners]

    @cached_property
    def leaves(self) -> np.ndarray:
        """The node of every parameter: int64 [parameter]."""
        return np.array(self.architecture.leaves(), np.int64)

    @cached_property
    def parents(self) -> np.ndarray:
        """The node above every node, -1 for the root: int64 [node]."""
        return np.array(self.architecture.parents(), np.int64)

    @property
    def has_grown(self) -> bool:
        """Whether parameters came later, whose nodes stand behind all others of their modules."""
        return bool((self.columns[0] != self.columns[0, 0]).any())

    def measured(self, start: int, stop: int) -> np.ndarray:
        """Mark the parameters that some of the columns [start, stop) may have: bool [parameter]."""
        first, behind = self.columns
        return (first < stop) & (behind > start)

    def node_weights(self, gradient: bool, start: int, stop: int) -> np.ndarray:
        """Count the weights (or gradients) of each node that are measured at columns: [node]."""
        measured = self.measured(start, stop)
        key = gradient, measured.tobytes()
        if key not in self._weights:
            found = weights_below(self.architecture, gradient, measured)
            self._weights[key] = np.array(found, np.int64)
        return self._weights[key]

    def arrays(self) -> Iterator[ArraySpec]:
        """Yield every numeric array with an iteration axis, and those that tasks write."""
        yield from self.root()
        for gradient in self.kinds():
            yield from self.nodes(gradient).values()
        if self.layout.filter_count:
            yield self.filters()
            yield self.scores()
        yield from self.levels().values()
        if self.shape.images:
            yield from self.images().values()
            yield from self.by_class()
            yield from self.classes().values()
        yield from self.cube().values()

    def kinds(self) -> list[bool]:
        """Weights, and gradients if any were recorded."""
        return [False, True] if self._has_gradients else [False]

    def levels(self) -> dict[tuple[int, bool], ArraySpec]:
        """Give every pyramid level, by its number from 0 and whether it is of the gradients."""
        return {
            (level, gradient): self.weights(level, gradient)
            for level in range(len(self.layout.levels))
            for gradient in self.kinds()
        }

    def row_arrays(self) -> dict[str, ArraySpec]:
        """Give the arrays along rows or filters, which blocks write, by their paths."""
        specs = [*self.levels().values(), *([self.filters()] if self.layout.filter_count else [])]
        return {spec.path: spec for spec in specs}

    def axes(self) -> list[ArraySpec]:
        """Give the iterations of every group, so that each group can be read separately."""
        groups = ["nodes", "cube", *(f"weights/{n + 1}" for n in range(len(self.layout.levels)))]
        if self.layout.filter_count:
            groups.append("filters")
        if self.shape.images:
            groups += ["images", "classes"]
            groups += [f"images/by_class/{n + 1}" for n in range(len(self.image_levels()))]
        return [self._iterations(f"{group}/iteration") for group in groups]

    def _iterations(self, path: str) -> ArraySpec:
        return ArraySpec(
            path,
            "int64",
            (self.shape.iterations,),
            (4096,),
            ("iteration",),
            "optimizer step",
            fill=0,
        )

    def root(self) -> list[ArraySpec]:
        """Give the flags and fingerprints of every iteration."""
        length = self.shape.iterations

        def spec(name: str, dtype: str, long_name: str, *, fill: int = 0) -> ArraySpec:
            return ArraySpec(name, dtype, (length,), (4096,), ("iteration",), long_name, fill=fill)

        return [
            self._iterations("iteration"),
            spec("has_snapshot", "bool", "whether weights were recorded", fill=False),
            spec("has_outcomes", "bool", "whether outcomes were recorded", fill=False),
            spec("snapshot_fingerprint", "int64", "size, time and header of the snapshot file"),
            spec("outcome_fingerprint", "int64", "size, time and header of the outcome file"),
        ]

    def nodes(self, gradient: bool = False) -> dict[str, ArraySpec]:
        """Statistics of every node, by name."""
        shape = self.shape
        count = len(self.architecture.nodes)
        return node_arrays(
            count,
            shape.iterations,
            shape.columns_per_chunk,
            self.architecture.count_nodes(len(self._first_layout.parameters)),
            thresholds=shape.thresholds,
            bins=shape.bins,
            gradient=gradient,
        )

    def filters(self) -> ArraySpec:
        """Measures of all filters, in the order of `FILTER_MEASURES`."""
        count = len(FILTER_MEASURES)
        rows, columns = self._filter_rows, self._filter_columns
        return ArraySpec(
            "filters/measures",
            "float32",
            (count, self.layout.filter_count, self.shape.iterations),
            (_quantities_per_chunk(count, rows * columns), rows, columns),
            (MEASURE, "filter", "iteration"),
            "measures of the filters",
            quick=True,
            shards=(count, rows, columns),
        )

    def scores(self) -> ArraySpec:
        """Anomaly scores of all filters."""
        return ArraySpec(
            "filters/anomaly_score",
            "float32",
            (self.layout.filter_count, self.shape.iterations),
            (min(self._first_layout.filter_count or SCORE_ROWS, SCORE_ROWS), self._filter_columns),
            ("filter", "iteration"),
            "change relative to the filter's recent changes, as a robust z-score",
            quick=True,
        )

    @property
    def _filter_rows(self) -> int:
        return min(self._first_layout.filter_count or FILTER_ROWS, FILTER_ROWS)

    @property
    def _filter_columns(self) -> int:
        return chunk_columns(self.shape.columns_per_chunk, FILTER_VALUES, self._filter_rows)

    def weights(self, level: int, gradient: bool = False) -> ArraySpec:
        """One pyramid level of all weights (or of their gradients); `level` counts from 0.

        The statistics are in the order of `ROW_STATISTICS`.
        """
        layout = self._first_layout.levels[level]
        columns, shard_columns = layout.columns(self.shape.columns_per_chunk)
        count = len(ROW_STATISTICS)
        what = "gradient" if gradient else "weight"
        return ArraySpec(
            f"weights/{level + 1}/{what}",
            "float32",
            (count, self.layout.levels[level].rows, self.shape.iterations),
            (_quantities_per_chunk(count, layout.chunk_rows * columns), layout.chunk_rows, columns),
            (STATISTIC, "row", "iteration"),
            f"{what}s under the row",
            attributes={"relative_error": RELATIVE_ERROR},
            quick=True,
            shards=(count, layout.shard_rows, shard_columns),
        )

    def images(self) -> dict[str, ArraySpec]:
        """Outcomes of every image."""
        shape = (self.shape.images, self.shape.iterations)
        chunks = (min(self.shape.images, IMAGE_CHUNK), self.shape.columns_per_chunk)
        dims = ("image", "iteration")
        missing = {"flag_values": [0, 1, 255], "flag_meanings": "wrong right not_recorded"}
        specs = {
            "correct": ArraySpec(
                "images/correct",
                "uint8",
                shape,
                chunks,
                dims,
                "whether the prediction was right",
                fill=255,
                attributes=missing,
            ),
            "predicted": ArraySpec(
                "images/predicted",
                "int32",
                shape,
                chunks,
                dims,
                "predicted class, -1 for none",
                fill=-1,
            ),
        }
        if self.shape.outcome:
            specs[self.shape.outcome] = ArraySpec(
                f"images/{self.shape.outcome}",
                "float32",
                shape,
                chunks,
                dims,
                f"{self.shape.outcome} of the image",
            )
        return specs

    def image_levels(self) -> tuple[int, ...]:
        """Give the images per row of each level of images in class order."""
        return level_weights(self.shape.images)

    def by_class(self) -> list[ArraySpec]:
        """Levels of the error of images in class order."""
        specs = []
        for number, per_row in enumerate(self.image_levels(), start=1):
            rows = -(-self.shape.images // per_row)
            specs.append(
                ArraySpec(
                    f"images/by_class/{number}/error",
                    "float32",
                    (rows, self.shape.iterations),
                    (rows, self.shape.columns_per_chunk),
                    ("row", "iteration"),
                    "share of wrong outcomes under the row, images in class order",
                )
            )
        return specs

    def classes(self) -> dict[str, ArraySpec]:
        """Error, flips and anomalies of every class."""
        classes, iterations = self.shape.classes, self.shape.iterations
        chunk = min(classes, CLASS_CHUNK)
        flat = ((classes, iterations), (chunk, ITERATION_CHUNK), ("class_", "iteration"))
        specs = {
            "error": ArraySpec("classes/error", "float32", *flat, "share of wrong outcomes"),
            "flips": ArraySpec(
                "classes/flips", "int32", *flat, "images whose correctness changed", fill=0
            ),
        }
        for rule, long_name in {
            "left": "images that change after a constant window",
            "right": "images that change before a constant window",
            "full": "images that change between two constant windows",
        }.items():
            specs[rule] = ArraySpec(
                f"classes/{rule}",
                "int32",
                (WINDOWS, classes, iterations),
                (WINDOW_CHUNK, chunk, ITERATION_CHUNK),
                ("window", "class_", "iteration"),
                long_name,
                fill=0,
            )
        return specs

    def cube(self) -> dict[str, ArraySpec]:
        """Give the cube's faces that have an iteration axis."""
        iterations = self.shape.iterations
        layers = len(self.architecture.layers())
        made_with = len(self._first_layout.parameters)
        chunk = len(self.architecture.layers(made_with)) or LAYER_CHUNK
        specs = {}
        if layers:
            specs["anomalous_filters"] = ArraySpec(
                "cube/anomalous_filters",
                "int32",
                (layers, iterations),
                (chunk, ITERATION_CHUNK),
                ("layer", "iteration"),
                "filters whose anomaly score is over the threshold",
                fill=0,
            )
            specs["highest_score"] = ArraySpec(
                "cube/highest_score",
                "float32",
                (layers, iterations),
                (chunk, ITERATION_CHUNK),
                ("layer", "iteration"),
                "highest anomaly score of the layer's filters",
            )
        if self.shape.images:
            specs["flips"] = ArraySpec(
                "cube/flips",
                "int32",
                (self.shape.classes, iterations),
                (self.shape.classes, ITERATION_CHUNK),
                ("class_", "iteration"),
                "images whose correctness changed",
                fill=0,
            )
        for name, long_name in {
            "image_anomalies": "anomalous images (left rule)",
            "filter_anomalies": "anomalous filters",
            "iteration_score": "how far the iteration stands out",
        }.items():
            specs[name] = ArraySpec(
                f"cube/{name}",
                "float64",
                (iterations,),
                (ITERATION_CHUNK,),
                ("iteration",),
                long_name,
            )
        return specs


def _quantities_per_chunk(quantities: int, values: int) -> int:
    """Count the quantities in one chunk: all if their values fit, else one."""
    return quantities if quantities * values <= CHUNK_VALUES else 1
