"""The cube's numbers: its three faces over a window, whole or sliced, bounded in cells."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.cube_numbers import (
    anomalous_filters,
    anomalous_filters_of_layer,
    anomalous_images_of_class,
    cached_array,
    class_anomalies,
    images_by_flips,
    layer_filters,
    layer_names,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.correlation.cube_axis import Axis, binned, binned_by, binned_where
from deeptracker.dashboard.views.correlation.cube_choice import CubeChoice, Picks, picks_of

__all__ = ["SIGNIFICANT", "Faces", "axes_of", "faces_of"]

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Front:
    """The class-layer face.

    Attributes
    ----------
    values : numpy.ndarray
        float32 [layer, class_]: counts, or rank correlations; NaN if there is none.
    p_value, q_value : numpy.ndarray or None
        float32 [layer, class_], for correlations.
    """

    values: np.ndarray
    p_value: np.ndarray | None = None
    q_value: np.ndarray | None = None

    @property
    def insignificant(self) -> np.ndarray | None:
        """Whether a correlation may be due to chance, bool [layer, class_]."""
        return None if self.q_value is None else ~(self.q_value <= SIGNIFICANT)


@dataclass(frozen=True)
class Faces:
    """The three faces: one number per cell, the greatest of the values that share it.

    Attributes
    ----------
    top : numpy.ndarray
        int32 [class_, column]: anomalous images.
    side : numpy.ndarray
        int32 [layer, column]: anomalous filters.
    top_kept, side_kept : numpy.ndarray
        bool [column]: the iterations that the slice keeps.
    front : Front
    classes, layers, time : Axis
        The items and the window of each axis.
    titles : dict of str to str
        The title of each face, with its slices.
    """

    top: np.ndarray
    side: np.ndarray
    top_kept: np.ndarray
    side_kept: np.ndarray
    front: Front
    classes: Axis
    layers: Axis
    time: Axis
    titles: dict[str, str]


def axes_of(run: Run, choice: CubeChoice) -> tuple[Axis, Axis, Axis]:
    """Give the axes of classes, layers and time, unfolded and ordered as chosen."""
    first, last = run.columns(choice.window)
    columns = np.arange(len(run.iterations))
    labels = [f"{int(iteration):,}" for iteration in run.iterations]
    time = Axis.of(labels, columns, np.full(len(columns), -1), (first, last + 1))
    return _class_axis(run, choice, slice(first, last + 1)), _layer_axis(run, choice), time


def _class_axis(run: Run, choice: CubeChoice, columns: slice) -> Axis:
    names = run.class_names
    order = np.arange(len(names))
    if choice.cube_order == "anomaly":
        counts = class_anomalies(run, choice.rule, choice.anomaly_window)[:, columns].sum(axis=1)
        order = np.argsort(-counts, kind="stable")
    opened = names.index(choice.cube_class) if choice.cube_class in names else -1
    images = images_by_flips(run, opened) if opened >= 0 else np.empty(0, np.int64)
    at = int(np.flatnonzero(order == opened)[0]) + 1 if opened >= 0 else 0
    wholes = np.insert(order, [at] * len(images), opened)
    parts = np.insert(np.full(len(order), -1), [at] * len(images), images)
    shown = run.array("images/name") if len(images) else np.empty(0, object)
    labels = [
        names[whole] if part < 0 else str(shown[part])
        for whole, part in zip(wholes.tolist(), parts.tolist(), strict=True)
    ]
    return Axis.of(labels, wholes, parts, choice.cube_classes)


def _layer_axis(run: Run, choice: CubeChoice) -> Axis:
    names = layer_names(run)
    opened = names.index(choice.cube_layer) if choice.cube_layer in names else -1
    filters = layer_filters(run, names[opened]) if opened >= 0 else []
    several = len({parameter for parameter, _ in filters}) > 1
    wholes = np.insert(np.arange(len(names)), [opened + 1] * len(filters), opened)
    parts = np.insert(np.full(len(names), -1), [opened + 1] * len(filters), np.arange(len(filters)))
    labels = [
        names[whole] if part < 0 else _filter_label(filters[part], several)
        for whole, part in zip(wholes.tolist(), parts.tolist(), strict=True)
    ]
    return Axis.of(labels, wholes, parts, choice.cube_layers)


def _filter_label(entry: tuple[str, int], several: bool) -> str:
    parameter, index = entry
    return f"{parameter.rpartition('.')[2]} filter {index}" if several else f"filter {index}"


def faces_of(run: Run, choice: CubeChoice) -> Faces:
    """Give the faces for the chosen windows, rule and picks.

    Picked classes reduce the layers' face to the iterations at which one of them was anomalous.
    Picked layers do the same in the classes' face. Picked iterations alone fill the front face.

    The windows bound the computation; `CELLS_AT_MOST` per axis bounds the result.
    """
    classes, layers, time = axes_of(run, choice)
    picks = picks_of(run, choice)
    images = _class_rows(run, choice, classes)
    filters = _layer_rows(run, choice, layers)
    top, side = images[:, time.shown], filters[:, time.shown]
    top_kept = _anomalous_columns(anomalous_filters(run), picks.layers)[time.shown]
    side_kept = _anomalous_columns(
        class_anomalies(run, choice.rule, choice.anomaly_window), picks.classes
    )[time.shown]
    inside = picks.inside(time)
    if not inside and choice.association == "association":
        front = _associated(run, classes, layers)
    else:
        columns: Any = inside or time.shown
        key = (*choice.shaping, *((*inside,) if inside else (time.first, time.last)))
        # The front face costs the most, and does not depend on picked classes and layers.
        together = cached_array(
            run,
            ("front", bool(inside), classes.step, layers.step, *key),
            lambda: _co_occurring(images[:, columns], filters[:, columns], layers, classes),
        )
        front = Front(together)
    return Faces(
        binned_where(top, top_kept, (classes.step, time.step)),
        binned_where(side, side_kept, (layers.step, time.step)),
        binned(top_kept[None], (1, time.step))[0],
        binned(side_kept[None], (1, time.step))[0],
        front,
        classes,
        layers,
        time,
        _titles(run, choice, picks, inside),
    )


def _anomalous_columns(counts: np.ndarray, rows: list[int]) -> np.ndarray:
    """Columns at which any of the rows is anomalous, bool [iteration]; all without rows."""
    return np.asarray(counts[rows].any(axis=0)) if rows else np.ones(counts.shape[1], np.bool_)


def _class_rows(run: Run, choice: CubeChoice, axis: Axis) -> np.ndarray:
    """Anomalous images of the shown items, int32 [item, iteration]."""
    wholes, parts = axis.wholes[axis.shown], axis.parts[axis.shown]
    rows = class_anomalies(run, choice.rule, choice.anomaly_window)[wholes]
    images = np.flatnonzero(parts >= 0)
    if len(images):
        number = int(wholes[images[0]])
        place = {int(image): row for row, image in enumerate(images_by_flips(run, number))}
        chosen = [place[int(image)] for image in parts[images]]
        rows[images] = anomalous_images_of_class(run, number, choice.rule, choice.anomaly_window)[
            chosen
        ]
    return rows


def _layer_rows(run: Run, choice: CubeChoice, axis: Axis) -> np.ndarray:
    """Anomalous filters of the shown items, int32 [item, iteration]."""
    wholes, parts = axis.wholes[axis.shown], axis.parts[axis.shown]
    rows = anomalous_filters(run)[wholes]
    filters = np.flatnonzero(parts >= 0)
    if len(filters):
        rows[filters] = anomalous_filters_of_layer(run, choice.cube_layer)[parts[filters]]
    return rows


def _co_occurring(
    images: np.ndarray, filters: np.ndarray, layers: Axis, classes: Axis
) -> np.ndarray:
    """Count a layer's anomalous filters where a class is anomalous, [layer, class_]."""
    together = filters.astype(np.float32) @ (images > 0).T.astype(np.float32)
    return binned(together, (layers.step, classes.step))


