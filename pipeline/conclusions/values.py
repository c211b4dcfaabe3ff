"""The measured values from which conclusions are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.tasks.graph import ProcessingRun
from deeptracker.pipeline.tasks.score_filters import BandScore

__all__ = ["READ_VALUES"]

READ_VALUES = 2**23


@dataclass(frozen=True)
class ClassValues:
    """Values of the classes: [class_, column] each.

    Attributes
    ----------
    anomalies : numpy.ndarray
        Anomalous images by the left rule, with the config's window.
    """

    error: np.ndarray
    flips: np.ndarray
    anomalies: np.ndarray


@dataclass(frozen=True)
class LayerValues:
    """Values of the layers' filters: [layer, column] each."""

    anomalous: np.ndarray
    highest: np.ndarray


def read_classes(store: Store, run: ProcessingRun) -> ClassValues | None:
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
    return ClassValues(error, flips, anomalies)


def read_layers(store: Store, run: ProcessingRun, bands: Sequence[BandScore]) -> LayerValues:
    """Read the stored values of every layer, and add the new columns."""
    layers = run.schema.architecture.layers()
    if not layers:
        nothing = np.zeros((0, run.schema.shape.iterations))
        return LayerValues(nothing.astype(np.int32), nothing.astype(np.float32))
    specs = run.schema.cube()
    every = (slice(0, len(layers)), slice(0, run.schema.shape.iterations))
    anomalous, highest = read_regions(
        store, [(specs[name], every) for name in ("anomalous_filters", "highest_score")]
    )
    anomalous[:, run.columns.start :] = 0
    highest[:, run.columns.start :] = np.nan
    for band in bands:
        # Each layer stands once in a band.
        anomalous[band.layers, run.columns.start :] += band.anomalous
        new = highest[band.layers, run.columns.start :]
        highest[band.layers, run.columns.start :] = np.fmax(new, band.highest)
    return LayerValues(anomalous, highest)


def known_layers(run: ProcessingRun) -> np.ndarray:
    """Mark where the network has filters of each layer: bool [layer, column]."""
    schema = run.schema
    nodes, leaves = schema.architecture.nodes, schema.architecture.leaves()
    places = {layer: place for place, layer in enumerate(schema.architecture.layers())}
    known = np.zeros((len(places), schema.shape.iterations), bool)
    for number in np.flatnonzero(schema.layout.filters).tolist():
        first, behind = schema.columns[:, number]
        known[places[nodes[leaves[number]].parent], first:behind] = True
    return known
