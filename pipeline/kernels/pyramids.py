"""Pyramid levels: coarser rows from finer ones, and the rounding of what is stored."""

import numpy as np
from numba import njit

from pipeline.kernels.lanes import ROW, greater, lesser
from pipeline.kernels.tiles import TILE

__all__ = ["FACTOR", "TILE_LEVELS", "coarsen", "round_rows", "store_rows"]

FACTOR = 4
TILE_LEVELS = 7  # a row of the seventh covers a tile
assert ROW * FACTOR ** (TILE_LEVELS - 1) == TILE
EXPONENT, MANTISSA = np.uint32(0x7F800000), np.uint32(0x007FFFFF)


@njit(cache=True, nogil=True, error_model="numpy")
def coarsen(fine, coarse):
    """Reduce each 4 rows of (mean, min, max, finite weights) to one; each is float32 [row]."""
    mean, least, greatest, weights = fine
    for row in range(coarse[0].size):
        total = known = np.float32(0)
        low, high = np.float32(np.inf), np.float32(-np.inf)
        for i in range(row * FACTOR, min((row + 1) * FACTOR, mean.size)):
            if weights[i] > 0:
                total += mean[i] * weights[i]
                known += weights[i]
                low = min(low, least[i])
                high = max(high, greatest[i])
        coarse[0][row] = total / known if known > 0 else np.nan
        coarse[1][row] = low if known > 0 else np.nan
        coarse[2][row] = high if known > 0 else np.nan
        coarse[3][row] = known


@njit(cache=True, nogil=True, error_model="numpy")
def coarsen_full(fine, coarse, known):
    """Do as `coarsen` where every row is full of finite weights: `known` of them in the coarse."""
    mean, least, greatest, _ = fine
    # Weighting by a power of two and dividing by it again would change no bit.
    for row in range(coarse[0].size):
        i = row * FACTOR
        total = ((mean[i] + mean[i + 1]) + mean[i + 2]) + mean[i + 3]
        coarse[0][row] = total * np.float32(1 / FACTOR)
    for row in range(coarse[1].size):
        i = row * FACTOR
        low = least[i]
        for k in range(1, FACTOR):
            low = lesser(low, least[i + k])
        coarse[1][row] = low
    for row in range(coarse[2].size):
        i = row * FACTOR
        high = greatest[i]
        for k in range(1, FACTOR):
            high = greater(high, greatest[i + k])
        coarse[2][row] = high
    coarse[3][:] = known


@njit(cache=True, nogil=True)
def round_rows(values, out):
    """Round float32 [row] to bfloat16 (as `LevelRows` says), in bits: uint16 [row]."""
    bits = values.view(np.uint32)
    for row in range(bits.size):
        value = bits[row]
        up = np.uint32(value + np.uint32(0x7FFF) + ((value >> np.uint32(16)) & np.uint32(1)))
        # Neither a NaN nor the greatest finite numbers may round into infinity.
        special = (value & EXPONENT) == EXPONENT or (up & EXPONENT) == EXPONENT
        missing = (value & EXPONENT) == EXPONENT and (value & MANTISSA) != 0
        kept = np.uint16((value if special else up) >> np.uint32(16))
        out[row] = np.uint16(0x7FC0) if missing else kept


@njit(cache=True, nogil=True)
def store_rows(rows, weights, full, position, column, columns, geometry, out):
    """Round a tile's rows and coarsen them, level by level.

    Parameters
    ----------
    rows : two tuples of four float32 [row of the tile]
        The finest level's mean, min, max and finite weights; and room for the coarser ones.
    weights : int
        Weights of the tile that belong to rows.
    full : bool
        Whether these are TILE, all of them finite.
    position : int
        The part's weights before this tile.
    column, columns : int
        Which of how many snapshots.
    geometry : int64 [level, 2]
        Where each level's chunk begins in `out`, and its rows.
    out : uint16 [value]
        Of each level a chunk [measure, column, row].
    """
    fine, spare = rows
    per_row = ROW
    for level in range(min(geometry.shape[0], TILE_LEVELS)):
        count = -(-weights // per_row)
        start, chunk_rows = geometry[level]
        first = (position // per_row) % chunk_rows
        for measure in range(3):
            place = start + (measure * columns + column) * chunk_rows + first
            round_rows(fine[measure][:count], out[place : place + count])
        per_row *= FACTOR
        coarse_count = -(-weights // per_row)
        finer = fine[0][:count], fine[1][:count], fine[2][:count], fine[3][:count]
        coarse = (
            spare[0][:coarse_count],
            spare[1][:coarse_count],
            spare[2][:coarse_count],
            spare[3][:coarse_count],
        )
        if level + 1 < TILE_LEVELS:
            if full:
                coarsen_full(finer, coarse, np.float32(per_row))
            else:
                coarsen(finer, coarse)
            fine, spare = spare, fine
    return fine[0][0], fine[1][0], fine[2][0], fine[3][0]
