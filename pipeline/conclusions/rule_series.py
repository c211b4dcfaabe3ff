"""The series that health rules judge."""

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.conclusions.filter_series import filter_series
from deeptracker.pipeline.conclusions.values import ClassValues
from deeptracker.pipeline.measures.rule_inputs import ClassSeries, NodeSeries, RunSeries
from deeptracker.pipeline.measures.rules.registry import RUN_RULES
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.tasks.graph import ProcessingRun

__all__ = ["rule_series"]


def rule_series(store: Store, run: ProcessingRun, classes: ClassValues | None) -> RunSeries:
    """Gather the inputs of the rules."""
    iterations = run.recording.iterations
    snapshots = np.flatnonzero(run.recording.snapshots)
    outcomes = np.flatnonzero(run.recording.outcomes)
    scalars = run.subject.scalars
    return RunSeries(
        nodes=_node_series(store, run, snapshots),
        classes=ClassSeries(
            run.subject.classes,
            run.subject.class_sizes,
            iterations[outcomes],
            classes.error[:, outcomes],
            classes.flips[:, outcomes],
        )
        if classes
        else None,
        filters=filter_series(store, run, snapshots),
        scalar_iterations=scalars.iterations if scalars else np.empty(0, np.int64),
        scalars=scalars.values if scalars else {},
    )


def _node_series(store: Store, run: ProcessingRun, snapshots: np.ndarray) -> NodeSeries:
    nodes = run.schema.architecture.nodes
    every = (slice(0, len(nodes)), slice(0, run.schema.shape.iterations))
    known = {
        f"{'grad_' if gradient else ''}{name}": spec
        for gradient in run.schema.kinds()
        for name, spec in run.schema.nodes(gradient).items()
    }
    wanted = {name for rule in RUN_RULES for name in rule.statistics}
    specs = {name: spec for name, spec in known.items() if name in wanted}
    found = read_regions(store, [(spec, every) for spec in specs.values()])
    return NodeSeries(
        [node.name for node in nodes],
        [node.kind for node in nodes],
        run.recording.iterations[snapshots],
        {name: values[:, snapshots] for name, values in zip(specs, found, strict=True)},
    )
