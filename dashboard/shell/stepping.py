"""Steps through time: to the next snapshot, or to the next anomalous iteration."""

import numpy as np

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection

__all__ = ["anomalous_columns", "step_anomaly", "step_iteration"]


def step_iteration(run: Run, selection: Selection, step: int) -> None:
    """Pick the snapshot after (or before) the picked one."""
    picked = run.picked_columns(selection.iterations)
    if not len(run.iterations):
        return
    first, last = run.columns(selection.window)
    column = picked[-1] + step if picked else (first if step > 0 else last)
    column = min(max(column, 0), len(run.iterations) - 1)
    selection.iterations = [int(run.iterations[column])]


def step_anomaly(run: Run, selection: Selection, step: int) -> None:
    """Pick the next (or previous) iteration of `anomalous_columns`; stay if there is none."""
    columns = anomalous_columns(run, selection)
    picked = run.picked_columns(selection.iterations)
    at = picked[-1] if picked else (-1 if step > 0 else len(run.iterations))
    ahead = columns[columns > at] if step > 0 else columns[columns < at][::-1]
    if len(ahead):
        selection.iterations = [int(run.iterations[ahead[0]])]


def anomalous_columns(run: Run, selection: Selection) -> np.ndarray:
    """Columns with a finding, or with a class that carries a mark.

    A class is marked where at least `threshold` of its images are anomalous under the current rule
    and window.

    Returns
    -------
    numpy.ndarray
        int64, rising.
    """
    marked = np.zeros(len(run.iterations), bool)
    if run.has_images:
        window = selection.anomaly_window
        counts = run.part(f"classes/{selection.rule}", slice(window - 1, window))[0]
        marked |= (counts >= selection.threshold).any(axis=0)
    if run.has("health/at_iteration"):
        marked |= np.isin(run.iterations, run.array("health/at_iteration"))
    return np.flatnonzero(marked)
