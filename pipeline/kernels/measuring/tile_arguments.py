"""What the kernels of a tile take: where it lies in its part, and what they add to."""

from typing import NamedTuple

import numpy as np

__all__ = [
    "CLOSE_FIRST",
    "CLOSE_LAST",
    "LINE",
    "PART",
    "PIECE_FIELDS",
    "Geometry",
    "Pieces",
    "PyramidRoom",
    "Results",
    "Rooms",
    "Snapshots",
]


class Geometry(NamedTuple):
    """Where a piece lies in its part: what of the part is in one tile.

    Attributes
    ----------
    weights : int
        Weights of the piece.
    position : int
        The part's weights before this piece.
    address : int
        The piece's place in the network's vector of weights, a multiple of the rows' finest.
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
    """What the kernels add to: of all columns and parts; of one of each without those axes.

    Attributes
    ----------
    histogram : numpy.ndarray
        uint32 [column, fine bin]: of the parameter that is being measured.
    sums : numpy.ndarray
        float64 [column, line, SUMS]: a line is a filter, or a whole part without filters.
    counts : numpy.ndarray
        int64 [part, column, COUNTS].
    limits : numpy.ndarray
        float64 [part, column, 2]: least and greatest weight.
    changes : numpy.ndarray
        int64 [part, column, threshold]: weights whose change is over each threshold.
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
        int64 [snapshot]; -1 is the snapshot before the block, which gets no pyramid rows.
    given : numpy.ndarray
        int64 [snapshot]: the address of what is in memory already; 0 where the kernel reads it.
    starts : numpy.ndarray
        int64 [snapshot + 1]: where each one's spans begin in `spans`.
    spans : numpy.ndarray
        int64 [span, 4] of files: descriptor, first byte, bytes, and where they go in the buffer.
    turn : int
        0 or 1: the buffer of the first one; the next has the other.
    """

    columns: np.ndarray
    given: np.ndarray
    starts: np.ndarray
    spans: np.ndarray
    turn: int


class Pieces(NamedTuple):
    """The pieces of parts that lie in one tile.

    Attributes
    ----------
    table : numpy.ndarray
        int64 [piece, PIECE_FIELDS]: the fields of `Geometry`, and behind them `PART`, `LINE`,
        `CLOSE_FIRST` and `CLOSE_LAST`.
    places : numpy.ndarray
        int64 [1 + column, piece]: the first byte of each in the buffer of a snapshot; `NO_SNAPSHOT`
        or `WITHOUT`. The first line is of the snapshot before the block.
    last : numpy.ndarray
        int64 [piece]: address of its raw weights in the last snapshot; 0 where none is before, or
        where that is without it.
    sides : numpy.ndarray
        int64 [piece]: which of two rooms holds its last weights as float32.
    """

    table: np.ndarray
    places: np.ndarray
    last: np.ndarray
    sides: np.ndarray


# Fields of a piece behind those of `Geometry`: its part, the first line of that among the sums, and
# the nodes that end with it, a range of those that `NodeCounts` closes.
PART, LINE, CLOSE_FIRST, CLOSE_LAST = range(8, 12)
PIECE_FIELDS = 12


class Rooms(NamedTuple):
    """Buffers of a tile.

    Attributes
    ----------
    read : numpy.ndarray
        uint8 [2, byte]: for what is read from files.
    values32 : numpy.ndarray
        float32 [2, weight of the tile]: weights as float32, where they are stored otherwise.
    regular : numpy.ndarray
        bool [2, row of the tile]: which spans are regular; a piece's begin at its first row.
    kept : numpy.ndarray
        uint8 [byte]: raw weights of pieces that some snapshot lacks, until the next that has them.
    """

    read: np.ndarray
    values32: np.ndarray
    regular: np.ndarray
    kept: np.ndarray


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
