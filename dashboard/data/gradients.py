"""Whether gradients are what a view shows."""

from deeptracker.dashboard.data.run import Run

__all__ = ["shows_gradients"]


def shows_gradients(run: Run, quantity: str) -> bool:
    """Whether gradients are wanted, and were recorded.

    Parameters
    ----------
    run : Run
    quantity : {"weights", "gradients"}
        What a person wants to see.
    """
    return quantity == "gradients" and run.has_gradients
