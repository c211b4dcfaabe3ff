"""The pyramid rows of one part of a parameter, level by level and chunk by chunk."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ml_dtypes import bfloat16

from deeptracker.pipeline.kernels.measuring.pyramid_rows import (
    FACTOR,
    TILE_LEVELS,
    coarsen,
    round_rows,
)
from deeptracker.pipeline.kernels.measuring.span import ROW
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.kernels.measuring.tile_arguments import PyramidRoom

__all__ = ["LevelRows", "Pyramid"]


@dataclass(frozen=True)
class LevelRows:
    """Some rows of one pyramid level.

    Rounded to the nearest bfloat16, of 7 explicit bits of the mantissa, so that the relative error
    is at most 2**-8. NaN where a row has no finite weight, or a column no snapshot.

    Attributes
    ----------
    level : int
        Counted from 0, the finest.
    first_row : int
        Counted from the part's first row.
    values : numpy.ndarray
        bfloat16 [measure, row, column], mean, min and max; each lies in memory column by column. A
        view of a buffer that is used again.
    """

    level: int
    first_row: int
    values: np.ndarray


class Pyramid:
    """The rows of a part's levels, chunk by chunk.

    Attributes
    ----------
    room : PyramidRoom
        What a tile's rows go through.
    """

    def __init__(
        self,
        level_weights: tuple[int, ...],
        chunk_rows: tuple[int, ...],
        weights: int,
        columns: int,
    ) -> None:
        assert level_weights[0] == ROW
        assert all(coarse == FACTOR * fine for fine, coarse in itertools.pairwise(level_weights))
        self._level_weights = level_weights
        self._weights = weights
        self._columns = columns
        rows = [-(-weights // per_row) for per_row in level_weights[:TILE_LEVELS]]
        self._chunk_rows = [min(pair) for pair in zip(rows, chunk_rows, strict=False)]
        sizes = [3 * columns * count for count in self._chunk_rows]
        starts = [0, *itertools.accumulate(sizes)]
        self._chunks = np.empty(starts[-1], bfloat16)
        self._levels = np.array(list(zip(starts, self._chunk_rows, strict=False)), np.int64)
        tile_rows = -(-min(weights, TILE) // ROW)
        rooms = np.empty((2, 4, tile_rows), np.float32)
        # A row a tile, of which the coarsest levels are made: mean, min, max, finite weights.
        self._tops = np.full((columns, 4, -(-weights // TILE)), np.nan, np.float32)
        self._tops[:, 3] = 0
        self.room = PyramidRoom(
            rows=(tuple(rooms[0]), tuple(rooms[1])),
            levels=self._levels,
            chunks=self._chunks.view(np.uint16),
            tops=self._tops,
        )

    def leave_out(self, columns: np.ndarray) -> None:
        """Say which columns get no rows: theirs are missing."""
        if not len(columns):
            return
        for start, rows in self._levels:
            chunk = self._chunks[start : start + 3 * self._columns * rows]
            chunk.reshape(3, self._columns, rows)[:, columns] = np.nan

    def finished(self, position: int) -> Iterator[LevelRows]:
        """Yield the chunks that end in this tile, and with the last one the coarsest levels."""
        end = min(position + TILE, self._weights)
        if position >= self._weights:
            return
        for level, (start, rows) in enumerate(self._levels):
            per_row = self._level_weights[level]
            done = -(-end // per_row)
            if end == self._weights or end % (per_row * rows) == 0:
                first = (done - 1) // rows * rows
                chunk = self._chunks[start : start + 3 * self._columns * rows]
                chunk = chunk.reshape(3, self._columns, rows)
                yield LevelRows(level, first, chunk.transpose(0, 2, 1)[:, : done - first])
        if end == self._weights:
            yield from self._coarsest()

    def _coarsest(self) -> Iterator[LevelRows]:
        fine = self._tops
        for level in range(TILE_LEVELS, len(self._level_weights)):
            coarse = np.empty((*fine.shape[:2], -(-fine.shape[2] // FACTOR)), np.float32)
            rounded = np.empty((3, self._columns, coarse.shape[2]), np.uint16)
            for column in range(self._columns):
                coarsen(tuple(fine[column]), tuple(coarse[column]))
                for measure in range(3):
                    round_rows(coarse[column, measure], rounded[measure, column])
            yield LevelRows(level, 0, rounded.view(bfloat16).transpose(0, 2, 1))
            fine = coarse
