"""Check a link against the run: drop and name picks that the run does not have."""

from collections.abc import Iterable
from typing import Any

from deeptracker.dashboard.data.known_names import drop_unknown, has_class, has_filter, has_node
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.state import State

__all__ = ["sift_picks"]


def sift_picks(run: Run, values: dict[str, Any], states: Iterable[State] = ()) -> list[str]:
    """Remove from a link's values names that the run does not have.

    Parameters
    ----------
    run : Run
    values : dict
        By the parameters of the selection and of the states; changed in place.
    states : iterable of State
        The views' states; each checks its own parameters.

    Returns
    -------
    list of str
        The removed values, in words.
    """
    images = run.image_count if values["images"] else 0
    missing = [
        *drop_unknown(
            values, "iterations", lambda pick: run.column(pick) is not None, "iteration {:,}".format
        ),
        *drop_unknown(values, "classes", has_class(run), "class {}".format),
        *drop_unknown(values, "images", lambda pick: 0 <= pick < images, "image {:,}".format),
        *drop_unknown(values, "nodes", has_node(run), "layer {}".format),
        *drop_unknown(values, "filters", lambda pick: has_filter(run, *pick), _filter_words),
    ]
    window = values["window"]
    if window is not None and not _has_window(run, window):
        missing.append("iterations {:,} to {:,}".format(*window))
        values["window"] = None
    for state in states:
        missing += state.sift(run, values)
    return missing


def _has_window(run: Run, window: tuple[float, float]) -> bool:
    low, high = sorted(window)
    return bool(((run.iterations >= low) & (run.iterations <= high)).any())


def _filter_words(pick: Any) -> str:
    parameter, index = pick
    return f"filter {index:,} of {parameter}"
