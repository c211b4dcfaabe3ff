"""The cube's numbers from the store, shared by all pages of the same commit."""

from collections.abc import Callable, Hashable

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.filter_series import filter_count, read_filters_of
from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline.measures.outcomes import Rule, anomalies

__all__ = [
    "anomalous_filters",
    "anomalous_filters_of_layer",
    "anomalous_images_of_class",
    "cached_array",
    "class_anomalies",
    "images_by_flips",
    "layer_names",
    "top_filter",
]


def cached_array(run: Run, key: tuple[Hashable, ...], make: Callable[[], np.ndarray]) -> np.ndarray:
    """Give an array of this commit from the cache, or make it."""

    def read_only() -> np.ndarray:
        made = make()
        made.setflags(write=False)
        return made

    return SHARED.get((run.location, run.commit, "cube", *key), read_only)


def layer_names(run: Run) -> list[str]:
    """Names of the layers that the cube has."""
    return [str(name) for name in run.array("cube/layer")]


def class_anomalies(run: Run, rule: str, window: int) -> np.ndarray:
    """Give the anomalous images of each class under a rule, int32 [class_, iteration].

    Parameters
    ----------
    run : Run
    rule : {"left", "right", "full"}
    window : int
        Snapshots of the rule.
    """

    def read() -> np.ndarray:
        return run.part(f"classes/{rule}", slice(window - 1, window))[0]

    return cached_array(run, ("classes", rule, window), read)


def anomalous_filters(run: Run) -> np.ndarray:
    """Give the filters of each layer over the anomaly threshold, int32 [layer, iteration]."""
    return run.array("cube/anomalous_filters")


def images_by_flips(run: Run, number: int) -> np.ndarray:
    """Give the images of a class, most flips first, int64 [image]."""
    images = np.flatnonzero(run.array("images/label") == number)
    return images[np.argsort(-run.array("images/flips")[images], kind="stable")]


def anomalous_images_of_class(run: Run, number: int, rule: Rule, window: int) -> np.ndarray:
    """Whether each image of a class was anomalous, int32 [image, iteration] of 0 and 1.

    The images are in the order of `images_by_flips`.

    Parameters
    ----------
    run : Run
    number : int
        Of the class.
    rule : {"left", "right", "full"}
    window : int
        Snapshots of the rule.
    """

    def read() -> np.ndarray:
        images = images_by_flips(run, number)
        order = np.argsort(images)
        correct = np.empty((len(images), len(run.iterations)), np.uint8)
        correct[order] = run.part("images/correct", images[order], slice(None))
        return anomalies(correct, rule, window).astype(np.int32)

    return cached_array(run, ("images", number, rule, window), read)


def layer_filters(run: Run, layer: str) -> list[tuple[str, int]]:
    """List the filters of a layer, as (parameter, index)."""
    node = run.node(layer)
    parameters = run.filtered_parameters(node) if node is not None else []
    return [(name, index) for name in parameters for index in range(filter_count(run, name))]


def anomalous_filters_of_layer(run: Run, layer: str) -> np.ndarray:
    """Whether each filter of a layer was anomalous, int32 [filter, iteration] of 0 and 1.

    The filters are in the order of `layer_filters`.
    """
    threshold = float(run.attributes["filter_threshold"])

    def read() -> np.ndarray:
        node = run.node(layer)
        parameters = run.filtered_parameters(node) if node is not None else []
        scores = read_filters_of(run, parameters, "anomaly_score")
        nothing = np.zeros((0, len(run.iterations)), np.float32)
        return (np.concatenate([nothing, *scores]) > threshold).astype(np.int32)

    return cached_array(run, ("filters", layer), read)


def top_filter(run: Run, layer: str, column: int) -> tuple[str, int, float]:
    """Give a layer's most anomalous filter at a column: (parameter, index, score)."""

    def read() -> np.ndarray:
        node = run.node(layer)
        best = ("", -1, -np.inf)
        names = run.filtered_parameters(node) if node is not None else []
        at = slice(column, column + 1)
        for name, found in zip(
            names, read_filters_of(run, names, "anomaly_score", columns=at), strict=True
        ):
            scores = found[:, 0]
            place = int(np.argmax(np.nan_to_num(scores, nan=-np.inf, posinf=np.inf)))
            if scores[place] > best[2]:
                best = (name, place, float(scores[place]))
        return np.array(best, object)

    name, index, score = cached_array(run, ("top", layer, column), read)
    return str(name), int(index), float(score)
