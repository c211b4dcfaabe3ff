"""How a parameter is laid out in the store: pyramid levels, and where it may be split.

Chunk rows, shard rows and split points are powers of two times 16 weights, so that a part of a
parameter covers whole shards at every level and no two tasks write one.
"""

from dataclasses import dataclass
from functools import cache

__all__ = [
    "CHUNK_ROWS",
    "CHUNK_VALUES",
    "FINEST_WEIGHTS",
    "LEVEL_FACTOR",
    "SHARD_CHUNK_ROWS",
    "LevelLayout",
    "ParameterLayout",
    "level_weights",
]

FINEST_WEIGHTS = 16
LEVEL_FACTOR = 4
ENOUGH_ROWS = 512
CHUNK_ROWS = 4096
# A shard has as many rows of chunks, and is filled up with columns.
SHARD_CHUNK_ROWS = 16
CHUNK_VALUES = 8 * CHUNK_ROWS
SHARD_VALUES = 32 * SHARD_CHUNK_ROWS * CHUNK_ROWS


@dataclass(frozen=True)
class LevelLayout:
    """One pyramid level.

    Attributes
    ----------
    weights_per_row, rows : int
    chunk_rows, shard_rows : int
        Both divide the rows of every part but the last.
    """

    weights_per_row: int
    rows: int
    chunk_rows: int
    shard_rows: int

    def columns(self, per_block: int) -> tuple[int, int]:
        """Give the columns of a chunk and of a shard: both divide those of a block."""
        chunk = _divisor(per_block, CHUNK_VALUES // self.chunk_rows)
        return chunk, chunk * _divisor(per_block // chunk, SHARD_VALUES // self.shard_rows // chunk)


@dataclass(frozen=True)
class ParameterLayout:
    """Levels and split points of one parameter.

    Attributes
    ----------
    size : int
        Weights.
    split_weights : int
        Parts begin at multiples of this many weights.
    levels : tuple of LevelLayout
        Finest first.
    """

    size: int
    split_weights: int
    levels: tuple[LevelLayout, ...]

    @staticmethod
    @cache
    def of(size: int, split_weights: int) -> "ParameterLayout":
        """Lay out `size` weights (or images), to be split at multiples of `split_weights`.

        Parameters
        ----------
        split_weights : int
            A power of two; raised to the coarsest level's weights a row where it is less.
        """
        weights = level_weights(size)
        split = max(split_weights, weights[-1])
        levels = []
        for per_row in weights:
            rows = -(-size // per_row)
            chunk = max(1, min(CHUNK_ROWS, rows, split // per_row))
            chunks = min(SHARD_CHUNK_ROWS, split // per_row // chunk, -(-rows // chunk))
            levels.append(LevelLayout(per_row, rows, chunk, chunk * chunks))
        return ParameterLayout(size, split, tuple(levels))

    def splits(self) -> tuple[tuple[int, int], ...]:
        """Weight ranges of the smallest parts."""
        return tuple(
            (start, min(start + self.split_weights, self.size))
            for start in range(0, self.size, self.split_weights)
        )


def level_weights(size: int) -> tuple[int, ...]:
    """Weights a row at each level: 16, then four times as many until fewer than 512 rows remain.

    Parameters
    ----------
    size : int
        Weights of the parameter.
    """
    weights = [FINEST_WEIGHTS]
    while -(-size // weights[-1]) >= ENOUGH_ROWS:
        weights.append(weights[-1] * LEVEL_FACTOR)
    return tuple(weights)


def _divisor(columns: int, limit: int) -> int:
    """Give the greatest divisor up to a limit; all columns where the divisors are far too small."""
    greatest = max(d for d in range(1, columns + 1) if columns % d == 0 and d <= max(limit, 1))
    return columns if 4 * greatest < min(limit, columns) else greatest
