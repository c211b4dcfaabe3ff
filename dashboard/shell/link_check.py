"""What a link picks, held against the run: what the run does not have is dropped and named."""

from collections.abc import Callable
from typing import Any

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import shape_of

__all__ = ["sift_picks"]


def sift_picks(run: Run, values: dict[str, Any]) -> list[str]:
    """Take out of a selection's values what the run does not have.

    Parameters
    ----------
    run : Run
    values : dict
        By the selection's parameters; changed in place.

    Returns
    -------
    list of str
        What was taken out, in words.
    """
    # Only a link that names classes has them read.
    of_classes = values["classes"], values["open_classes"], values["cube_class"]
    classes = set(run.class_names) if any(of_classes) else set()
    images = run.image_count if values["images"] else 0

    def has_class(name: str) -> bool:
        return name in classes

    def has_node(name: str) -> bool:
        return run.node(name) is not None

    kinds: dict[str, tuple[Callable[[Any], bool], Callable[[Any], str]]] = {
        "iterations": (lambda pick: run.column(pick) is not None, "iteration {:,}".format),
        "classes": (has_class, "class {}".format),
        "images": (lambda pick: 0 <= pick < images, "image {:,}".format),
        "nodes": (has_node, "layer {}".format),
        "filters": (lambda pick: _has_filter(run, *pick), _filter_words),
        "open_classes": (has_class, "unfolded class {}".format),
        "open_nodes": (has_node, "unfolded layer {}".format),
        "closed_nodes": (has_node, "folded layer {}".format),
    }
    missing = []
    for name, (is_there, words) in kinds.items():
        given = values[name] or []
        missing += [words(pick) for pick in given if not is_there(pick)]
        values[name] = [pick for pick in given if is_there(pick)]
    # With none of them left, the usual ones are unfolded.
    values["open_nodes"] = values["open_nodes"] or None
    for name, listed in (("cube_class", "open_classes"), ("cube_layer", "open_nodes")):
        is_there, words = kinds[listed]
        if values[name] and not is_there(values[name]):
            missing.append(words(values[name]))
            values[name] = ""
    scalars = values["scalars"]
    if scalars:
        recorded = set(run.scalar_names())
        missing += [f"scalar {name}" for name in scalars if name not in recorded]
        # With none of them left, the usual ones are drawn.
        values["scalars"] = [name for name in scalars if name in recorded] or None
    window = values["window"]
    if window is not None and not _has_window(run, window):
        missing.append("iterations {:,} to {:,}".format(*window))
        values["window"] = None
    raster = values["raster"]
    if raster and not _has_parameter(run, raster):
        missing.append(f"parameter {raster}")
        # A range is one of this parameter's weights.
        values["raster"], values["raster_range"] = "", None
    return missing


def _has_parameter(run: Run, name: str) -> bool:
    node = run.node(name)
    return node is not None and run.nodes["kind"][node] == "parameter"


def _has_filter(run: Run, parameter: str, index: int) -> bool:
    shape = shape_of(run, parameter) if _has_parameter(run, parameter) else ()
    return len(shape) > 1 and 0 <= index < shape[0]


def _has_window(run: Run, window: tuple[float, float]) -> bool:
    low, high = sorted(window)
    return bool(((run.iterations >= low) & (run.iterations <= high)).any())


def _filter_words(pick: Any) -> str:
    parameter, index = pick
    return f"filter {index:,} of {parameter}"
