"""Stored quantities of filters and pyramid rows: names and meanings, in their order."""

from deeptracker.pipeline.measures.filter_measures import registry

__all__ = ["FILTER_MEASURES", "ROW_STATISTICS", "measure_place"]

FILTER_MEASURES = {name: measure.meaning for name, measure in registry.FILTER_MEASURES.items()}
# Quantities of a pyramid row, in the order of the kernels.
ROW_STATISTICS = {
    "mean": "mean of the weights under the row",
    "min": "least weight under the row",
    "max": "greatest weight under the row",
}


def measure_place(name: str) -> slice:
    """Give the position of a filter measure among the others."""
    place = list(FILTER_MEASURES).index(name)
    return slice(place, place + 1)
