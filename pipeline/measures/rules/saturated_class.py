"""Classes that are never recognised, to the end of the training."""

from collections.abc import Iterator

from pydantic import Field

from deeptracker.pipeline.measures.own_past import stretches
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule
from deeptracker.settings_section import Share

__all__ = ["RULES"]


class SaturatedClassLimits(Limits):
    """When a class is never recognised."""

    saturated_error: Share = Field(default=0.99, description="error of a class never recognised")


def find(run: RunSeries, limits: SaturatedClassLimits) -> Iterator[Case]:
    """Find the stretches that last to the end."""
    classes = run.classes
    if classes is None or not classes.error.size:
        return
    columns = classes.error.shape[1]
    for number, name in enumerate(classes.names):
        for first, length in stretches(classes.error[number] >= limits.saturated_error):
            if first + length == columns and length >= min(limits.still_snapshots, columns):
                yield Case(
                    int(classes.iterations[first]),
                    float(length),
                    f"class {name}: never recognised in the last {length} snapshots",
                    class_=name,
                )


RULES = (
    RunRule(
        name="saturated_class",
        severity="warning",
        speaks="a class is never recognised, to the end of the training",
        source="ours",
        limits=SaturatedClassLimits,
        find=find,
    ),
)
