"""The controls above the list of classes."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
import panel as pn

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.legends import PIXELS_SAY
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
        "How many clusters of similar classes there are at most",
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
        choice(param.class_order, "Order", ORDERS, "How classes and groups are ordered", 138),
        choice(
            param.class_grouping,
            "Groups",
            groupings,
            "Clusters of classes whose error histories resemble each other (Ward's linkage), or "
            "the groups that the training recorded",
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
            shared.anomaly_window, "Window k", "Snapshots that must have been equal, 1 to 50", 82
        ),
        number_field(
            shared.threshold,
            "Threshold",
            "Anomalous images that an iteration needs for a mark ▲",
            84,
        ),
        number_field(
            param.least_marks,
            "Marks at least",
            "Only classes with so many marked iterations over the whole training",
            108,
        ),
        check(
            param.anomaly_lines,
            "counts",
            "Draws the anomalous images as a line under each class",
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
            "What the pixels of an unfolded class's images show",
            134,
        ),
        choice(
            state.param.image_order,
            "Images by",
            IMAGE_ORDERS,
            "How the images of an unfolded class are ordered: a forgetting event is an image that "
            "was right and is wrong at the next snapshot",
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
    taken: Mapping[int, str] | None = None,
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
    taken : mapping of int to str, optional
        Names of the wrong classes that pixels show, by number; None if there are too many.
    tops : sequence of float
        Amounts of the strongest colour, one for each unfolded class.
    """
    threshold, window = selection.threshold, selection.anomaly_window
    said = (
        f"{scale('wrong images', '0', f'{scale_top:.0%}', 'square-root scale')}"
        f"<span><b>\u25b2</b> at least {counted(threshold, 'image')} anomalous "
        f"({selection.rule} rule, k = {window})</span>"
    )
    if not shows_images:
        return f"<div class='dt-says'>{said}</div>"
    if kind == "predicted" and taken is not None:
        said += (
            f"<span><i class='dt-right'></i> right; wrong, taken for</span>{_named_colours(taken)}"
        )
    elif kind in PIXELS_SAY:
        said += f"<span>{PIXELS_SAY[kind]}</span>"
    else:
        said += _amounts(kind, tops)
    return f"<div class='dt-says'>{said}</div>"


def _named_colours(taken: Mapping[int, str]) -> str:
    """Name the colours of wrong classes."""
    table = lookup_table("classes")
    named = []
    for number, name in taken.items():
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
