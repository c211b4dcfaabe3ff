"""The layer view's controls, and the line that explains how its nodes are drawn."""

from typing import Any

import panel as pn

from deeptracker.dashboard.data.quantities import (
    filter_measures,
    filter_ranks,
    node_statistics,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.views.layers.outline import LEVELS
from deeptracker.dashboard.views.layers.small_multiples import ENCODINGS, Drawing
from deeptracker.dashboard.views.layers.state import LayersState
from deeptracker.dashboard.views.layers.vertical_scales import Scale
from deeptracker.dashboard.widgets.controls import bar, check, choice, number_field
from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS

__all__ = ["drawn_as", "layer_controls"]

# Encodings that draw one statistic.
OF_ONE = ("line", "horizon")
WORDS = {
    "band": (
        "<i class='dt-key'><i class='dt-extremes'></i></i>minimum to maximum"
        "<i class='dt-key'><i class='dt-extremes'></i><i class='dt-quartiles'></i></i>first to "
        "third quartile<i class='dt-key dt-key-line'></i>median of the values"
    ),
    "box": "Boxes from first to third quartile, whiskers to the extremes; crowded iterations are "
    "sampled",
    "histogram": "Share of the weights at each value (square-root scale): a stronger "
    "colour means more weights",
    "ridge": "Profiles of the distribution, drawn to the right of their iterations, crowded ones "
    "sampled; wider means more weights (square-root scale)",
    "change": "Share of the weights whose relative change is over each threshold: a "
    "stronger colour means a higher threshold",
}


def layer_controls(
    run: Run, state: LayersState, filters: FiltersState
) -> list[pn.viewable.Viewable]:
    """Give the two bars of controls: for the tree's nodes, and for unfolded filters."""
    return [_node_controls(run, state, filters), _filter_controls(run, filters)]


def _node_controls(run: Run, state: LayersState, filters: FiltersState) -> pn.viewable.Viewable:
    param = state.param
    quantities = {"weights": "weights"}
    tip = "Weights; no gradients were recorded"
    if run.has_gradients:
        quantities["gradients"] = "gradients"
        tip = "Weights, or the recorded gradients"
    search = pn.widgets.TextInput.from_param(
        param.layer_search,
        name="Find layers",
        placeholder="conv -bn",
        description="Words in a layer's name, type or shape; what follows a minus is left out",
        width=150,
        margin=(0, 8, 0, 0),
        css_classes=["dt-search"],
    )
    statistic = choice(
        param.statistic,
        "Measure",
        node_statistics(run),
        "Statistic of lines and horizons",
        width=160,
    )
    bands = number_field(param.horizon_bands, "Bands", "Bands of a horizon chart, 1 to 5")

    def adapt(*_: Any) -> None:
        statistic.visible = state.encoding in OF_ONE
        bands.visible = state.encoding == "horizon"

    state.param.watch(adapt, "encoding")
    adapt()
    return bar(
        search,
        choice(
            param.open_level,
            "Unfold to",
            LEVELS,
            "Level to which the tree is unfolded: network, stage, block, layer, parameter, filter",
            120,
        ),
        choice(filters.param.quantity, "Show", quantities, tip, 110),
        choice(param.encoding, "As", ENCODINGS, "How each node's distribution is drawn", 190),
        statistic,
        bands,
        check(
            param.common_scale,
            "one scale",
            "One vertical scale for all nodes, to compare them; otherwise one per node",
            84,
        ),
        check(
            param.log_scale,
            "log",
            "Logarithmic vertical scales; on both sides of zero if values are negative",
            44,
        ),
    )


def _filter_controls(run: Run, filters: FiltersState) -> pn.viewable.Viewable:
    param = filters.param
    return bar(
        choice(
            param.filter_measure,
            "Filters show",
            filter_measures(run),
            "Filter measure of the pixels of an unfolded layer: of change or of size",
            186,
        ),
        choice(
            param.filter_scale,
            "Scaled over",
            {"all": "all filters", "row": "each filter", "column": "each iteration"},
            "Which pixels of a layer share one colour scale",
            130,
        ),
        choice(
            param.filter_order,
            "Ordered by",
            {"index": "index", "size": "size", "similarity": "similarity"},
            "Order of the filters: by index, by the last norm, or similar histories together",
            110,
        ),
        choice(
            param.filter_rank,
            "Top filters by",
            filter_ranks(run),
            "Measure that ranks the filters of a picked iteration; the anomaly score is a filter's "
            "change compared with its recent changes",
            186,
        ),
        number_field(param.top_filters, "k", "Number of top filters of an iteration"),
    )


def drawn_as(drawing: Drawing, quantity: str) -> str:
    """Explain how nodes are drawn: the marks, the vertical axis' quantity, and its scale.

    Parameters
    ----------
    drawing : Drawing
    quantity : {"weights", "gradients"}
        The quantity that a person chose, recorded or not.
    """
    state, gradients = drawing.state, drawing.gradients
    of = "gradients" if gradients else "weights"
    label = NODE_STATISTICS[drawing.statistics[0]].label
    words = WORDS.get(state.encoding, "")
    if state.encoding in OF_ONE:
        words = f"{label.capitalize()} of the {of}"
        if state.encoding == "horizon":
            words += (
                f", folded into {state.horizon_bands} bands: a stronger colour "
                "means farther from zero; negative values hang from above, in orange"
            )
    axis = label if state.encoding in OF_ONE else f"{of}' values"
    if state.encoding == "change":
        axis = "share of the weights"
    note = ""
    if quantity == "gradients" and not gradients:
        note = " <b>No gradients were recorded: weights are shown.</b>"
    series = 1 if gradients else 0
    return (
        f"<div class='dt-small' style='--dt-key: var(--dt-series-{series}, #0072B2)'>{words}. "
        f"Vertical axis: {axis} (no unit), {_scale_in_words(drawing)}.{note}</div>"
    )


def _scale_in_words(drawing: Drawing) -> str:
    state = drawing.state
    kind = "logarithmic" if state.log_scale else "linear"
    if state.log_scale and drawing.statistics[0] in ("min", "mean", "sum", "median", "q1"):
        kind = "logarithmic on both sides of zero"
    if state.encoding == "change":
        return kind
    if drawing.common is None:
        return f"each node's own scale, {kind}"
    scale: Scale = drawing.common
    return f"one scale, {kind}, from {scale.low:.3g} to {scale.high:.3g}"
