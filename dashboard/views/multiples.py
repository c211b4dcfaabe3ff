"""One small multiple: a node's statistics over the iterations, in the chosen encoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.canvas.rowchart import Row
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import levels

__all__ = [
    "ENCODINGS",
    "STATISTICS",
    "Scale",
    "multiple",
    "series_names",
    "statistic_path",
]

ENCODINGS = {
    "band": "quartiles and extremes",
    "box": "boxes",
    "line": "line",
    "horizon": "horizon",
    "change": "change ratio",
    "histogram": "histogram over time",
}
STATISTICS = {
    "std": "standard deviation",
    "mean": "mean",
    "norm1": "norm 1",
    "norm2": "norm 2",
    "norm0": "non-zeros",
    "min": "minimum",
    "median": "median",
    "max": "maximum",
    "update_ratio": "update ratio",
    "nonfinite": "not finite",
}
FIVE = ("min", "q1", "median", "q3", "max")
HEIGHTS = {"network": 64, "stage": 54, "block": 48, "layer": 44, "parameter": 40}


def statistic_path(selection: Selection, name: str) -> str:
    """Where a statistic of weights or gradients lies in the store."""
    return f"nodes/{'grad_' if selection.quantity == 'gradients' else ''}{name}"


def series_names(selection: Selection) -> tuple[str, ...]:
    """Name the statistics that the chosen encoding draws as numbers."""
    if selection.encoding in ("band", "box"):
        return FIVE
    return (selection.statistic if selection.statistic in STATISTICS else "std",)


@dataclass(frozen=True)
class Scale:
    """A vertical scale: one for all nodes, or each node's own where `low` is None."""

    log: bool
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, run: Run, selection: Selection, nodes: Sequence[int]) -> "Scale":
        """Find the scale of some nodes."""
        if not selection.common_scale or selection.encoding in ("change", "histogram"):
            return cls(selection.log_scale)
        names = series_names(selection)
        columns = _columns(run, selection)
        values = np.concatenate(
            [
                run.array(statistic_path(selection, name))[list(nodes)][:, columns].ravel()
                for name in names
            ]
        )
        return cls(selection.log_scale, *_limits(values, log=selection.log_scale))

    def limits(self, values: np.ndarray) -> tuple[float, float]:
        """Give the least and greatest value of the axis for a node's values."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return _limits(values, log=self.log)


def multiple(run: Run, selection: Selection, node: int, scale: Scale) -> Row:
    """Draw one node.

    Parameters
    ----------
    node : int
        Its index in the architecture's table.
    scale : Scale
    """
    nodes = run.nodes
    kind = str(nodes["kind"][node])
    name = str(nodes["name"][node])
    size = int(nodes["size"][node])
    what = str(nodes["type"][node]) or kind
    shape = str(nodes["shape"][node])
    options: dict[str, Any] = {
        "label": str(nodes["label"][node]) or "network",
        "detail": f"{shape or what}, {size:,}",
        "title": f"{name or 'network'}: {what} {shape}, {size:,} weights",
        "indent": int(nodes["depth"][node]),
        "strong": kind in ("network", "stage"),
        "label_room": 44,
        "log": scale.log,
    }
    key, height = f"node:{name}", HEIGHTS.get(kind, 44)
    if selection.encoding == "histogram" and run.has(statistic_path(selection, "histogram")):
        return _histogram(run, selection, node, key, height, options)
    if selection.encoding == "change":
        return _change(run, selection, node, key, height, options)
    names = series_names(selection)
    series = [run.array(statistic_path(selection, n))[node] for n in names]
    window = np.concatenate([values[_columns(run, selection)] for values in series])
    low, high = scale.limits(window)
    options |= {"low": low, "high": high}
    colour = "#0072B2" if selection.quantity == "weights" else "#D55E00"
    options["series"] = [{"name": n.replace("_", " "), "colour": colour} for n in names]
    drawn = {"band": "band", "box": "box", "horizon": "horizon"}.get(selection.encoding, "lines")
    if drawn == "horizon":
        options |= {"log": False, "bands": 3}
    arrays = tuple(values.astype(np.float32) for values in series)
    return Row(key, drawn, height, arrays, options)


def _columns(run: Run, selection: Selection) -> slice:
    first, last = run.columns(selection.window)
    return slice(first, last + 1)


def _limits(values: np.ndarray, *, log: bool) -> tuple[float, float]:
    known = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not known.size:
        return (1e-3, 1.0) if log else (0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if high == low:
        room = abs(high) * 0.1 or 1.0
        return (low / 1.1, high * 1.1) if log else (low - room, high + room)
    return low, high


def _change(
    run: Run,
    selection: Selection,
    node: int,
    key: str,
    height: float,
    options: dict[str, Any],
) -> Row:
    ratios = run.array(statistic_path(selection, "change_ratio"))[node]
    thresholds = run.array("nodes/threshold")
    order = np.argsort(thresholds)
    options |= {
        "low": 0.0,
        "high": 1.0,
        "log": False,
        "series": [{"name": f"changed by over {thresholds[i]:.3g}", "colour": ""} for i in order],
    }
    return Row(key, "change", height, tuple(ratios[i].astype(np.float32) for i in order), options)


def _histogram(
    run: Run,
    selection: Selection,
    node: int,
    key: str,
    height: float,
    options: dict[str, Any],
) -> Row:
    counts = run.part(statistic_path(selection, "histogram"), slice(node, node + 1))[0].T
    left, right = run.array("nodes/bin_left"), run.array("nodes/bin_right")
    filled = np.flatnonzero(counts.any(axis=1))
    low, high = (filled[0], filled[-1] + 1) if filled.size else (0, len(counts))
    shown = counts[low:high][::-1].astype(np.float32)
    shown[:, ~counts.any(axis=0)] = np.nan
    # A few bins hold most weights: the square root shows the tails too.
    top = float(np.nanmax(shown)) if np.isfinite(shown).any() else 1.0
    names = [
        f"{options['label']} from {left[i]:.3g} to {right[i]:.3g}"
        for i in reversed(range(low, high))
    ]
    options |= {"palette": "blues", "value_label": "weights", "line_labels": names}
    scaled = levels(np.sqrt(shown), 0, np.sqrt(max(top, 1.0)))
    return Row(key, "image", max(height, 60), (scaled, shown), options)
