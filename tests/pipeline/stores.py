"""Comparing stores: every array of one against the same of the other."""

import numpy as np

from deeptracker.pipeline import open_store

# Spans are summed in float32: another order of adding changes the last bits of what follows.
ROUNDING = 2e-6
# When and how a store was written, not what it says.
INCIDENTAL = {"snapshot_fingerprint", "outcome_fingerprint"}


def contents(location):
    """Every array of a store, by path."""
    root = open_store(location).root()
    return {
        path: array[...]
        for path, array in root.members(max_depth=None)
        if hasattr(array, "dtype") and path not in INCIDENTAL
    }


def assert_equal(first, second):
    """Two stores say the same; sums may differ by what a different order of adding does."""
    mine, other = contents(first), contents(second)
    assert mine.keys() == other.keys()
    for path in mine:
        assert mine[path].shape == other[path].shape, path
        if mine[path].dtype.kind == "f":
            np.testing.assert_allclose(mine[path], other[path], rtol=ROUNDING, err_msg=path)
        else:
            np.testing.assert_array_equal(mine[path], other[path], err_msg=path)
