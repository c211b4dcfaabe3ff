"""The list of filter measures."""

from importlib import import_module

from deeptracker.pipeline.measures.filter_measures.measure import FilterMeasure

__all__ = ["FILTER_MEASURES"]

# Modules of this folder with a tuple MEASURES; the store holds these in this order.
FILES = (
    "size",
    "distance",
    "relative_change",
)
FILTER_MEASURES: dict[str, FilterMeasure] = {
    measure.name: measure
    for name in FILES
    for measure in import_module(f"{__package__}.{name}").MEASURES
}