def _associated(run: Run, classes: Axis, layers: Axis) -> Front:
    """Look the rank correlations up; filters and single images have none."""
    where = np.ix_(classes.wholes[classes.shown], layers.wholes[layers.shown])
    single = (classes.parts[classes.shown] >= 0)[None] | (layers.parts[layers.shown] >= 0)[:, None]
    found = {
        name: np.where(single, np.nan, run.array(f"cube/{name}")[where].T)
        for name in ("association", "p_value", "q_value")
    }
    strength = np.abs(found["association"]) + 2.0 * (found["q_value"] <= SIGNIFICANT)
    cells = binned_by(np.nan_to_num(strength, nan=-1.0), (layers.step, classes.step))
    return Front(
        *(found[name][cells].astype(np.float32) for name in ("association", "p_value", "q_value"))
    )


def _titles(run: Run, choice: CubeChoice, picks: Picks, inside: list[int]) -> dict[str, str]:
    names = layer_names(run)
    top = f"anomalous images of each class ({choice.rule} rule, k = {choice.anomaly_window})"
    side = "anomalous filters of each layer"
    if picks.layers:
        top += f", where {_named([names[layer] for layer in picks.layers])} is anomalous"
    if picks.classes:
        shown = [named_class(run.class_names[class_]) for class_ in picks.classes]
        side += f", where {_named(shown)} is anomalous"
    if inside:
        shown = [f"{int(run.iterations[column]):,}" for column in inside]
        front = f"anomalous filters where the class is anomalous too, at {_named(shown)}"
    elif choice.association == "association":
        front = "rank correlation of a class's flips and a layer's anomalous filters"
    else:
        front = "anomalous filters at the class's anomalous iterations"
    return {"top": top, "side": side, "front": front}


def _named(names: list[str]) -> str:
    return names[-1] if len(names) == 1 else f"{names[-1]} or {len(names) - 1} more"
