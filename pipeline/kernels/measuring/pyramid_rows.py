"""Pyramid levels: coarser rows from finer ones, and the rounding of what is stored."""

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.kernels.vector.llvm_arithmetic import (
    FACTOR,
    FACTOR_ROWS,
    ROW,
    greater,
    lesser,
    reduce_factor_rows,
    rounded_half,
)

__all__ = ["FACTOR", "TILE_LEVELS", "coarsen", "round_rows", "store_rows"]

TILE_LEVELS = 7  # a row of the seventh covers a tile
assert ROW * FACTOR ** (TILE_LEVELS - 1) == TILE


@kernel(error_model="numpy")
def coarsen(fine, coarse):
    """Reduce each 4 rows of (mean, min, max, finite weights) to one; each is float32 [row]."""
    mean, least, greatest, weights = fine
    for row in range(coarse[0].size):
        total, known = np.float64(0), np.float32(0)
        low, high = np.float32(np.inf), np.float32(-np.inf)
        for i in range(row * FACTOR, min((row + 1) * FACTOR, mean.size)):
            if weights[i] > 0:
                total += np.float64(mean[i]) * weights[i]
                known += weights[i]
                low = min(low, least[i])
                high = max(high, greatest[i])
        coarse[0][row] = total / known if known > 0 else np.nan
        coarse[1][row] = low if known > 0 else np.nan
        coarse[2][row] = high if known > 0 else np.nan
        coarse[3][row] = known


@inner(error_model="numpy")
def coarsen_full(fine, coarse, known):
    """Do as `coarsen` where every row is full of finite weights: `known` of them in the coarse."""
    # Weighting by a power of two and dividing by it again would change no bit.
    together = coarse[0].size - coarse[0].size % FACTOR_ROWS
    for row in range(0, together, FACTOR_ROWS):
        reduce_factor_rows(fine[0], row, coarse[0], 0)
        reduce_factor_rows(fine[1], row, coarse[1], 1)
        reduce_factor_rows(fine[2], row, coarse[2], 2)
    for row in range(together, coarse[0].size):
        i = row * FACTOR
        mean, least, greatest = fine[0][i : i + FACTOR], fine[1][i], fine[2][i]
        for k in range(1, FACTOR):
            least = lesser(least, fine[1][i + k])
            greatest = greater(greatest, fine[2][i + k])
        # As the others are summed.
        coarse[0][row] = ((mean[0] + mean[1]) + (mean[2] + mean[3])) * np.float32(1 / FACTOR)
        coarse[1][row] = least
        coarse[2][row] = greatest
    coarse[3][:] = known


@kernel()
def round_rows(values, out):
    """Round float32 [row] to bfloat16 (as `LevelRows` says), in bits: uint16 [row]."""
    bits = values.view(np.uint32)
    for row in range(bits.size):
        out[row] = rounded_half(bits[row])


@inner()
def store_rows(pyramid, geometry, sound, column, columns):
    """Round a tile's rows and coarsen them, level by level.

    Parameters
    ----------
    pyramid : PyramidRoom
    geometry : Geometry
    sound : bool
        Whether all weights of the tile are finite.
    column, columns : int
        Which of how many snapshots.
    """
    weights = min(geometry.row_weights - geometry.position, geometry.weights)
    if weights <= 0:
        return
    levels = min(geometry.levels, TILE_LEVELS)
    # Full rows of its coarsest level are full ones of all.
    full = sound and weights % (ROW * FACTOR ** (levels - 1)) == 0
    fine, spare = pyramid.rows
    per_row = ROW
    for level in range(levels):
        count = -(-weights // per_row)
        start, chunk_rows = pyramid.levels[level]
        first = (geometry.address // per_row) % chunk_rows
        for measure in range(3):
            place = start + (measure * columns + column) * chunk_rows + first
            round_rows(fine[measure][:count], pyramid.chunks[place : place + count])
        if level + 1 == levels:
            break
        per_row *= FACTOR
        coarse_count = -(-weights // per_row)
        finer = fine[0][:count], fine[1][:count], fine[2][:count], fine[3][:count]
        coarse = (
            spare[0][:coarse_count],
            spare[1][:coarse_count],
            spare[2][:coarse_count],
            spare[3][:coarse_count],
        )
        if full:
            coarsen_full(finer, coarse, np.float32(per_row))
        else:
            coarsen(finer, coarse)
        fine, spare = spare, fine
    if geometry.levels > TILE_LEVELS:
        for measure in range(4):
            tile = (geometry.address - pyramid.start) // TILE
            pyramid.tops[column, measure, tile] = fine[measure][0]
