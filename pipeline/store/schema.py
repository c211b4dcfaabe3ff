"""Schema 3: every group and array of the store, from the architecture and the sizes of the run."""

from collections.abc import Iterator
from dataclasses import dataclass

from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.names import MEASURE, STATISTIC, check_names, group_name
from deeptracker.pipeline.store.network_tree import Architecture
from deeptracker.pipeline.store.pyramid_layout import CHUNK_VALUES, ParameterLayout
from deeptracker.pipeline.store.quantities import FILTER_MEASURES, ROW_STATISTICS

__all__ = ["RunShape", "Schema"]

RELATIVE_ERROR = 2.0**-8
NODE_CHUNK = 512
IMAGE_CHUNK = 4096
FILTER_CHUNK = 4096
# Parts of one parameter share at most two chunks of filters each, which travel: small ones.
SPLIT_FILTER_CHUNK = 512
CLASS_CHUNK = 64
WINDOW_CHUNK = 10
ITERATION_CHUNK = 128
WINDOWS = 50


@dataclass(frozen=True)
class RunShape:
    """Sizes that the arrays' shapes follow from.

    Attributes
    ----------
    outcome : str
        ``"loss"``, ``"confidence"`` or ``""``: what was recorded beside the predicted class.
    """

    iterations: int
    columns_per_chunk: int
    split_weights: int
    thresholds: int
    bins: int
    images: int = 0
    classes: int = 0
    outcome: str = ""


