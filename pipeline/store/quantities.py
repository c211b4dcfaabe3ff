"""What is stored of nodes, filters and pyramid rows: names, meanings and units."""

__all__ = ["FILTER_MEASURES", "NODE_STATISTICS", "ROW_STATISTICS", "measure_place"]

# name: long name, units
NODE_STATISTICS = {
    "count": ("finite weights", "1"),
    "nonfinite": ("weights that are not finite", "1"),
    "sum": ("sum of the weights", "1"),
    "mean": ("mean of the weights", "1"),
    "std": ("standard deviation of the weights", "1"),
    "var": ("variance of the weights", "1"),
    "min": ("least weight", "1"),
    "max": ("greatest weight", "1"),
    "norm0": ("weights that are not zero", "1"),
    "norm1": ("sum of absolute weights", "1"),
    "norm2": ("Euclidean norm of the weights", "1"),
    "q1": ("first quartile of the weights", "1"),
    "median": ("median of the weights", "1"),
    "q3": ("third quartile of the weights", "1"),
    "update_ratio": ("norm of the change over the norm before it", "1"),
}
# In the order in which the kernels give them.
FILTER_MEASURES = {
    "std": "standard deviation of the filter's weights",
    "norm1": "sum of the filter's absolute weights",
    "norm2": "Euclidean norm of the filter",
    "change_euclidean": "Euclidean distance to the snapshot before",
    "change_manhattan": "Manhattan distance to the snapshot before",
    "change_cosine": "cosine distance to the snapshot before",
    "change_relative_norm1": "Manhattan distance over the norm before",
    "change_relative_norm2": "Euclidean distance over the norm before",
}
# What a row of a pyramid holds, in the order in which the kernels give it.
ROW_STATISTICS = {
    "mean": "mean of the weights under the row",
    "min": "least weight under the row",
    "max": "greatest weight under the row",
}


def measure_place(name: str) -> slice:
    """Say where a filter measure stands among the others."""
    place = list(FILTER_MEASURES).index(name)
    return slice(place, place + 1)
