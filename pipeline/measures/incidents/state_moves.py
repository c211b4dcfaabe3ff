"""Moves into a state that lasts, as the rules find it; and a training that learns nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.incidents.incident import LeadKind, Move
from deeptracker.pipeline.measures.incidents.training_series import LOSSES, TrainingSeries
from deeptracker.pipeline.measures.rules.rule import Severity

__all__ = ["state_moves"]

LAYERS = {
    "frozen_layer": ("does not change", "do not change"),
    "vanishing_update": ("hardly changes", "hardly change"),
    "dead_layer": ("is zero", "are zero"),
}
FILTERS = {"dead_filter": "zero", "frozen_filter": "still"}
# A loss whose last values are above this share of its first ones has not decreased.
NOT_LESS, FEWEST = 0.9, 20
STRENGTH = 10.0


def state_moves(series: TrainingSeries, findings: Sequence[Finding]) -> Iterator[Move]:
    """Find what begins and lasts: layers and filters that stand still, classes never learned."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    columns = np.flatnonzero(series.snapshots)
    early = int(series.iterations[columns[min(1, len(columns) - 1)]]) if len(columns) else 0
    end = int(series.iterations[-1]) if len(series.iterations) else 0
    for rule, words in LAYERS.items():
        yield from _layers(series, by_rule[rule], words, end)
    for rule, word in FILTERS.items():
        yield from _filters(by_rule[rule], word, early, end)
    yield from _never_learned(series, by_rule["saturated_class"], end)
    yield from _not_decreasing(series, end)


def _layers(
    series: TrainingSeries, found: Sequence[Finding], words: tuple[str, str], end: int
) -> Iterator[Move]:
    """Join the layers that begin to stand still at one iteration."""
    order = {name: place for place, name in enumerate(series.layers)}
    for iteration, some in _by_iteration(found).items():
        names = sorted({finding.node for finding in some}, key=lambda name: order.get(name, 0))
        text = f"{names[0]} {words[0]}"
        if len(names) > 1:
            text = f"{len(names)} of {len(order)} layers {words[1]}, {names[0]} first"
        severity: Severity = "error" if some[0].severity == "error" else "warning"
        yield Move(
            "node",
            names[0],
            iteration,
            end,
            STRENGTH,
            text,
            "weights",
            severity,
            alone=True,
            lasts=True,
        )


def _filters(found: Sequence[Finding], word: str, early: int, end: int) -> Iterator[Move]:
    """Join the filters of a layer that begin to stand still at one iteration, but the first one."""
    for iteration, some in _by_iteration(found).items():
        if iteration <= early:
            continue
        layers: dict[str, list[Finding]] = defaultdict(list)
        for finding in some:
            layers[finding.node].append(finding)
        for layer, of_layer in layers.items():
            kind: LeadKind = "filter" if len(of_layer) == 1 else "node"
            name = of_layer[0].filter_name if kind == "filter" else layer
            what = name if kind == "filter" else f"{len(of_layer)} filters of {layer}"
            text = f"{what} became {word}"
            yield Move(
                kind, name, iteration, end, STRENGTH, text, "weights", alone=True, lasts=True
            )


def _never_learned(series: TrainingSeries, found: Sequence[Finding], end: int) -> Iterator[Move]:
    """Tell the classes that were never recognised from the first outcomes on."""
    outcomes = np.flatnonzero(series.outcomes)
    if not outcomes.size:
        return
    first = int(series.iterations[outcomes[min(1, len(outcomes) - 1)]])
    names = [finding.class_ for finding in found if finding.iteration <= first]
    if not names:
        return
    text = f"class {names[0]} was never recognised"
    if len(names) > 1:
        text = f"{len(names)} of {len(series.classes)} classes were never recognised"
    at = int(series.iterations[outcomes[0]])
    yield Move("class_", names[0], at, end, STRENGTH, text, "validation", alone=True, lasts=True)


def _not_decreasing(series: TrainingSeries, end: int) -> Iterator[Move]:
    """Tell a loss that ends where it began."""
    for name in LOSSES["training"]:
        if name not in series.scalars:
            continue
        iterations, values = series.scalar(name)
        values = values[np.isfinite(values)]
        some = max(3, len(values) // 20)
        if len(values) < FEWEST:
            return
        groups = [np.median(values[at : at + some]) for at in range(0, len(values) - some, some)]
        begun, least = float(groups[0]), float(min(groups))
        # One that decreased and rose again is told where it rose.
        if begun > 0 and least > NOT_LESS * begun:
            ended = float(np.median(values[-some:]))
            text = f"{name} did not decrease: from {begun:.3g} to {ended:.3g}"
            at = int(iterations[0])
            yield Move("scalar", name, at, end, STRENGTH, text, "training", alone=True, lasts=True)
        return


def _by_iteration(found: Sequence[Finding]) -> dict[int, list[Finding]]:
    groups: dict[int, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[finding.iteration].append(finding)
    return dict(sorted(groups.items()))
