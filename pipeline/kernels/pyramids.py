"""Pyramid levels: coarser rows from finer ones, and the rounding of what is stored."""

from dataclasses import dataclass

import numpy as np
from numba import njit

__all__ = ["Level", "coarsen", "rounded_rows"]

TILE = 32


@dataclass(frozen=True)
class Level:
    """One pyramid level: float32 [row, column] each, rounded to 7 explicit bits of the mantissa.

    Rounding is to the nearest, so that the relative error is at most 2**-8. NaN where a row has no
    finite weight, or a column no snapshot.
    """

    mean: np.ndarray
    min: np.ndarray
    max: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def coarsen(factor, fine, coarse):
    """Reduce `factor` rows of (mean, min, max, weights) to one; each array is float32 [row]."""
    mean, least, greatest, weights = fine
    for row in range(coarse[0].size):
        total = known = np.float32(0)
        low, high = np.float32(np.inf), np.float32(-np.inf)
        for i in range(row * factor, min((row + 1) * factor, mean.size)):
            if weights[i] > 0:
                total += mean[i] * weights[i]
                known += weights[i]
                low = min(low, least[i])
                high = max(high, greatest[i])
        coarse[0][row] = total / known if known > 0 else np.nan
        coarse[1][row] = low if known > 0 else np.nan
        coarse[2][row] = high if known > 0 else np.nan
        coarse[3][row] = known


@njit(cache=True, nogil=True)
def _transposed_and_rounded(bits, out):
    columns, rows = bits.shape
    for first in range(0, rows, TILE):
        for column in range(columns):
            for row in range(first, min(first + TILE, rows)):
                value = bits[column, row]
                up = value + np.uint32(0x7FFF) + ((value >> np.uint32(16)) & np.uint32(1))
                exponent = np.uint32(0x7F800000)
                # Neither a NaN nor the greatest finite numbers may round into infinity.
                special = (value & exponent) == exponent or (up & exponent) == exponent
                out[row, column] = (value if special else up) & np.uint32(0xFFFF0000)
                if value & exponent == exponent and value & np.uint32(0x7FFFFF):
                    out[row, column] = np.uint32(0x7FC00000)


def rounded_rows(values: np.ndarray) -> np.ndarray:
    """Turn float32 [column, row] into float32 [row, column], rounded as `Level` says."""
    out = np.empty(values.shape[::-1], np.uint32)
    _transposed_and_rounded(values.view(np.uint32), out)
    return out.view(np.float32)
