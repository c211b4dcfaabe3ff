"""Whether gradients are what a view shows."""

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection

__all__ = ["shows_gradients"]


def shows_gradients(run: Run, selection: Selection) -> bool:
    """Whether gradients are wanted, and were recorded."""
    return bool(selection.quantity == "gradients" and run.has_gradients)
