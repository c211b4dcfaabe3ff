"""The timeline: scalars, anomaly counts and findings, and the window on all other views."""

from typing import Any

import numpy as np
import panel as pn

from dashboard.canvas.rowchart import Row, RowChart
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import CATEGORICAL

__all__ = ["Timeline", "window_of"]

PANES = (
    ("loss", ("train_loss", "validation_loss"), True),
    ("error", ("train_error", "validation_error"), False),
    ("learning rate", ("learning_rate",), True),
)
HEIGHTS = {"loss": 62, "error": 48, "learning rate": 44}


class Timeline:
    """Scalars and counts over all iterations; drag to set the window, click to pick."""

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.chart = RowChart(
            test_id="timeline",
            can_brush=True,
            description="Loss, error, learning rate and anomaly counts over the iterations.",
            sizing_mode="stretch_width",
        )
        self.chart.param.watch(self._acted, "event")
        selection.param.watch(self._redraw, ["rule", "anomaly_window"])
        selection.param.watch(self._reframe, ["window", "iterations"])
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the chart."""
        return self.chart

    def update(self) -> None:
        """Draw what the store holds now."""
        rows = [*self._scalar_rows(), *self._count_rows()]
        if self.run.has("health/rule"):
            rows.append(self._finding_row())
        iterations = [int(iteration) for iteration in self.run.iterations]
        self.chart.draw(rows, iterations=iterations, **self._frame())

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        picked = self.run.picked_columns(self.selection.iterations)
        return {"first": first, "last": last, "picked": picked}

    def _reframe(self, *_: Any) -> None:
        self.chart.param.update(**self._frame())

    def _redraw(self, *_: Any) -> None:
        self.update()

    def _scalar_rows(self) -> list[Row]:
        if not self.run.has("scalars/iteration_s"):
            return []
        known = [name for name in self.run.group("scalars").array_keys() if name != "iteration_s"]
        panes = [(title, [n for n in names if n in known], log) for title, names, log in PANES]
        named = {name for _, names, _ in panes for name in names}
        panes += [(name, [name], False) for name in sorted(set(known) - named)[:3]]
        rows = []
        for title, names, log in panes:
            series = [self._on_columns(name) for name in names]
            if series:
                rows.append(_lines(title, names, series, log=log))
        return rows

    def _on_columns(self, name: str) -> np.ndarray:
        """Give a scalar at the recorded iterations: the last one since the iteration before."""
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

    def _count_rows(self) -> list[Row]:
        rows = []
        if self.run.has_images:
            rule, window = self.selection.rule, self.selection.anomaly_window
            counts = self.run.part(f"classes/{rule}", slice(window - 1, window))[0].sum(axis=0)
            names = [f"images ({rule} rule, {window} snapshots)"]
            rows.append(
                _lines("anomalous images", names, [counts], colour=CATEGORICAL[1], height=44)
            )
        if self.run.has("cube/filter_anomalies"):
            counts = self.run.array("cube/filter_anomalies")
            names = ["filters over the threshold"]
            rows.append(
                _lines("anomalous filters", names, [counts], colour=CATEGORICAL[2], height=36)
            )
        return rows

    def _finding_row(self) -> Row:
        health = {
            name: self.run.array(f"health/{name}")
            for name in ("at_iteration", "severity", "message")
        }
        marks = []
        for iteration, severity, message in zip(*health.values(), strict=True):
            column = self.run.column(int(iteration))
            if column is not None:
                marks.append({"column": column, "severity": str(severity), "text": str(message)})
        return Row("findings", "marks", 16, (), {"label": "findings", "marks": marks})

    def _acted(self, event: Any) -> None:
        act = event.new
        if act["type"] == "brush":
            self.selection.window = window_of(self.run, act["first"], act["last"])
        elif act["type"] == "reset":
            self.selection.window = None
        elif act["type"] == "pick":
            iteration = int(self.run.iterations[act["column"]])
            self.selection.toggle("iterations", iteration, add=bool(act.get("shift")))
        elif act["type"] == "step":
            step_iteration(self.run, self.selection, act["step"])


def window_of(run: Run, first: int, last: int) -> tuple[int, int] | None:
    """Translate columns to a window; None where they are all there are."""
    if first == 0 and last == len(run.iterations) - 1:
        return None
    return int(run.iterations[first]), int(run.iterations[last])


def step_iteration(run: Run, selection: Selection, step: int) -> None:
    """Pick the snapshot after (or before) the picked one."""
    picked = run.picked_columns(selection.iterations)
    column = picked[-1] + step if picked else 0
    column = min(max(column, 0), len(run.iterations) - 1)
    selection.iterations = [int(run.iterations[column])]


def _lines(
    title: str,
    names: list[str],
    series: list[np.ndarray],
    *,
    log: bool = False,
    colour: str = "",
    height: float = 0,
) -> Row:
    values = np.concatenate(series).astype(np.float64)
    shown = values[np.isfinite(values) & ((values > 0) | (not log))]
    high = float(shown.max()) if shown.size else 1.0
    low = (float(shown.min()) if log else min(0.0, float(shown.min()))) if shown.size else 0.0
    colours = [colour] if colour else list(CATEGORICAL[: len(names)])
    legend = [
        {"name": name.replace("_", " "), "colour": shade}
        for name, shade in zip(names, colours, strict=True)
    ]
    options = {
        "label": title + (" (log)" if log else ""),
        "series": legend,
        "legend": legend if height == 0 and len(names) > 1 else [],
        "low": low,
        "high": high,
        "log": log,
        "label_room": 46,
        "strong": True,
    }
    arrays = tuple(values.astype(np.float32) for values in series)
    return Row(title, "lines", height or HEIGHTS.get(title, 44), arrays, options)
