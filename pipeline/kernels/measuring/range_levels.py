"""The pyramid rows of a range of addresses, level by level and chunk by chunk.

Parameters share the chunks that they lie in; what no parameter has is missing.
"""

import itertools
from collections.abc import Iterator, Sequence
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
        On the level's axis.
    values : numpy.ndarray
        bfloat16 [measure, row, column], mean, min and max; each lies in memory column by column. A
        view of a buffer that is used again.
    """

    level: int
    first_row: int
    values: np.ndarray


@dataclass
class _OpenChunk:
    """The chunk of a level that is being filled.

    Attributes
    ----------
    number : int
        Which of the level's; -1 for none.
    used : bool
        Whether any parameter has some of its rows.
    """

    values: np.ndarray
    number: int = -1
    used: bool = False


class Pyramid:
    """The rows of all parameters in a range of addresses.

    Parameters
    ----------
    level_weights, chunk_rows : sequence of int
        At each level of the network, weights a row and rows of a chunk. A tile lies in one chunk.
    start, stop : int
        The range of addresses; `start` a multiple of the coarsest level's weights a row.
    columns : int
        Snapshots in the block.

    Attributes
    ----------
    room : PyramidRoom
        What a tile's rows go through.
    """

    def __init__(
        self,
        level_weights: Sequence[int],
        chunk_rows: Sequence[int],
        start: int,
        stop: int,
        columns: int,
    ) -> None:
        assert level_weights[0] == ROW
        assert all(coarse == FACTOR * fine for fine, coarse in itertools.pairwise(level_weights))
        self._level_weights = level_weights
        self._columns = columns
        self._rows = [
            (start // per_row, -(-stop // per_row)) for per_row in level_weights[:TILE_LEVELS]
        ]
        heights = list(chunk_rows[: len(self._rows)])
        sizes = [3 * columns * count for count in heights]
        starts = [0, *itertools.accumulate(sizes)]
        chunks = np.empty(starts[-1], bfloat16)
        self._open = [
            _OpenChunk(chunks[begin : begin + size].reshape(3, columns, rows))
            for begin, size, rows in zip(starts, sizes, heights, strict=False)
        ]
        rooms = np.empty((2, 4, TILE // ROW), np.float32)
        # A row a tile, of which the coarsest levels are made: mean, min, max, finite weights.
        tiles = -(-(stop - start) // TILE) if len(level_weights) > TILE_LEVELS else 0
        tops = np.full((columns, 4, tiles), np.nan, np.float32)
        tops[:, 3] = 0
        self._depths = np.zeros(tiles, np.int64)
        self.room = PyramidRoom(
            rows=(tuple(rooms[0]), tuple(rooms[1])),
            levels=np.array(list(zip(starts, heights, strict=False)), np.int64),
            chunks=chunks.view(np.uint16),
            tops=tops,
            start=start,
        )

    def finished(self, address: int) -> Iterator[LevelRows]:
        """Yield the chunks that end before an address, at which the next tile begins."""
        for level, chunk in enumerate(self._open):
            number = address // (self._level_weights[level] * chunk.values.shape[2])
            if number != chunk.number:
                yield from self._closed(level, chunk)
                chunk.number = number

    def begin(self, address: int, levels: int) -> None:
        """Prepare the rows of a tile for pieces of parameters: of so many levels, NaN as yet."""
        for chunk in self._open[:levels]:
            if not chunk.used:
                chunk.values[:] = np.nan
                chunk.used = True
        if levels > TILE_LEVELS:
            self._depths[(address - self.room.start) // TILE] = levels

    def last(self) -> Iterator[LevelRows]:
        """Yield what is still open, and the coarsest levels."""
        for level, chunk in enumerate(self._open):
            yield from self._closed(level, chunk)
        yield from self._coarsest()

    def _closed(self, level: int, chunk: _OpenChunk) -> Iterator[LevelRows]:
        """Yield the rows of a chunk that lie in the range, if any parameter has some of them."""
        if chunk.used:
            begin = chunk.number * chunk.values.shape[2]
            first, stop = self._rows[level]
            low, high = max(first - begin, 0), min(stop - begin, chunk.values.shape[2])
            yield LevelRows(level, begin + low, chunk.values.transpose(0, 2, 1)[:, low:high])
        chunk.used = False

    def _coarsest(self) -> Iterator[LevelRows]:
        fine, depths = self.room.tops, self._depths
        for level in range(TILE_LEVELS, len(self._level_weights)):
            # A parameter that ends at a finer level has no part in this one's rows.
            fine[:, :3, depths <= level] = np.nan
            fine[:, 3, depths <= level] = 0
            coarse = np.empty((*fine.shape[:2], -(-fine.shape[2] // FACTOR)), np.float32)
            rounded = np.empty((3, self._columns, coarse.shape[2]), np.uint16)
            for column in range(self._columns):
                coarsen(tuple(fine[column]), tuple(coarse[column]))
                for measure in range(3):
                    round_rows(coarse[column, measure], rounded[measure, column])
            first = self.room.start // self._level_weights[level]
            yield LevelRows(level, first, rounded.view(bfloat16).transpose(0, 2, 1))
            fine = coarse
            depths = np.maximum.reduceat(depths, np.arange(0, len(depths), FACTOR))
