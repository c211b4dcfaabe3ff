"""Tick labels of colour bars, on the page and in notebooks."""

from typing import Any

import numpy as np
from bokeh.models import CustomJSTickFormatter, FixedTicker
from bokeh.models.annotations import ColorBar

from deeptracker.dashboard.data.weight_raster import scale_labels

__all__ = ["label_scale", "scale_ticks"]


def scale_ticks() -> dict[str, Any]:
    """Make a colour bar's ticker and formatter, which `label_scale` sets.

    Bokeh's bar keeps its first ticker and formatter, and the space for their labels.
    """
    return {
        "ticker": FixedTicker(ticks=[-1, 0, 1]),
        "formatter": CustomJSTickFormatter(
            args={"labels": ["-1", "0", "1"]},
            code="return labels[index] === undefined ? '' : labels[index]",
        ),
    }


def label_scale(bar: ColorBar, limits: tuple[float, float], values: np.ndarray) -> None:
    """Write a bar's labels; mark an end if some of `values` lie beyond it."""
    ticker: Any = bar.ticker
    formatter: Any = bar.formatter
    ticker.ticks, labels = scale_labels(limits, values)
    formatter.args = {"labels": labels}
