"""The controls above the list of classes."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
import panel as pn

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.legends import PIXEL_LEGENDS
from deeptracker.dashboard.look.theme import class_levels, lookup_table
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.validation.state import ValidationState
from deeptracker.dashboard.widgets.controls import (
    bar,
    check,
    choice,
    number_field,
    search_field,
    show_when,
)
from deeptracker.wording import counted

__all__ = ["ORDERS", "class_controls", "class_legend"]

ORDERS = {
    "name": "name",
    "error": "final error",
    "anomaly": "most anomalous",
    "similarity": "similar histories",
}
RULES = {"left": "left", "right": "right", "full": "full"}
IMAGE_ORDERS = {
    "forgetting": "forgetting events",
    "index": "recorded order",
    "similarity": "similar histories",
}


def class_controls(
    run: Run, selection: Selection, state: ValidationState, *, given: bool
) -> pn.viewable.Viewable:
    """Give the controls.

    Parameters
    ----------
    given : bool
        Whether the training recorded groups of classes.
    """
    clusters = number_field(
        state.param.class_clusters,
        "Clusters",
        "Most clusters of similar classes",
        76,
    )
    show_when(state, "class_grouping", clusters, lambda: state.class_grouping == "similarity")
    of_images = _image_controls(run, state)
    show_when(state, "open_classes", of_images, lambda: bool(state.open_classes))
    return bar(
        *_list_controls(state, given=given),
        clusters,
        *_anomaly_controls(selection, state),
        of_images,
    )


def _list_controls(state: ValidationState, *, given: bool) -> list[pn.viewable.Viewable]:
    """Give the controls for the listed classes, their order and groups."""
    param = state.param
    groupings = {"none": "none", "similarity": "similar histories"}
    if given or state.class_grouping == "given":
        groupings["given"] = "as recorded"
    return [
        search_field(state, "class_search", "Search classes", "names, by commas", 144),
        choice(param.class_order, "Order", ORDERS, "Order of classes and groups", 138),
        choice(
            param.class_grouping,
            "Groups",
            groupings,
            "Clusters of classes with similar error histories (Ward's linkage), or the groups "
            "that the training recorded",
            134,
        ),
    ]


def _anomaly_controls(selection: Selection, state: ValidationState) -> list[pn.viewable.Viewable]:
    """Give the controls for the anomaly rule, the threshold of marks, and the display of both."""
    param, shared = state.param, selection.param
    return [
        choice(
            shared.rule,
            "Anomaly rule",
            RULES,
            "left: an outcome changes after k equal ones; right: before k equal ones; full: both",
            104,
        ),
        number_field(
            shared.anomaly_window,
            "Window k",
            "Number of equal outcomes that the rule needs, 1 to 50",
            82,
        ),
        number_field(
            shared.threshold,
            "Threshold",
            "Anomalous images at an iteration that give it a mark ▲",
            84,
        ),
        number_field(
            param.least_marks,
            "Marks at least",
            "List only classes with at least this many marked iterations in the whole training",
            108,
        ),
        check(
            param.anomaly_lines,
            "counts",
            "Draw the anomalous images as a line under each class",
            66,
        ),
    ]


def _image_controls(run: Run, state: ValidationState) -> pn.Row:
    """Give the controls for images of unfolded classes; they stay together if the bar wraps."""
    pixels = {"correct": "right or wrong", "predicted": "predicted class"}
    amount = next((name for name in ("loss", "confidence") if run.has(f"images/{name}")), None)
    if amount or state.pixels == "loss":
        pixels["loss"] = amount or "loss"
    return pn.Row(
        choice(
            state.param.pixels,
            "Image pixels",
            pixels,
            "Quantity of the image pixels of an unfolded class",
            134,
        ),
        choice(
            state.param.image_order,
            "Images by",
            IMAGE_ORDERS,
            "Order of the images of an unfolded class. Forgetting event: an image was right and is "
            "wrong at the next snapshot",
            144,
        ),
        margin=0,
    )


def class_legend(
    selection: Selection,
    scale_top: float,
    kind: str,
    *,
    shows_images: bool,
    wrong_classes: Mapping[int, str] | None = None,
    tops: Sequence[float] = (),
) -> str:
    """Write the legend of colours and marks in HTML, with image pixels if some are shown.

    Parameters
    ----------
    selection : Selection
    scale_top : float
        Share of wrong images that has the strongest colour.
    kind : str
        The quantity of the pixels: ``"correct"``, ``"predicted"``, or an amount.
    shows_images : bool
        Whether any class is unfolded into its images.
    wrong_classes : mapping of int to str, optional
        Names of the wrong classes that pixels show, by number; None if there are too many.
    tops : sequence of float
        Amounts of the strongest colour, one for each unfolded class.
    """
    threshold, window = selection.threshold, selection.anomaly_window
    legend = (
        f"{scale('wrong images', '0', f'{scale_top:.0%}', 'square-root scale')}"
        f"<span><b>\u25b2</b> at least {counted(threshold, 'image')} anomalous "
        f"({selection.rule} rule, k = {window})</span>"
    )
    if not shows_images:
        return f"<div class='dt-legends'>{legend}</div>"
    if kind == "predicted" and wrong_classes is not None:
        legend += "<span><i class='dt-right'></i> right; wrong, predicted as</span>"
        legend += _named_colours(wrong_classes)
    elif kind in PIXEL_LEGENDS:
        legend += f"<span>{PIXEL_LEGENDS[kind]}</span>"
    else:
        legend += _amounts(kind, tops)
    return f"<div class='dt-legends'>{legend}</div>"


def _named_colours(wrong_classes: Mapping[int, str]) -> str:
    """Name the colours of wrong classes."""
    table = lookup_table("classes")
    named = []
    for number, name in wrong_classes.items():
        level = int(class_levels(np.array(number), -1))
        colour = table[4 * level : 4 * level + 3].hex()
        named.append(f"<span><i style='background:#{colour}'></i> {html.escape(name)}</span>")
    return "".join(named)


def _amounts(kind: str, tops: Sequence[float]) -> str:
    """Write the scale of an amount; each class has its own scale, up to its 98th percentile."""
    low, high = (f"{bound:.3g}" for bound in (min(tops, default=0), max(tops, default=0)))
    whose = "98th percentile of the class" if len(tops) == 1 else "98th percentile of each class"
    return scale(kind, "0", high if low == high else f"{low} to {high}", f"{whose}, square root")


def scale(what: str, low: str, high: str, note: str) -> str:
    """Write a colour scale in HTML."""
    return (
        f"<span>{what} {low} <i class='dt-ramp' role='img' aria-label='colours from {low} to "
        f"{high}'></i> {high} ({note})</span>"
    )
