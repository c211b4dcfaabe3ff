"""Moves of layers and of filters."""

from collections.abc import Container, Iterator

import numpy as np

from deeptracker.pipeline.measures.incidents.deviation import Deviation, deviation_of
from deeptracker.pipeline.measures.incidents.incident import Move, times
from deeptracker.pipeline.measures.incidents.training_series import (
    TrainingSeries,
    learning_rate_of,
)
from deeptracker.wording import counted

__all__ = ["weight_moves"]

MOVED_Z, MOVED_FACTOR = 4.0, 1.8
# One layer moves so much alone that nothing else need move, or so many layers do.
ALONE_Z, ALONE_FACTOR, ALONE_SHARE, BURST_FACTOR = 6.0, 4.0, 0.3, 2.5
# One filter stands out from all others; or so many are anomalous at once.
FILTER_SCORE, FILTER_LEAD, BURST_SHARE, MOST_LOOKED_AT = 20.0, 5.0, 0.2, 40
# Followers of an incident are told, not listed without end.
MOST_LAYERS = 40


def weight_moves(series: TrainingSeries) -> Iterator[Move]:
    """Find the moves of layers and filters."""
    yield from _not_finite(series)
    columns = np.flatnonzero(series.snapshots)
    if not len(columns) or not len(series.layers):
        return
    moved = list(_layers(series, columns))
    yield from moved
    if len(series.filter_layers):
        yield from _filters(series, columns, {(move.name, move.iteration) for move in moved})


def _not_finite(series: TrainingSeries) -> Iterator[Move]:
    """Find where parameters begin to hold NaN or infinity."""
    for row in np.flatnonzero((series.nonfinite > 0).any(axis=1)).tolist():
        columns = np.flatnonzero(series.nonfinite[row] > 0)
        name, first, last = series.parameters[row], columns[0], columns[-1]
        known = np.flatnonzero(np.isfinite(series.nonfinite[row]))
        count = counted(int(series.nonfinite[row, first]), "value")
        yield Move(
            "node",
            name,
            int(series.iterations[first]),
            int(series.iterations[last]),
            np.inf,
            f"{count} of {name} became NaN or infinite",
            "weights",
            "error",
            alone=True,
            lasts=bool(last == known[-1]),
            covers=bool(last == known[-1]),
        )


def _layers(series: TrainingSeries, columns: np.ndarray) -> Iterator[Move]:
    """Find the layers that moved more than usual; what the learning rate explains only follows."""
    ratios, gaps = series.update_ratio[:, columns], series.gaps(columns)
    found = deviation_of(ratios, gaps)
    moved = (found.z >= MOVED_Z) & (found.factor >= MOVED_FACTOR)
    unexplained = _unexplained(series, columns, ratios, gaps) or found
    own = moved & (unexplained.z >= MOVED_Z) & (unexplained.factor >= MOVED_FACTOR)
    for column in np.flatnonzero(moved.any(axis=0)).tolist():
        rows = np.flatnonzero(moved[:, column])
        z, factor = found.z[rows, column], found.factor[rows, column]
        mine = own[rows, column]
        factors = unexplained.factor[rows[mine], column]
        many = len(factors) >= max(2, ALONE_SHARE * len(series.layers))
        is_burst = many and float(np.median(factors)) >= BURST_FACTOR
        iteration = int(series.iterations[columns[column]])
        for place in np.argsort(-z, kind="stable")[:MOST_LAYERS].tolist():
            strong = z[place] >= ALONE_Z and unexplained.factor[rows[place], column] >= ALONE_FACTOR
            yield Move(
                "node",
                series.layers[rows[place]],
                iteration,
                iteration,
                float(z[place]),
                f"{series.layers[rows[place]]} moved {times(factor[place])} times as much as usual",
                "weights" if mine[place] else "schedule",
                alone=bool(mine[place] and (strong or is_burst)),
                factor=float(factor[place]),
            )


def _unexplained(
    series: TrainingSeries, columns: np.ndarray, ratios: np.ndarray, gaps: np.ndarray
) -> Deviation | None:
    """Compare the updates for one learning rate: its schedule moves all layers."""
    rate = learning_rate_of(series)
    if rate is None:
        return None
    rates = rate.greatest_between(series.iterations[columns])
    return deviation_of(ratios / rates, gaps)


def _filters(
    series: TrainingSeries, columns: np.ndarray, moved: Container[tuple[str, int]]
) -> Iterator[Move]:
    """Find filters that stand out of all, and columns of many anomalous ones.

    A filter that hardly moves has small moves that are great for it: its layer must move too.
    """
    highest = series.highest[:, columns]
    best = np.where(np.isnan(highest), -np.inf, highest).max(axis=0)
    counts = series.anomalous[:, columns].sum(axis=0)
    filters = int(series.filters.sum())
    over = np.flatnonzero(best >= FILTER_SCORE)
    for place in over[np.argsort(-best[over], kind="stable")][:MOST_LOOKED_AT].tolist():
        iteration = int(series.iterations[columns[place]])
        top = series.top_filters(int(columns[place]))
        if not top:
            continue
        (name, score), second = top[0], top[1][1] if len(top) > 1 else 0.0
        layer = name.rpartition("[")[0].rpartition(".")[0]
        stands_out = score >= FILTER_SCORE and score >= FILTER_LEAD * max(second, 1.0)
        if stands_out and (layer, iteration) in moved:
            text = f"{name} moved far more than ever, alone of all filters"
            yield Move("filter", name, iteration, iteration, score, text, "weights", alone=True)
    usual = deviation_of(1.0 + counts[None].astype(np.float64))
    for place in np.flatnonzero(counts >= max(3, BURST_SHARE * filters)).tolist():
        if usual.factor[0, place] < BURST_FACTOR:
            continue
        row = int(np.argmax(series.anomalous[:, columns[place]]))
        name = series.filter_layers[row]
        iteration = int(series.iterations[columns[place]])
        yield Move(
            "node",
            name,
            iteration,
            iteration,
            float(usual.z[0, place]),
            f"{counts[place]:,} of {filters:,} filters were anomalous at once, most of {name}",
            "weights",
        )
