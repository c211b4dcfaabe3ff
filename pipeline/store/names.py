"""Names in the store: of parameters' groups and scalars' arrays, whatever a log calls them."""

from collections.abc import Iterable, Sequence

from deeptracker.errors import LogError
from deeptracker.pipeline.sources.manifest import Parameter

__all__ = [
    "MEANING",
    "MEASURE",
    "SCALAR_ITERATION",
    "STATISTIC",
    "check_names",
    "group_name",
    "scalar_paths",
]

# Arrays beside and above the groups of the parameters, whose names no group may have.
MEASURE, STATISTIC, MEANING, ITERATION = "measure", "statistic", "meaning", "iteration"
# What Zarr calls its own file in every group.
ZARR_FILE = "zarr.json"
# The axis of the scalars, whose name none of them may have.
SCALAR_ITERATION = "iteration_s"


def group_name(parameter: str) -> str:
    """Name a parameter's group; a slash would open a group of its own."""
    name = parameter.replace("/", ".")
    if not name.strip("."):
        # Neither nothing, nor the folder itself or the one above.
        return f"parameter{name}"
    return f"{name}." if name in (MEASURE, STATISTIC, MEANING, ITERATION, ZARR_FILE) else name


def scalar_paths(names: Iterable[str]) -> dict[str, str]:
    """Give every scalar an array of its own, whatever it is called."""
    paths: dict[str, str] = {}
    taken = {SCALAR_ITERATION, ZARR_FILE}
    for name in names:
        # Neither a group, nor the folder itself or the one above, nor what Zarr keeps for itself.
        path = name.replace("/", ".").replace("\\", ".")
        if not path.strip(".") or path.startswith("__"):
            path = f"scalar{path}"
        while path in taken:
            path += "."
        taken.add(path)
        paths[name] = f"scalars/{path}"
    return paths


def check_names(parameters: Sequence[Parameter]) -> None:
    """Refuse parameters whose groups would be one.

    Raises
    ------
    LogError
        Naming two of them.
    """
    seen: dict[str, str] = {}
    for parameter in parameters:
        other = seen.setdefault(group_name(parameter.name), parameter.name)
        if other != parameter.name:
            raise LogError(
                f"the parameters {other!r} and {parameter.name!r} would share a group of the "
                "store: their names differ in a slash or a last dot only; rename one"
            )
