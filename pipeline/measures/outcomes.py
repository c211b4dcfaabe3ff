"""Outcomes of images: errors, flips, and anomalies by the paper's left, right and full rules.

The rules are those of Liu et al., arXiv 1808.08531. All windows come from the lengths of the runs
of equal correctness, in one pass over the images.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel

__all__ = ["MISSING", "OutcomeCounts", "Rule", "anomalies", "anomaly_counts", "correctness"]

MISSING = 255
Rule = Literal["left", "right", "full"]
RULES = {"left": 0, "right": 1, "full": 2}


@dataclass(frozen=True)
class OutcomeCounts:
    """Counts over classes and images.

    Attributes
    ----------
    left, right, full : numpy.ndarray
        int32 [window, class_, column]: anomalous images; the first entry is window 1.
    error : numpy.ndarray
        float32 [class_, column]: share of wrong ones among the recorded outcomes; NaN without any.
    flips : numpy.ndarray
        int32 [class_, column]: images whose correctness differs from the one recorded before.
    image_flips : numpy.ndarray
        int32 [image]: flips in the columns from `new` on.
    """

    left: np.ndarray
    right: np.ndarray
    full: np.ndarray
    error: np.ndarray
    flips: np.ndarray
    image_flips: np.ndarray


def correctness(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Compare predicted with true classes.

    Parameters
    ----------
    predicted, labels : numpy.ndarray
        int [image]; a negative prediction was not recorded.

    Returns
    -------
    numpy.ndarray
        uint8 [image]: 1 right, 0 wrong, 255 not recorded.
    """
    return np.where(predicted < 0, np.uint8(MISSING), (predicted == labels).astype(np.uint8))


def anomaly_counts(
    correct: np.ndarray, class_of_image: np.ndarray, classes: int, windows: int = 50, new: int = 0
) -> OutcomeCounts:
    """Count errors, flips and the anomalies of every rule and window.

    An image is anomalous at t by the left rule of window k when its correctness was constant over
    the k outcomes before t and differs at t; by the right rule when the same holds of the reversed
    sequence; by the full rule when both do. Outcomes that were not recorded are skipped: an image
    is compared with its last recorded one.

    Parameters
    ----------
    correct : numpy.ndarray
        uint8 [image, column]: 1 right, 0 wrong, 255 not recorded.
    class_of_image : numpy.ndarray
        int [image], from 0 to `classes` - 1.
    classes, windows : int
    new : int
        Columns before it are only history: an image's flips in them are not counted.
    """
    columns = correct.shape[1]
    counts = np.zeros((3, windows, classes, columns), np.int32)
    wrong = np.zeros((classes, columns), np.int32)
    known = np.zeros((classes, columns), np.int32)
    image_flips = np.zeros(len(correct), np.int32)
    _count(
        np.ascontiguousarray(correct),
        class_of_image.astype(np.int64),
        counts,
        wrong,
        known,
        image_flips,
        new,
    )
    # Constant over k outcomes implies constant over fewer.
    for window in range(windows - 2, -1, -1):
        counts[:, window] += counts[:, window + 1]
    error = np.where(known > 0, wrong / np.maximum(known, 1), np.nan).astype(np.float32)
    left, right, full = counts
    return OutcomeCounts(left, right, full, error, left[0], image_flips)


def anomalies(correct: np.ndarray, rule: Rule, window: int) -> np.ndarray:
    """Mark the anomalous images.

    Parameters
    ----------
    correct : numpy.ndarray
        uint8 [image, column].
    rule : {"left", "right", "full"}
    window : int
        Outcomes that must have been equal.

    Returns
    -------
    numpy.ndarray
        bool [image, column].
    """
    marks = np.zeros(correct.shape, np.bool_)
    _mark(np.ascontiguousarray(correct), RULES[rule], window, marks)
    return marks


@inner()
def _runs(line, starts, last):
    """Find the runs of equal recorded outcomes of one image.

    Writes the first and last column of each run, and gives (runs, outcomes): the length of a run in
    outcomes is kept in the third row of `starts`.
    """
    runs = 0
    value = np.uint8(MISSING)
    for column in range(line.size):
        if line[column] == MISSING:
            continue
        if runs == 0 or line[column] != value:
            value = line[column]
            starts[runs] = column
            starts[line.size + runs] = 0
            runs += 1
        starts[line.size + runs - 1] += 1
        last[runs - 1] = column
    return runs


@kernel()
def _count(correct, class_of_image, counts, wrong, known, image_flips, new):
    images, columns = correct.shape
    windows = counts.shape[1]
    starts = np.empty(2 * columns, np.int64)
    last = np.empty(columns, np.int64)
    for image in range(images):
        kind = class_of_image[image]
        for column in range(columns):
            if correct[image, column] != MISSING:
                known[kind, column] += 1
                wrong[kind, column] += correct[image, column] == 0
        runs = _runs(correct[image], starts, last)
        lengths = starts[columns:]
        for run in range(runs):
            if run > 0:
                image_flips[image] += starts[run] >= new
                window = min(lengths[run - 1], windows)
                counts[0, window - 1, kind, starts[run]] += 1
            if run < runs - 1:
                window = min(lengths[run + 1], windows)
                counts[1, window - 1, kind, last[run]] += 1
            if 0 < run < runs - 1 and lengths[run] == 1:
                window = min(lengths[run - 1], lengths[run + 1], windows)
                counts[2, window - 1, kind, starts[run]] += 1


@kernel()
def _mark(correct, rule, window, marks):
    columns = correct.shape[1]
    starts = np.empty(2 * columns, np.int64)
    last = np.empty(columns, np.int64)
    for image in range(correct.shape[0]):
        runs = _runs(correct[image], starts, last)
        lengths = starts[columns:]
        for run in range(runs):
            before = run > 0 and lengths[run - 1] >= window
            after = run < runs - 1 and lengths[run + 1] >= window
            if rule == 0 and before:
                marks[image, starts[run]] = True
            if rule == 1 and after:
                marks[image, last[run]] = True
            if rule == 2 and before and after and lengths[run] == 1:
                marks[image, starts[run]] = True
