"""How a parameter is laid out in the store: pyramid levels, and where it may be split.

Row counts, chunk rows and split points are powers of two times 16 weights, so that a part of a
parameter covers whole chunks at every level and no two tasks write one chunk.
"""

from dataclasses import dataclass

__all__ = [
    "CHUNK_ROWS",
    "FINEST_WEIGHTS",
    "LEVEL_FACTOR",
    "LevelLayout",
    "ParameterLayout",
    "level_weights",
]

FINEST_WEIGHTS = 16
LEVEL_FACTOR = 4
ENOUGH_ROWS = 512
CHUNK_ROWS = 4096


@dataclass(frozen=True)
class LevelLayout:
    """One pyramid level.

    Attributes
    ----------
    weights_per_row, rows, chunk_rows : int
        `chunk_rows` divides the rows of every part but the last.
    """

    weights_per_row: int
    rows: int
    chunk_rows: int


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

    @classmethod
    def of(cls, size: int, split_weights: int) -> "ParameterLayout":
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
            levels.append(LevelLayout(per_row, rows, min(CHUNK_ROWS, rows, split // per_row)))
        return cls(size, split, tuple(levels))

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
