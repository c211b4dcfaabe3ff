"""The timeline: scalars, anomaly counts and findings; it sets the window of all views."""

from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.scalar_curve import Curve, curve, shade_of
from deeptracker.dashboard.data.window import window_of
from deeptracker.dashboard.look.theme import CATEGORICAL
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.timeline.scalar_controls import ScalarControls
from deeptracker.dashboard.views.timeline.state import TimelineState
from deeptracker.dashboard.widgets.controls import check, choice, show_whole_run
from deeptracker.dashboard.widgets.row_chart import RowChart
from deeptracker.dashboard.widgets.rows import Row

__all__ = ["Timeline"]

PANES = (
    ("loss", ("train_loss", "validation_loss"), True),
    ("error", ("train_error", "validation_error"), False),
    ("learning rate", ("learning_rate",), True),
)
HEIGHTS = {"loss": 54, "error": 46, "learning rate": 34}


class Timeline:
    """Scalars and counts over all iterations; drag to set the window, click to pick."""

    title = "Timeline"
    tip = "Scalars, anomaly counts and findings over the iterations"
    about = (
        "The training over its iterations: loss, error and learning rate from the training "
        "log, the number of validation images that were anomalous at each snapshot under the "
        "chosen rule, the number of filters that changed far more than before, and the health "
        "findings as diamonds (point at one to read it).\n\n"
        "An image is anomalous at a snapshot where its outcome (right or wrong) changes after k "
        "equal outcomes (left rule), before k equal ones (right rule), or both (full rule).\n\n"
        "Three scalars with other names are drawn; if there are more, tick those to draw.\n\n"
        "Drag to set the window of every chart on the page, turn the wheel to zoom, double click "
        "to show all. Click an iteration to pick it, shift-click for several; the strip on top "
        "shows the whole run with the window in it, and can be dragged."
    )

    states = (TimelineState,)

    def __init__(self, run: Run, selection: Selection, state: TimelineState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.chart = RowChart(
            test_id="timeline",
            can_brush=True,
            fills=True,
            description="Loss, error, learning rate and anomaly counts over the iterations.",
            sizing_mode="stretch_width",
        )
        self.chart.param.watch(self._on_event, "event")
        self.scalars = ScalarControls(state)
        selection.param.watch(self._redraw, ["rule", "anomaly_window"])
        state.param.watch(self._redraw, ["smoothing", "log_scalars", "slim", "scalars"])
        selection.param.watch(self._reframe, ["window", "iterations"])
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the chart."""
        return self.chart

    def controls(self) -> list[Any]:
        """Give the rail to the right of the chart."""
        return [
            pn.Row(
                self.scalars.smoothing,
                choice(
                    self.selection.param.spacing,
                    "Axis",
                    {"ordinal": "evenly wide", "true": "true iterations"},
                    "Evenly wide: all snapshots have the same width. True iterations: each is "
                    "drawn at its iteration, which shows gaps in the recording. Applies to all "
                    "charts.",
                    138,
                ),
                margin=(4, 0, 2, 4),
            ),
            pn.Row(
                self.scalars.log,
                check(
                    self.state.param.slim,
                    "slim",
                    "Show only the loss, the anomalous images and the findings, which leaves "
                    "more room for the views",
                    90,
                ),
                margin=(2, 0, 0, 0),
            ),
            self.scalars.others,
        ]

    def update(self) -> None:
        """Draw the store's current data."""
        rows = [*self._scalar_rows(), *self._count_rows()]
        if self.run.has("health/rule"):
            rows.append(self._finding_row())
        if self.state.slim:
            rows = [row for row in rows if row.id in ("loss", "anomalous images", "findings")]
        iterations = [int(iteration) for iteration in self.run.iterations]
        overview = [round(float(share), 3) for share in self._overview()]
        self.chart.draw(rows, iterations=iterations, overview=overview, **self._frame())

    def table(self) -> pd.DataFrame:
        """Give the scalars that are drawn, counts and findings at the iterations of the window."""
        first, last = self.run.columns(self.selection.window)
        shown = slice(first, last + 1)
        table = pd.DataFrame({"iteration": self.run.iterations[shown]})
        for name in self._curves:
            table[name] = self._at_snapshots(name)[shown]
        if self.run.has_images:
            rule, window = self.selection.rule, self.selection.anomaly_window
            table[f"anomalous_images_{rule}_{window}"] = self._image_counts()[shown]
        if self.run.has("cube/filter_anomalies"):
            table["anomalous_filters"] = self.run.array("cube/filter_anomalies")[shown]
        if self.run.has("health/rule"):
            messages: dict[int, list[str]] = {}
            for mark in self._marks():
                messages.setdefault(mark["column"], []).append(mark["text"])
            table["findings"] = ["; ".join(messages.get(c, [])) for c in range(first, last + 1)]
        return table

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        picked = self.run.picked_columns(self.selection.iterations)
        return {"first": first, "last": last, "picked": picked}

    def _reframe(self, *events: Any) -> None:
        # A long log is drawn at the window's resolution, so a new window reads it again.
        if self._is_long and any(event.name == "window" for event in events):
            self.update()
        else:
            self.chart.param.update(**self._frame())

    def _redraw(self, *_: Any) -> None:
        self.update()

    @property
    def _is_long(self) -> bool:
        return any(curve.was_thinned for curve in self._curves.values())

    def _scalar_rows(self) -> list[Row]:
        self._curves: dict[str, Curve] = {}
        known = set(self.run.scalar_names())
        panes = [(title, [n for n in names if n in known], log) for title, names, log in PANES]
        by_pane = {name for _, names, _ in panes for name in names}
        self.scalars.offer(
            sorted(known - by_pane),
            can_smooth=bool(known),
            can_log=any(names for _, names, log in panes if log),
        )
        panes += [(name, [name], False) for name in self.scalars.shown_others]
        rows = []
        for title, names, log in panes:
            shown = {name: self._curve(name) for name in names}
            self._curves |= shown
            if shown:
                log_here = log and self.state.log_scalars
                rows.append(_curves(title, shown, log=log_here, smoothed=self._is_smooth))
        return rows

    @property
    def _is_smooth(self) -> bool:
        return bool(self.state.smoothing > 0)

    def _curve(self, name: str) -> Curve:
        return curve(
            self.run.array("scalars/iteration_s"),
            self.run.array(f"scalars/{name}"),
            self.run.iterations,
            self.run.columns(self.selection.window),
            self.state.smoothing,
        )

    def _at_snapshots(self, name: str) -> np.ndarray:
        """Give a scalar at each snapshot: its last value since the snapshot before."""
        values = self.run.array(f"scalars/{name}")
        places = self.run.array("scalars/iteration_s")
        known = np.isfinite(values)
        values, places = values[known], places[known]
        out = np.full(len(self.run.iterations), np.nan, np.float32)
        if not len(values):
            return out
        at = np.searchsorted(places, self.run.iterations, side="right") - 1
        previous = np.concatenate([[-1], self.run.iterations[:-1]])
        fresh = (at >= 0) & (places[np.maximum(at, 0)] > previous)
        out[fresh] = values[at[fresh]]
        return out

    def _image_counts(self) -> np.ndarray:
        rule, window = self.selection.rule, self.selection.anomaly_window
        counts = self.run.part(f"classes/{rule}", slice(window - 1, window))[0]
        return np.asarray(counts.sum(axis=0))

    def _overview(self) -> np.ndarray:
        """Shares for the overview of the whole run: of anomalous images, else anomalous filters."""
        if self.run.has_images:
            counts = self._image_counts()
        elif self.run.has("cube/filter_anomalies"):
            counts = self.run.array("cube/filter_anomalies")
        else:
            return np.zeros(len(self.run.iterations))
        # The square root keeps a few images visible next to a mass flip.
        return np.asarray(np.sqrt(counts / max(1, int(counts.max(initial=0)))))

    def _count_rows(self) -> list[Row]:
        rows = []
        if self.run.has_images:
            rule, window = self.selection.rule, self.selection.anomaly_window
            name = f"images ({rule} rule, {window} snapshots)"
            row = _counts("anomalous images", name, self._image_counts(), CATEGORICAL[1], 40)
            row.options["detail"] = f"{rule} rule, k = {window}"
            rows.append(row)
        if self.run.has("cube/filter_anomalies"):
            counts = self.run.array("cube/filter_anomalies")
            name = "filters over the threshold"
            rows.append(_counts("anomalous filters", name, counts, CATEGORICAL[2], 32))
        return rows

    def _marks(self) -> list[dict[str, Any]]:
        health = {
            name: self.run.array(f"health/{name}")
            for name in ("at_iteration", "severity", "message")
        }
        marks = []
        for iteration, severity, message in zip(*health.values(), strict=True):
            column = self.run.column(int(iteration))
            if column is not None:
                marks.append({"column": column, "severity": str(severity), "text": str(message)})
        return marks

    def _finding_row(self) -> Row:
        options = {"label": "findings", "marks": self._marks(), "strong": True}
        return Row("findings", "marks", 16, (), options)

    def _on_event(self, event: Any) -> None:
        act = event.new
        if act["type"] == "brush":
            self.selection.window = window_of(self.run, act["first"], act["last"])
        elif act["type"] == "reset":
            show_whole_run(self.run, self.selection, act)
        elif act["type"] == "pick":
            iteration = int(self.run.iterations[act["column"]])
            self.selection.toggle("iterations", iteration, add=bool(act.get("shift")))


def _curves(title: str, curves: dict[str, Curve], *, log: bool, smoothed: bool) -> Row:
    """Draw scalars at their own iterations, raw and smoothed."""
    shown = np.concatenate([np.concatenate([c.values, c.smooth]) for c in curves.values()])
    low, high = _limits(shown, log=log)
    legend = [
        {"name": name.replace("_", " "), "colour": CATEGORICAL[shade_of(name)]} for name in curves
    ]
    label = title.replace("_", " ")
    options = {
        "label": label + (" (log)" if log else ""),
        "series": legend,
        "legend": legend if [entry["name"] for entry in legend] != [label] else [],
        "low": low,
        "high": high,
        "log": log,
        "smoothed": smoothed,
        "label_room": 46,
        "strong": True,
    }
    arrays = tuple(
        part.astype(np.float32) for c in curves.values() for part in (c.places, c.values, c.smooth)
    )
    return Row(title, "curves", HEIGHTS.get(title, 40), arrays, options)


def _limits(values: np.ndarray, *, log: bool) -> tuple[float, float]:
    known = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not known.size:
        return (1e-3, 1.0) if log else (0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    return (low, high) if log else (min(0.0, low), max(0.0, high))


def _counts(title: str, name: str, counts: np.ndarray, colour: str, height: float) -> Row:
    """Draw counts at the snapshots."""
    values = counts.astype(np.float32)
    options = {
        "label": title,
        "series": [{"name": name, "colour": colour}],
        "low": 0.0,
        "high": float(np.nanmax(values, initial=1.0)),
        "whole": True,
        "label_room": 46,
        "strong": True,
    }
    return Row(title, "lines", height, (values,), options)
