"""Outcomes of images as pixels; a pixel summarises all iterations that share it."""

import numpy as np

from deeptracker.dashboard.data.image_histories import MISSING
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.look.theme import MISSING_LEVEL, RIGHT_LEVEL

__all__ = ["outcome_levels", "predicted_pixels"]


def outcome_levels(correct: np.ndarray, columns: PixelColumns) -> np.ndarray:
    """Give the share of right outcomes as levels of the palette ``outcome``.

    Parameters
    ----------
    correct : numpy.ndarray
        uint8 [..., column of the window]: 1 right, 0 wrong, 255 not recorded.

    Returns
    -------
    numpy.ndarray
        uint8 [..., place]: 0 always wrong, `RIGHT_LEVEL` always right, `MISSING_LEVEL` where
        nothing was recorded.
    """
    known = np.where(correct == MISSING, np.nan, correct.astype(np.float32))
    shares = columns.joined(known, "mean")
    missing = np.isnan(shares)
    levels = np.rint(np.where(missing, 0, shares) * RIGHT_LEVEL)
    return np.where(missing, MISSING_LEVEL, levels).astype(np.uint8)


def predicted_pixels(predicted: np.ndarray, label: int, columns: PixelColumns) -> np.ndarray:
    """Give the predicted class of images; of several in one place, the last wrong class.

    Parameters
    ----------
    predicted : numpy.ndarray
        int32 [..., column of the window]; below 0 where nothing was recorded.
    label : int
        The right class.

    Returns
    -------
    numpy.ndarray
        int32 [..., place]; -1 where nothing was recorded.
    """
    if columns.step == 1:
        return predicted
    padding = [(0, 0)] * (predicted.ndim - 1) + [(0, -predicted.shape[-1] % columns.step)]
    padded = np.pad(predicted, padding, constant_values=-1)
    groups = padded.reshape(*predicted.shape[:-1], -1, columns.step)
    wrong = (groups >= 0) & (groups != label)
    last = columns.step - 1 - np.argmax(wrong[..., ::-1], axis=-1)
    taken = np.take_along_axis(groups, last[..., None], axis=-1)[..., 0]
    right = np.where((groups == label).any(axis=-1), label, -1)
    return np.where(wrong.any(axis=-1), taken, right).astype(np.int32)
