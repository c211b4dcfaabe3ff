"""Whether a view shows gradients."""

from deeptracker.dashboard.data.run import Run

__all__ = ["shows_gradients"]


def shows_gradients(run: Run, quantity: str) -> bool:
    """Whether gradients are chosen and were recorded.

    Parameters
    ----------
    run : Run
    quantity : {"weights", "gradients"}
        The quantity that a person chose.
    """
    return quantity == "gradients" and run.has_gradients
