"""A layer's filters as pixels: a line per filter, or per several if there are thousands."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.filter_series import filter_count, read_filters
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.quantities import filter_measures, measure_label
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.similarity import similarity_order
from deeptracker.dashboard.look.theme import levels
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.wording import counted

__all__ = [
    "FilterChart",
    "filter_chart",
    "filters_height",
    "filters_in_order",
]

PIXEL = 6
SMALLEST, LARGEST = 44, 360
ORDERED_AT_MOST = 2048
BLOCK = 4096  # filters read at a time


@dataclass(frozen=True)
class FilterChart:
    """The pixels of a parameter's filters.

    Attributes
    ----------
    parameter : str
    measure : str
    order : numpy.ndarray
        int64 [filter]: the filters from top to bottom.
    per_line : int
        Filters that share a line; the line shows the greatest of them.
    values : numpy.ndarray
        float32 [line, place].
    strongest : numpy.ndarray
        int64 [line, place]: the filter whose value is shown.
    """

    parameter: str
    measure: str
    order: np.ndarray
    per_line: int
    values: np.ndarray
    strongest: np.ndarray

    def line_of(self, index: int) -> int:
        """Give the line of a filter."""
        return int(np.flatnonzero(self.order == index)[0]) // self.per_line

    def row(self, scale: str, height: float, columns: PixelColumns) -> Row:
        """Draw it.

        Parameters
        ----------
        scale : {"all", "row", "column"}
            The pixels that share one colour scale.
        """
        low, high = _limits(self.values, scale)
        title = measure_label(self.measure)
        lines = len(self.values)
        shared = f"{self.per_line} per line: the greatest" if self.per_line > 1 else ""
        filters = counted(len(self.order), "filter")
        options: dict[str, Any] = columns.options | {
            "label": filters,
            "note": shared,
            "title": f"{self.parameter}: {title} of {filters} {shared}".rstrip(),
            "indent": 1 + self.parameter.count("."),
            "palette": "blues",
            "value_label": title,
            "line_labels": self._line_labels(),
            "y_ticks": [[0.5 / lines, f"{self.order[0]}"], [1 - 0.5 / lines, f"{self.order[-1]}"]],
            "label_room": 54,
            "gap": 8,
        }
        if np.isnan(self.values).all():
            options["colours"] = ["none", "none", "no value: needs an earlier snapshot"]
        elif scale == "all":
            beyond = "≥ " if np.nanmax(self.values) > high else ""
            options["colours"] = [f"{float(low):.2g}", f"{beyond}{float(high):.2g}", title]
        else:
            each = "filter" if scale == "row" else "iteration"
            options["colours"] = ["least", "most", f"{title}, each {each}"]
        scaled = levels(self.values, low, high)
        return Row(f"filters:{self.parameter}", "pixels", height, (scaled, self.values), options)

    def _line_labels(self) -> list[str]:
        layer = self.parameter.removesuffix(".weight")
        if self.per_line == 1:
            return [f"{layer} filter {index}" for index in self.order]
        return [
            f"{layer} filters {self.order[start]} … "
            f"{self.order[min(start + self.per_line, len(self.order)) - 1]}"
            for start in range(0, len(self.order), self.per_line)
        ]


def filters_height(run: Run, node: int) -> float:
    """Give the height of a parameter's filter chart in CSS pixels, from its shape alone."""
    count = int(str(run.nodes["shape"][node]).partition("x")[0])
    return min(LARGEST, max(SMALLEST, PIXEL * count))


def filters_in_order(run: Run, state: FiltersState, parameter: str) -> np.ndarray:
    """Give the filters of a parameter in the chosen order, int64 [filter]."""
    order, measure = state.filter_order, measure_of(run, state)
    key = (run.location, run.commit, "order", parameter, order, measure)

    def compute() -> np.ndarray:
        if order == "size":
            last = read_filters(run, parameter, "norm2", columns=slice(-1, None))[:, 0]
            return np.argsort(-np.nan_to_num(last), kind="stable")
        count = filter_count(run, parameter)
        if order == "similarity" and 2 < count <= ORDERED_AT_MOST:
            values = np.nan_to_num(read_filters(run, parameter, measure), posinf=0.0)
            return np.array(similarity_order(np.log1p(np.maximum(values, 0.0))))
        return np.arange(count)

    return SHARED.get(key, compute)


def filter_chart(
    run: Run, state: FiltersState, parameter: str, columns: PixelColumns
) -> FilterChart:
    """Read the pixels of a parameter's filters in a window of iterations.

    Parameters
    ----------
    parameter : str
        One of two dimensions or more.
    """
    measure = measure_of(run, state)
    order = filters_in_order(run, state, parameter)
    per_line = -(-len(order) // LARGEST)
    key = (run.location, run.commit, "pixels", parameter, measure, columns, state.filter_order)
    values, strongest = SHARED.get(key, lambda: _pixels(run, parameter, measure, order, columns))
    return FilterChart(parameter, measure, order, per_line, values, strongest)


def measure_of(run: Run, state: FiltersState) -> str:
    """Name the filter measure that pixels show."""
    name = state.filter_measure
    return name if name in filter_measures(run) else "change_relative_norm2"


def _pixels(
    run: Run, parameter: str, measure: str, order: np.ndarray, columns: PixelColumns
) -> tuple[np.ndarray, np.ndarray]:
    """Take the greatest value of each line's filters, reading a bounded number at a time."""
    per_line = -(-len(order) // LARGEST)
    line_of = np.empty(len(order), np.int64)
    line_of[order] = np.arange(len(order)) // per_line
    shape = -(-len(order) // per_line), -(-(columns.last - columns.first + 1) // columns.step)
    values = np.full(shape, np.nan, np.float32)
    strongest = np.full(shape, -1, np.int64)
    for start in range(0, len(order), BLOCK):
        part = read_filters(run, parameter, measure, slice(start, start + BLOCK), columns.span)
        part = columns.joined(part, "max").astype(np.float32)
        if per_line == 1:
            lines = line_of[start : start + len(part)]
            values[lines] = part
            strongest[lines] = np.arange(start, start + len(part))[:, None]
            continue
        # Sort by line, so that the filters of one line are neighbours.
        by_line = np.argsort(line_of[start : start + len(part)], kind="stable")
        lines, firsts = np.unique(line_of[start + by_line], return_index=True)
        for line, filters in zip(lines, np.split(by_line, firsts[1:]), strict=True):
            known = np.where(np.isnan(part[filters]), -np.inf, part[filters])
            best = known.argmax(axis=0)
            greatest = known[best, np.arange(shape[1])]
            more = greatest > np.where(np.isnan(values[line]), -np.inf, values[line])
            values[line, more] = greatest[more]
            strongest[line, more] = start + filters[best[more]]
    return values, strongest


def _limits(values: np.ndarray, scale: str) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Values of the first and last colour: over all, [line, 1], or [1, place]."""
    known = np.where(np.isfinite(values), values, np.nan)
    if scale in ("row", "column"):
        axis = 1 if scale == "row" else 0
        return (
            np.nan_to_num(np.fmin.reduce(known, axis=axis, keepdims=True)),
            np.nan_to_num(np.fmax.reduce(known, axis=axis, keepdims=True)),
        )
    if np.isnan(known).all():
        return 0.0, 1.0
    # The top 0.5 % share the darkest colour: otherwise one incident leaves the rest white.
    return max(0.0, float(np.nanmin(known))), float(np.nanquantile(known, 0.995))
