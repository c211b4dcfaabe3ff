"""Names in a link, checked against the run: names that the run does not have are dropped."""

from collections.abc import Callable
from typing import Any

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import shape_of

__all__ = ["drop_unknown", "has_class", "has_filter", "has_node", "has_parameter"]


def drop_unknown(
    values: dict[str, Any],
    name: str,
    is_known: Callable[[Any], bool],
    words: Callable[[Any], str],
) -> list[str]:
    """Remove from a value the entries of a list, or the name, that the run does not have.

    Parameters
    ----------
    values : dict
        By the names of parameters; changed in place. A name that is dropped leaves an empty one.
    name : str
        Of the parameter. Its value is a list, a name, or None.
    is_known : callable
        Whether the run has an entry.
    words : callable
        Describes an entry in words.

    Returns
    -------
    list of str
        The removed entries, in words.
    """
    given = values[name]
    if isinstance(given, str):
        if not given or is_known(given):
            return []
        values[name] = ""
        return [words(given)]
    entries = given or []
    values[name] = [entry for entry in entries if is_known(entry)]
    return [words(entry) for entry in entries if not is_known(entry)]


def has_class(run: Run) -> Callable[[str], bool]:
    """Give a test for a class of the run; the first call reads the class names."""
    names: set[str] = set()

    def is_known(name: str) -> bool:
        if not names:
            names.update(run.class_names)
        return name in names

    return is_known


def has_node(run: Run) -> Callable[[str], bool]:
    """Give a test for a node of the run's architecture."""
    return lambda name: run.node(name) is not None


def has_parameter(run: Run, name: str) -> bool:
    """Whether the run has a parameter of that name."""
    node = run.node(name)
    return node is not None and bool(run.nodes["kind"][node] == "parameter")


def has_filter(run: Run, parameter: str, index: int) -> bool:
    """Whether the run has a filter of that parameter and index."""
    shape = shape_of(run, parameter) if has_parameter(run, parameter) else ()
    return len(shape) > 1 and 0 <= index < shape[0]
