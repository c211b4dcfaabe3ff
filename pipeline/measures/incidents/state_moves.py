"""Moves into a state that lasts, as the rules find it; and a training that learns nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.incidents.incident import LeadKind, Move, times
from deeptracker.pipeline.measures.incidents.training_series import (
    LOSSES,
    TrainingSeries,
    learning_rate_of,
)
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
# So many layers, filters of a layer or classes together are a state of the training.
MOST_LAYERS, MANY_FILTERS, FEWEST_FILTERS, MANY_CLASSES = 0.8, 0.25, 3, 0.3
# The median layer moves by more than this share of its norm in one of the first steps.
TOO_LARGE, FIRST_COLUMNS = 0.1, 8
# The validation error swings by so much from one snapshot to the next, so often.
SWING, SWINGS, CALM_COLUMNS = 0.03, 0.5, 20
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
        yield from _filters(series, by_rule[rule], word, early, end)
    yield from _too_large(series, end)
    yield from _swinging(series, end)
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
        rate = learning_rate_of(series)
        all_of_them = len(names) >= max(2, MOST_LAYERS * len(order))
        if all_of_them and rate is not None:
            text = f"{text}, at {rate.name} {rate.values.max():.2g}"
        yield Move(
            "scalar" if all_of_them and rate is not None else "node",
            rate.name if all_of_them and rate is not None else names[0],
            iteration,
            end,
            STRENGTH,
            text,
            "schedule" if all_of_them else "weights",
            severity,
            alone=True,
            lasts=True,
            covers=all_of_them,
        )


def _filters(
    series: TrainingSeries, found: Sequence[Finding], word: str, early: int, end: int
) -> Iterator[Move]:
    """Join the filters of a layer that begin to stand still at one iteration, but the first one.

    Single filters often stop by themselves, at the end of what they learn; none becomes zero so.
    """
    counts = dict(zip(series.filter_layers, series.filters.tolist(), strict=True))
    for iteration, some in _by_iteration(found).items():
        if iteration <= early:
            continue
        layers: dict[str, list[Finding]] = defaultdict(list)
        for finding in some:
            layers[finding.node].append(finding)
        for layer, of_layer in layers.items():
            many = len(of_layer) >= max(FEWEST_FILTERS, MANY_FILTERS * counts.get(layer, 0))
            kind: LeadKind = "filter" if len(of_layer) == 1 else "node"
            name = of_layer[0].filter_name if kind == "filter" else layer
            what = name if kind == "filter" else f"{len(of_layer)} filters of {layer}"
            if word != "zero" and not many:
                continue
            text = f"{what} became {word}"
            yield Move(
                kind, name, iteration, end, STRENGTH, text, "weights", alone=True, lasts=True
            )


def _too_large(series: TrainingSeries, end: int) -> Iterator[Move]:
    """Tell updates that are too large from the start (SageMaker Debugger's WeightUpdateRatio)."""
    columns = np.flatnonzero(series.snapshots)[:FIRST_COLUMNS]
    if len(columns) < 2 or not len(series.layers):
        return
    with np.errstate(invalid="ignore"):
        a_step = series.update_ratio[:, columns[1:]] / series.gaps(columns)[1:]
    known = a_step[:, np.isfinite(a_step).any(axis=0)]
    if not known.size or (greatest := float(np.nanmedian(known, axis=0).max())) <= TOO_LARGE:
        return
    rate = learning_rate_of(series)
    text = f"the median layer moved by {times(greatest)} times its norm in a step"
    if rate is not None:
        text += f", at {rate.name} {rate.values.max():.2g}"
    first = int(series.iterations[columns[0]])
    yield Move(
        "node" if rate is None else "scalar",
        series.layers[0] if rate is None else rate.name,
        first,
        end,
        2 * STRENGTH,
        text,
        "schedule",
        alone=True,
        lasts=True,
        covers=True,
    )


def _swinging(series: TrainingSeries, end: int) -> Iterator[Move]:
    """Tell a validation error that swings all the time (AutoTrainer's oscillation)."""
    outcomes = np.flatnonzero(series.outcomes)
    if len(outcomes) < CALM_COLUMNS or not series.sizes.sum():
        return
    shares = series.sizes / series.sizes.sum()
    error = np.nansum(series.error[:, outcomes] * shares[:, None], axis=0)
    swings = np.abs(np.diff(error))[len(error) // 4 :]
    if np.mean(swings > SWING) < SWINGS:
        return
    at = int(series.iterations[outcomes[0]])
    text = f"the validation error swings by {float(np.mean(swings)):.0%} between snapshots"
    name = next((name for name in LOSSES["validation"] if name in series.scalars), "")
    kind: LeadKind = "scalar" if name else "images"
    yield Move(kind, name, at, end, STRENGTH, text, "validation", alone=True, lasts=True)


def _never_learned(series: TrainingSeries, found: Sequence[Finding], end: int) -> Iterator[Move]:
    """Tell the classes that were never recognised from the first outcomes on."""
    outcomes = np.flatnonzero(series.outcomes)
    if not outcomes.size:
        return
    first = int(series.iterations[outcomes[min(1, len(outcomes) - 1)]])
    names = [finding.class_ for finding in found if finding.iteration <= first]
    if not names:
        return
    at = int(series.iterations[outcomes[0]])
    if len(names) < max(2, MANY_CLASSES * len(series.classes)):
        for name in names:
            text = f"class {name} was never recognised"
            yield Move(
                "class_", name, at, end, STRENGTH, text, "validation", alone=True, lasts=True
            )
        return
    # Of many classes the loss is the cause, or what it is computed of.
    loss = next((name for names in LOSSES.values() for name in names if name in series.scalars), "")
    text = f"{len(names)} of {len(series.classes)} classes were never recognised"
    kind: LeadKind = "scalar" if loss else "class_"
    lead, told = loss or names[0], f"{text}, whatever {loss} did" if loss else text
    yield Move(
        kind, lead, at, end, STRENGTH, told, "validation", alone=True, lasts=True, covers=True
    )


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
            yield Move(
                "scalar",
                name,
                at,
                end,
                STRENGTH,
                text,
                "training",
                alone=True,
                lasts=True,
                covers=True,
            )
        return


def _by_iteration(found: Sequence[Finding]) -> dict[int, list[Finding]]:
    groups: dict[int, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[finding.iteration].append(finding)
    return dict(sorted(groups.items()))
