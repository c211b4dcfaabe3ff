"""What the kernels of a tile take: where it lies in its part, and what they add to."""

from typing import NamedTuple

import numpy as np

__all__ = ["Geometry", "PyramidRoom", "Results", "Snapshots"]


class Geometry(NamedTuple):
    """Where a tile lies in its part.

    Attributes
    ----------
    weights : int
        Weights of the tile.
    position : int
        The part's weights before this tile.
    address : int
        The tile's place in the network's vector of weights, a multiple of the rows' finest.
    levels : int
        Pyramid levels that the parameter takes part in.
    row_weights : int
        The part's first so many weights belong to its pyramid rows.
    first_owned, last_owned : int
        The part's weights that lie in the filters that it owns: [first_owned, last_owned).
    filter_size : int
        Weights of one filter.
    """

    weights: int
    position: int
    address: int
    levels: int
    row_weights: int
    first_owned: int
    last_owned: int
    filter_size: int


class Results(NamedTuple):
    """What the kernels add to: of all columns of a part; of one column without the first axis.

    Attributes
    ----------
    histogram : numpy.ndarray
        uint32 [column, fine bin].
    sums : numpy.ndarray
        float64 [column, filter, SUMS].
    counts : numpy.ndarray
        int64 [column, COUNTS].
    limits : numpy.ndarray
        float64 [column, 2]: least and greatest weight.
    changes : numpy.ndarray
        int64 [column, threshold]: weights whose change is over each threshold.
    """

    histogram: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    limits: np.ndarray
    changes: np.ndarray


class Snapshots(NamedTuple):
    """The snapshots of a tile that are read and measured one after the other.

    Attributes
    ----------
    columns : numpy.ndarray
        int64 [column]; -1 is the snapshot before the block, which gets no pyramid rows.
    places : numpy.ndarray
        int64 [column, 2], of the raw weights of each: a file's descriptor and the first byte; or -1
        and the address of what is in memory.
    last : int
        Address of the same of the snapshot before the first; 0 where there is none.
    turn : int
        0 or 1: where the first finds room; the one before has the other.
    """

    columns: np.ndarray
    places: np.ndarray
    last: int
    turn: int


class PyramidRoom(NamedTuple):
    """What a tile's pyramid rows go through.

    Attributes
    ----------
    rows : tuple of two tuples of four numpy.ndarray
        float32 [row of the tile]: mean, least, greatest and finite weights of the finest level, and
        room for those of the next.
    levels : numpy.ndarray
        int64 [level, 2]: where each level's chunk begins in `chunks`, and its rows. A tile lies in
        one chunk of each.
    chunks : numpy.ndarray
        uint16 [value]: of each level a chunk [measure, column, row], in bits of bfloat16.
    tops : numpy.ndarray
        float32 [column, 4, tile]: a row a tile, of which the coarsest levels are made.
    start : int
        The address of the first tile of `tops`.
    """

    rows: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]
    levels: np.ndarray
    chunks: np.ndarray
    tops: np.ndarray
    start: int
