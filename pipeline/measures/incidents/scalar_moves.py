"""Moves of scalars: what is not finite, jumps of the learning rate, losses that rise."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.measures.incidents.deviation import deviation_of
from deeptracker.pipeline.measures.incidents.incident import Evidence, Move, times
from deeptracker.pipeline.measures.incidents.training_series import (
    LOSSES,
    TrainingSeries,
    learning_rate_of,
)

__all__ = ["scalar_moves"]

# A rate this many times the usual one is a jump, unless the schedule has been there before.
RATE_FACTOR, RATE_AGAIN = 2.5, 1.5
# A loss rises for long where the next ten values are this far over those before.
RISE_Z, RISE_FACTOR, RISE_VALUES, RISE_FEWEST = 4.0, 1.3, 10, 5
SPIKE_Z, SPIKE_FACTOR = 6.0, 2.0
FEWEST_ENTRIES = 10
# No optimizer learns at less (UMLAUT, Schoop et al., CHI 2021).
LEAST_RATE = 1e-7


def scalar_moves(series: TrainingSeries) -> Iterator[Move]:
    """Find the moves of all scalars."""
    yield from _not_finite(series)
    yield from _rate_jumps(series)
    for kind, names in LOSSES.items():
        evidence: Evidence = "training" if kind == "training" else "validation"
        for name in names:
            if name in series.scalars:
                yield from _rises(series, name, evidence)


def _not_finite(series: TrainingSeries) -> Iterator[Move]:
    """Find the first NaN and the first infinity of each scalar."""
    for name in series.scalars:
        iterations, values = series.scalar(name)
        infinite = iterations[np.isinf(values)]
        nan = series.scalar_nan.get(name, infinite[:0])
        finite = iterations[np.isfinite(values)]
        for at, what in ((infinite, "infinite"), (nan, "NaN")):
            if not len(at):
                continue
            lasts = not len(finite) or int(at[-1]) > int(finite[-1])
            yield Move(
                "scalar",
                name,
                int(at[0]),
                int(at[-1]),
                np.inf,
                f"{name} became {what}",
                "training",
                "error",
                alone=True,
                lasts=lasts,
                covers=lasts,
            )


def _rate_jumps(series: TrainingSeries) -> Iterator[Move]:
    """Find a rate that is too low, and where it jumps to where its schedule has never been."""
    rate = learning_rate_of(series)
    if rate is None or len(rate.values) < FEWEST_ENTRIES:
        return
    greatest = float(rate.values.max())
    if greatest < LEAST_RATE:
        text = f"{rate.name} is {greatest:.2g} at most: nothing can be learned"
        yield Move(
            "scalar",
            rate.name,
            int(rate.iterations[0]),
            int(rate.iterations[-1]),
            20.0,
            text,
            "schedule",
            alone=True,
            lasts=True,
            covers=True,
        )
        return
    highest = np.maximum.accumulate(rate.values)
    before = np.concatenate([[np.inf], highest[:-1]])
    usual = np.concatenate([[np.inf], rate.values[:-1]])
    jumps = (rate.values > RATE_FACTOR * usual) & (rate.values > RATE_AGAIN * before)
    # A warm-up begins low, and its first steps may be great ones.
    jumps[: max(FEWEST_ENTRIES // 2, len(jumps) // 50)] = False
    for at in np.flatnonzero(jumps):
        factor = rate.values[at] / usual[at]
        back = np.flatnonzero(rate.values[at:] <= RATE_AGAIN * usual[at])
        last = at + int(back[0]) - 1 if back.size else len(jumps) - 1
        yield Move(
            "scalar",
            rate.name,
            int(rate.iterations[at]),
            int(rate.iterations[last]),
            float(np.log(factor) / 0.1),
            f"{rate.name} rose {times(factor)}-fold",
            "schedule",
            alone=True,
            lasts=not back.size,
        )


def _rises(series: TrainingSeries, name: str, evidence: Evidence) -> Iterator[Move]:
    """Find where a loss leaves its past: for good, or for a moment."""
    iterations, values = series.scalar(name)
    finite = np.isfinite(values)
    iterations, values = iterations[finite], values[finite]
    if len(values) < FEWEST_ENTRIES or (values <= 0).any():
        return
    found = deviation_of(values[None])
    z, factor = found.z[0], found.factor[0]
    usual = values / factor
    over = np.flatnonzero((z >= RISE_Z) & (factor >= RISE_FACTOR))
    last = -1
    for at in over.tolist():
        if at <= last:
            continue
        ahead = values[at : at + RISE_VALUES]
        stays = len(ahead) >= RISE_FEWEST and np.median(ahead) >= RISE_FACTOR * usual[at]
        # Back for good where two successive values are usual again.
        low = values[at:] < RISE_FACTOR * usual[at]
        back = np.flatnonzero(low & np.append(low[1:], True))
        last = at + int(back[0]) - 1 if back.size else len(values) - 1
        if not stays and (z[at] < SPIKE_Z or factor[at] < SPIKE_FACTOR):
            last = at
            continue
        text = f"{name} rose {times(factor[at])}-fold, to {values[at]:.3g}"
        yield Move(
            "scalar",
            name,
            int(iterations[at]),
            int(iterations[max(at, last)]),
            float(z[at]),
            text + (", and stayed there" if not back.size else ""),
            evidence,
            alone=bool(stays and (not back.size or back[0] >= RISE_FEWEST)),
            lasts=not back.size,
        )
