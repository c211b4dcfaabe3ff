"""The window of iterations around a pick."""

from deeptracker.dashboard.data.run import Run

__all__ = ["window_of"]


def window_of(run: Run, first: int, last: int) -> tuple[int, int] | None:
    """Translate columns to a window; None if they are all columns."""
    if first == 0 and last == len(run.iterations) - 1:
        return None
    return int(run.iterations[first]), int(run.iterations[last])
