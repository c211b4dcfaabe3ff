"""Names in the store: of coordinates, and of scalars' arrays, whatever a log calls them."""

from collections.abc import Iterable

__all__ = [
    "MEANING",
    "MEASURE",
    "SCALAR_ITERATION",
    "STATISTIC",
    "scalar_paths",
]

# What the first dim of filters' measures and of pyramids is called, and what says what they hold.
MEASURE, STATISTIC, MEANING = "measure", "statistic", "meaning"
# What Zarr calls its own file in every group.
ZARR_FILE = "zarr.json"
# The axis of the scalars, whose name none of them may have.
SCALAR_ITERATION = "iteration_s"


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
