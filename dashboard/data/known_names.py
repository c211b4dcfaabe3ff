"""Names in a link, held against the run: those that the run does not have are left out."""

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
    """Take the entries of a list, or the one name, that the run does not have out of a value.

    Parameters
    ----------
    values : dict
        By the names of parameters; changed in place. A name that is dropped leaves an empty one.
    name : str
        Of the parameter. Its value is a list, a name, or None.
    is_known : callable
        Whether the run has an entry.
    words : callable
        Says what an entry is.

    Returns
    -------
    list of str
        What was taken out, in words.
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
    """Give whether the run has a class; its classes are read when that is first asked."""
    names: set[str] = set()

    def is_known(name: str) -> bool:
        if not names:
            names.update(run.class_names)
        return name in names

    return is_known


def has_node(run: Run) -> Callable[[str], bool]:
    """Give whether the run's architecture has a node."""
    return lambda name: run.node(name) is not None


def has_parameter(run: Run, name: str) -> bool:
    """Whether the run has a parameter of that name."""
    node = run.node(name)
    return node is not None and bool(run.nodes["kind"][node] == "parameter")


def has_filter(run: Run, parameter: str, index: int) -> bool:
    """Whether the run has a filter of that parameter and index."""
    shape = shape_of(run, parameter) if has_parameter(run, parameter) else ()
    return len(shape) > 1 and 0 <= index < shape[0]
