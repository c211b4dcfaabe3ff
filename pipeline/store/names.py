"""Names in the store: of coordinates, and of the arrays of scalars with any name."""

from collections.abc import Iterable

__all__ = [
    "MEANING",
    "MEASURE",
    "SCALAR_ITERATION",
    "STATISTIC",
    "scalar_paths",
]

# Names of the first dim of filters' measures and of pyramids, and of the coordinate with meanings.
MEASURE, STATISTIC, MEANING = "measure", "statistic", "meaning"
# Zarr's metadata file in every group.
ZARR_FILE = "zarr.json"
# The axis of the scalars; no scalar may have this name.
SCALAR_ITERATION = "iteration_s"


def scalar_paths(names: Iterable[str]) -> dict[str, str]:
    """Give every scalar a separate array, for any names."""
    paths: dict[str, str] = {}
    taken = {SCALAR_ITERATION, ZARR_FILE}
    for name in names:
        # Avoid groups, the names "." and "..", and names that Zarr reserves.
        path = name.replace("/", ".").replace("\\", ".")
        if not path.strip(".") or path.startswith("__"):
            path = f"scalar{path}"
        while path in taken:
            path += "."
        taken.add(path)
        paths[name] = f"scalars/{path}"
    return paths
