"""The top filters of the picked iterations: as a list of links, and as marks at pixel rows."""

from collections.abc import Callable, Sequence

import numpy as np

from deeptracker.dashboard.data.quantities import SCORE, filter_ranks, measure_label
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.top_filters import TopFilter, common_filters, top_filters
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.filters.filter_pixels import LARGEST, filters_in_order
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.widgets.link_list import Link, LinkGroup

__all__ = ["Tops", "filter_groups", "filter_marks", "tops_of"]

Tops = dict[int, list[TopFilter]]


def tops_of(run: Run, selection: Selection, state: FiltersState) -> Callable[[], Tops]:
    """Give a function that lists the top filters of each picked iteration, by its column.

    If nodes are picked, only their filters compete. The choices are read now, the filters when the
    function is called.
    """
    measure = rank_of(run, state)
    columns, within = run.picked_columns(selection.iterations), list(selection.nodes)
    count = state.top_filters
    return lambda: {column: top_filters(run, column, count, measure, within) for column in columns}


def rank_of(run: Run, state: FiltersState) -> str:
    """Name the measure that ranks filters."""
    return state.filter_rank if state.filter_rank in filter_ranks(run) else SCORE


def filter_groups(
    run: Run, selection: Selection, state: FiltersState, tops: Tops
) -> list[LinkGroup]:
    """Write the lists: first the filters common to all picked iterations, then each iteration's."""
    measure = measure_label(rank_of(run, state))
    scope = _scope(selection)
    if not run.filtered_parameters(0):
        none = "This network has no filters: no parameter has two dimensions or more."
        return [LinkGroup("Filters that changed most", (), none)]
    if not tops:
        hint = (
            "Pick an iteration to list the filters that changed most there; pick several with "
            "shift to list the filters common to all of them."
        )
        return [LinkGroup("Filters that changed most", (), hint)]
    groups = []
    chosen = {(str(name), int(index)) for name, index in selection.filters}
    if len(tops) > 1:
        common = common_filters(list(tops.values()))
        groups.append(
            LinkGroup(
                f"Common to all {len(tops)} iterations{scope}",
                _links(common, chosen),
                f"No filter is among the top {state.top_filters} of every picked iteration.",
            )
        )
    for column, listed in reversed(tops.items()):
        iteration = int(run.iterations[column])
        title = f"Top {state.top_filters} at {iteration:,} by {measure}{scope}"
        empty = "Too few earlier snapshots to compare with."
        groups.append(LinkGroup(title, _links(listed, chosen), empty))
    return groups


def filter_marks(
    run: Run, selection: Selection, state: FiltersState, parameters: Sequence[str], tops: Tops
) -> dict[str, list[list[object]]]:
    """Give the lines to mark in the unfolded filter charts, by the charts' row ids.

    Returns
    -------
    dict
        Lists of [line, ``"top"``, ``"common"`` or ``"picked"``].
    """
    kinds: dict[tuple[str, int], str] = {}
    for listed in tops.values():
        kinds |= {top.key: "top" for top in listed}
    # With a single iteration, all its filters would be common.
    if len(tops) > 1:
        kinds |= {top.key: "common" for top in common_filters(list(tops.values()))}
    kinds |= {(str(name), int(index)): "picked" for name, index in selection.filters}
    marks: dict[str, list[list[object]]] = {}
    for parameter in parameters:
        own = {index: kind for (name, index), kind in kinds.items() if name == parameter}
        if not own:
            continue
        order = filters_in_order(run, state, parameter)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) // -(-len(order) // LARGEST)
        known = {index: kind for index, kind in own.items() if 0 <= index < len(order)}
        marks[f"filters:{parameter}"] = [
            [int(place[index]), kind] for index, kind in sorted(known.items())
        ]
    return marks


def _links(listed: Sequence[TopFilter], chosen: set[tuple[str, int]]) -> tuple[Link, ...]:
    # No bar for a change smaller than usual: bar lengths would contradict the ranks.
    most = max((top.value for top in listed if top.value > 0), default=1.0)
    return tuple(
        Link(
            key=list(top.key),
            label=f"{top.parameter.removesuffix('.weight')} filter {top.filter}",
            note=_short(top.value),
            share=max(0.0, top.value) / most,
            is_chosen=top.key in chosen,
        )
        for top in listed
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _scope(selection: Selection) -> str:
    names = [name for name in selection.nodes if name]
    return f", in {', '.join(names)}" if names and "" not in selection.nodes else ""
