"""The charts of the timeline: scalars and anomaly counts over the iterations."""

from collections.abc import Iterable

import holoviews as hv
import numpy as np

from deeptracker.dashboard.data.cube_numbers import anomalous_filters, class_anomalies
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.scalar_curve import shade_of
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import WIDTH
from deeptracker.dashboard.notebook.name_lookup import checked_names
from deeptracker.dashboard.selection.selection import Selection

__all__ = ["TimelineFigures"]

ANOMALIES = {"anomalous_images": "anomalous images", "anomalous_filters": "anomalous filters"}
SHADES = {"anomalous_images": 1, "anomalous_filters": 2}


class TimelineFigures:
    """Recorded scalars, and counts of anomalies.

    Parameters
    ----------
    run : Run
    look : Look
        Colours, light or dark.
    """

    def __init__(self, run: Run, look: Look) -> None:
        self._run = run
        self._look = look

    @property
    def names(self) -> list[str]:
        """Names of the recorded scalars and of the counts."""
        run = self._run
        counts = [run.has_images, run.has("cube/anomalous_filters")]
        return sorted(run.scalar_names()) + [
            name for name, is_stored in zip(ANOMALIES, counts, strict=True) if is_stored
        ]

    def series(
        self, name: str, *, rule: str = "left", window: int = 5
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give one series: iterations, int64 [point], and values, float64 [point]."""
        run = self._run
        if name == "anomalous_images":
            chosen = Selection(rule=rule, anomaly_window=window)
            counts = class_anomalies(run, chosen.rule, chosen.anomaly_window)
            return run.iterations, counts.sum(axis=0).astype(np.float64)
        if name == "anomalous_filters":
            return run.iterations, anomalous_filters(run).sum(axis=0).astype(np.float64)
        values = np.asarray(run.array(f"scalars/{name}"), np.float64)
        known = np.isfinite(values)
        return run.array("scalars/iteration_s")[known], values[known]

    def plot(
        self,
        names: str | Iterable[str] | None = None,
        *,
        log: bool = False,
        rule: str = "left",
        window: int = 5,
        height: int = 120,
    ) -> hv.Layout:
        """Draw series below each other, on one iteration axis.

        Parameters
        ----------
        names : str or iterable of str, optional
            Some of `names`; None means all.
        log : bool
            Whether the scalars' vertical axes are logarithmic.
        rule : {"left", "right", "full"}
        window : int
            Of the anomalous images.
        height : int
            Pixels of each.

        Raises
        ------
        UnknownNameError
            When the run has no such series.
        """
        chosen = self.names if names is None else checked_names(names, self.names, "series")
        curves = []
        for name in chosen:
            curve = hv.Curve(
                self.series(name, rule=rule, window=window),
                "iteration",
                (name, name.replace("_", " ")),
            )
            curves.append(
                curve.opts(
                    color=self._look.series[SHADES.get(name, shade_of(name))],
                    logy=log and name not in ANOMALIES,
                    frame_width=WIDTH,
                    frame_height=height,
                    tools=["hover"],
                    active_tools=["wheel_zoom"],
                    title="",
                    axiswise=False,
                    hooks=[self._look.style],
                )
            )
        return hv.Layout(curves).cols(1)