class Schema:
    """The arrays of one run.

    Parameters
    ----------
    architecture : Architecture
        The tree.
    shape : RunShape
        The run's sizes.
    """

    def __init__(self, architecture: Architecture, shape: RunShape) -> None:
        self.architecture = architecture
        self.shape = shape
        check_names(architecture.parameters)
        self._parameters = {parameter.name: parameter for parameter in architecture.parameters}
        self._has_gradients = any(p.has_gradient for p in self._parameters.values())
        self._weights = {
            gradient: _node_weights(architecture, gradient) for gradient in (False, True)
        }

    def parameter(self, name: str) -> Parameter:
        """Look a parameter up by name."""
        return self._parameters[name]

    def node_weights(self, node: int, gradient: bool) -> int:
        """Count the weights (or recorded gradients) at and below a node."""
        return self._weights[gradient][node]

    def arrays(self) -> Iterator[ArraySpec]:
        """Yield every numeric array with an iteration axis, and those that tasks write."""
        yield from self.root()
        for gradient in self.kinds():
            yield from self.nodes(gradient).values()
        for parameter in self.architecture.parameters:
            if parameter.has_filters:
                yield self.filters(parameter)
                yield self.scores(parameter)
            for level in range(len(self.layout(parameter).levels)):
                for gradient in [False, True] if parameter.has_gradient else [False]:
                    yield self.weights(parameter, level, gradient)
        if self.shape.images:
            yield from self.images().values()
            yield from self.by_class()
            yield from self.classes().values()
        yield from self.cube().values()

    def kinds(self) -> list[bool]:
        """Weights, and gradients where any were recorded."""
        return [False, True] if self._has_gradients else [False]

    def layout(self, parameter: Parameter) -> ParameterLayout:
        """Give a parameter's levels."""
        return ParameterLayout.of(parameter.size, self.shape.split_weights)

    def root(self) -> list[ArraySpec]:
        """Give the flags and fingerprints of every iteration."""
        length = self.shape.iterations

        def spec(name: str, dtype: str, long_name: str, *, fill: int = 0) -> ArraySpec:
            return ArraySpec(name, dtype, (length,), (4096,), ("iteration",), long_name, fill=fill)

        return [
            spec("iteration", "int64", "optimizer step"),
            spec("has_snapshot", "bool", "whether weights were recorded", fill=False),
            spec("has_outcomes", "bool", "whether outcomes were recorded", fill=False),
            spec("snapshot_fingerprint", "int64", "size, time and header of the snapshot file"),
            spec("outcome_fingerprint", "int64", "size, time and header of the outcome file"),
        ]

    def nodes(self, gradient: bool = False) -> dict[str, ArraySpec]:
        """Statistics of every node, by name."""
        shape = self.shape
        count = len(self.architecture.nodes)
        chunk = min(count, NODE_CHUNK)
        prefix, of = ("grad_", " (gradients)") if gradient else ("", "")

        def path(name: str) -> str:
            return f"nodes/{prefix}{name}"

        specs = {
            name: ArraySpec(
                path(name),
                "float64",
                (count, shape.iterations),
                (chunk, shape.columns_per_chunk),
                ("node", "iteration"),
                statistic.long_name + of,
                statistic.units,
            )
            for name, statistic in NODE_STATISTICS.items()
        }
        specs["change_ratio"] = ArraySpec(
            path("change_ratio"),
            "float64",
            (count, shape.thresholds, shape.iterations),
            (chunk, shape.thresholds, shape.columns_per_chunk),
            ("node", "threshold", "iteration"),
            "share of weights that changed by more than the threshold" + of,
        )
        specs["histogram"] = ArraySpec(
            path("histogram"),
            "int64",
            (count, shape.iterations, shape.bins),
            (min(count, 64), shape.columns_per_chunk, shape.bins),
            ("node", "iteration", "bin"),
            "weights in each signed logarithmic bin" + of,
            fill=0,
        )
        return specs

    def filters(self, parameter: Parameter) -> ArraySpec:
        """Filter measures of one parameter, in the order of `FILTER_MEASURES`."""
        rows, columns = self.filter_chunk(parameter), self.shape.columns_per_chunk
        count = len(FILTER_MEASURES)
        return ArraySpec(
            f"filters/{group_name(parameter.name)}/measures",
            "float32",
            (count, parameter.filters, self.shape.iterations),
            (_together(count, rows * columns), rows, columns),
            (MEASURE, "filter", "iteration"),
            "measures of the filters",
            quick=True,
            shards=(count, rows, columns),
        )

    def scores(self, parameter: Parameter) -> ArraySpec:
        """Anomaly scores of one parameter's filters."""
        return ArraySpec(
            f"filters/{group_name(parameter.name)}/anomaly_score",
            "float32",
            (parameter.filters, self.shape.iterations),
            (self.filter_chunk(parameter), self.shape.columns_per_chunk),
            ("filter", "iteration"),
            "change over its own recent history, as a robust z-score",
            quick=True,
        )

    def filter_chunk(self, parameter: Parameter) -> int:
        """Count the filters in one chunk."""
        layout = self.layout(parameter)
        if len(layout.splits()) == 1:
            return min(parameter.filters, FILTER_CHUNK)
        if layout.split_weights % parameter.filter_size:
            return min(parameter.filters, SPLIT_FILTER_CHUNK)
        # Parts end where filters do, and share no chunk of them.
        return min(layout.split_weights // parameter.filter_size, FILTER_CHUNK)

    def weights(self, parameter: Parameter, level: int, gradient: bool = False) -> ArraySpec:
        """One pyramid level of a parameter (or of its gradient); `level` counts from 0.

        The statistics are in the order of `ROW_STATISTICS`.
        """
        layout = self.layout(parameter).levels[level]
        chunk_columns, shard_columns = layout.columns(self.shape.columns_per_chunk)
        count = len(ROW_STATISTICS)
        what = "gradient" if gradient else "weight"
        return ArraySpec(
            f"weights/{group_name(parameter.name)}/{level + 1}/{what}",
            "float32",
            (count, layout.rows, self.shape.iterations),
            (
                _together(count, layout.chunk_rows * chunk_columns),
                layout.chunk_rows,
                chunk_columns,
            ),
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

    def image_layout(self) -> ParameterLayout:
        """Give the levels of images in class order."""
        return ParameterLayout.of(self.shape.images, 2**30)

    def by_class(self) -> list[ArraySpec]:
        """Levels of the error of images in class order."""
        layout = self.image_layout()
        return [
            ArraySpec(
                f"images/by_class/{number}/error",
                "float32",
                (level.rows, self.shape.iterations),
                (level.rows, self.shape.columns_per_chunk),
                ("row", "iteration"),
                "share of wrong outcomes under the row, images in class order",
            )
            for number, level in enumerate(layout.levels, start=1)
        ]

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
        specs = {}
        if layers:
            specs["anomalous_filters"] = ArraySpec(
                "cube/anomalous_filters",
                "int32",
                (layers, iterations),
                (layers, ITERATION_CHUNK),
                ("layer", "iteration"),
                "filters whose anomaly score is over the threshold",
                fill=0,
            )
            specs["highest_score"] = ArraySpec(
                "cube/highest_score",
                "float32",
                (layers, iterations),
                (layers, ITERATION_CHUNK),
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


def _together(quantities: int, values: int) -> int:
    """Count the quantities, of so many values each, that one chunk holds: all or one."""
    return quantities if quantities * values <= CHUNK_VALUES else 1


def _node_weights(architecture: Architecture, gradient: bool) -> list[int]:
    weights = [0] * len(architecture.nodes)
    for index in reversed(range(len(architecture.nodes))):
        node = architecture.nodes[index]
        if node.parameter and (node.parameter.has_gradient or not gradient):
            weights[index] = node.size
        if node.parent >= 0:
            weights[node.parent] += weights[index]
    return weights
