"""Moves of the outcomes: images that change at once, classes that are lost."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.measures.incidents.deviation import deviation_of
from deeptracker.pipeline.measures.incidents.incident import Move
from deeptracker.pipeline.measures.incidents.training_series import TrainingSeries
from deeptracker.pipeline.measures.own_past import NORMAL_MAD

__all__ = ["outcome_moves"]

FLIP_Z, FLIP_FACTOR, FLIP_SHARE, ALONE_SHARE = 4.0, 2.5, 0.1, 0.3
# A class is lost where four of its next five errors are far over those before, and over them all.
BEFORE, FEWEST_BEFORE, AHEAD, MOSTLY, FEWEST = 10, 8, 5, 0.8, 3
RISE, ABOVE, SPREADS, SPREAD_FLOOR = 0.2, 0.1, 5.0, 0.04
# So large a share of a class's images says what it is taken for.
TAKEN_SHARE = 0.3


def outcome_moves(series: TrainingSeries) -> Iterator[Move]:
    """Find the moves of images and classes."""
    columns = np.flatnonzero(series.outcomes)
    if not len(columns) or not len(series.classes):
        return
    yield from _flips(series, columns)
    for class_ in range(len(series.classes)):
        yield from _lost(series, columns, class_)


def _flips(series: TrainingSeries, columns: np.ndarray) -> Iterator[Move]:
    flips = series.flips[:, columns].sum(axis=0).astype(np.float64)
    images = max(1, int(series.sizes.sum()))
    found = deviation_of(1.0 + flips[None])
    z, factor = found.z[0], found.factor[0]
    over = (z >= FLIP_Z) & (factor >= FLIP_FACTOR) & (flips >= FLIP_SHARE * images)
    for place in np.flatnonzero(over).tolist():
        most = int(np.argmax(series.flips[:, columns[place]]))
        name = series.classes[most]
        iteration = int(series.iterations[columns[place]])
        text = f"{flips[place]:,.0f} of {images:,} images changed between right and wrong"
        if series.flips[most, columns[place]] > 2 * flips[place] / len(series.classes):
            text += f", most of class {name}"
        alone = flips[place] >= ALONE_SHARE * images
        yield Move(
            "images", "", iteration, iteration, float(z[place]), text, "validation", alone=alone
        )


def _lost(series: TrainingSeries, columns: np.ndarray, class_: int) -> Iterator[Move]:
    """Find where the error of a class rises, and stays for some snapshots."""
    error = series.error[class_, columns].astype(np.float64)
    known = np.flatnonzero(np.isfinite(error))
    error, columns = error[known], columns[known]
    place = FEWEST_BEFORE
    while place < len(error) - 1:
        before = error[max(0, place - BEFORE) : place]
        usual = float(np.median(before))
        spread = max(NORMAL_MAD * float(np.median(np.abs(before - usual))), SPREAD_FLOOR)
        ahead = error[place : place + AHEAD]
        rise = float(np.median(ahead)) - usual
        least = max(usual + max(RISE, SPREADS * spread), float(before.max()) + ABOVE)
        mostly = np.count_nonzero(ahead >= least) >= MOSTLY * len(ahead)
        if len(ahead) < FEWEST or not mostly or error[place] - usual < rise / 2:
            place += 1
            continue
        back = np.flatnonzero(error[place:] < usual + rise / 2)
        end = place + int(back[0]) if back.size else len(error)
        lasts = not back.size
        yield Move(
            "class_",
            series.classes[class_],
            int(series.iterations[columns[place]]),
            int(series.iterations[columns[end - 1]]),
            rise / spread,
            _words(series, class_, int(columns[place + len(ahead) - 1]), usual, ahead, lasts=lasts),
            "validation",
            alone=True,
            lasts=lasts,
        )
        place = end + FEWEST


def _words(
    series: TrainingSeries,
    class_: int,
    column: int,
    usual: float,
    ahead: np.ndarray,
    *,
    lasts: bool,
) -> str:
    name = series.classes[class_]
    taken = series.taken_for(class_, column)
    words = f"the error of class {name} rose from {usual:.0%} to {float(np.median(ahead)):.0%}"
    if taken is not None and taken[1] >= TAKEN_SHARE:
        words = f"class {name} was taken for {taken[0]} ({words.removeprefix('the ')})"
    return words + (", to the end" if lasts else "")
