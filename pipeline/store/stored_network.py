"""What a store knows of a network that may have changed."""

import numpy as np
import zarr

from deeptracker.pipeline.store.arrays.array_spec import read_array
from deeptracker.pipeline.store.network_changes import Life, describe_changes

__all__ = ["newest_nodes", "stored_changes"]


def newest_nodes(root: zarr.Group) -> np.ndarray:
    """Mark the nodes of the network in the last snapshot: bool [node].

    All nodes in a store of an older schema, whose network did not change.
    """
    parents = read_array(root, "nodes/parent")
    if "parameters/last_iteration" not in root or "parameters/node" not in root:
        return np.ones(len(parents), bool)
    last = read_array(root, "parameters/last_iteration")
    found = np.zeros(len(parents), bool)
    found[read_array(root, "parameters/node")[last == last.max()]] = True
    # A parent comes before its children.
    for node in reversed(range(1, len(parents))):
        found[parents[node]] |= found[node]
    return found


def stored_changes(root: zarr.Group) -> str:
    """Describe how the network changed, in one sentence; empty if it did not."""
    if "parameters/tensor" not in root:
        return ""
    names = ("tensor", "shape", "first_iteration", "last_iteration")
    columns = (read_array(root, f"parameters/{name}").tolist() for name in names)
    return describe_changes([Life(*row) for row in zip(*columns, strict=True)])
