"""The weights of a task as tables: parts of parameters, cut into pieces where tiles end."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.kernels.measuring.tile_arguments import PIECE_FIELDS

__all__ = ["PartTable", "PieceTable", "TileGroup"]


@dataclass(frozen=True, eq=False)
class PartTable:
    """Parts of parameters, in the order of their addresses: int64 [part] each.

    Attributes
    ----------
    start, stop : numpy.ndarray
        The part's weights, in its parameter; `start` a multiple of the parameter's coarsest level's
        weights a row.
    size : numpy.ndarray
        Weights of the whole parameter.
    filter_size : numpy.ndarray
        Weights of one filter; 0 where no filters are measured.
    address : numpy.ndarray
        Of the parameter's weight 0.
    levels : numpy.ndarray
        Pyramid levels that the parameter takes part in.
    dtype : numpy.ndarray
        str [part]: the stored dtype.
    """

    start: np.ndarray
    stop: np.ndarray
    size: np.ndarray
    filter_size: np.ndarray
    address: np.ndarray
    levels: np.ndarray
    dtype: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def some(self, which: slice) -> Self:
        """Give some of the parts."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    @property
    def owned(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights [first, last) of the whole filters that begin in each part.

        All weights where there are no filters. The last filter may reach past `stop`. A part within
        one large filter owns nothing.
        """
        size = np.maximum(self.filter_size, 1)
        first, last = (-(-edge // size) * size for edge in (self.start, self.stop))
        last = np.where(first < last, np.minimum(last, self.size), self.start)
        first = np.where(first < last, first, self.start)
        plain = self.filter_size == 0
        return np.where(plain, self.start, first), np.where(plain, self.stop, last)

    @property
    def lines(self) -> np.ndarray:
        """How many lines of sums each has: one a filter that it owns; one where it has none."""
        first, last = self.owned
        return -(-(last - first) // self.line_weights)

    @property
    def line_weights(self) -> np.ndarray:
        """Weights under a line of sums."""
        whole = np.maximum(self.stop - self.start, 1)
        return np.where(self.filter_size == 0, whole, self.filter_size)


@dataclass(frozen=True)
class TileGroup:
    """Pieces of one tile and dtype that are measured together.

    Attributes
    ----------
    pieces : slice
        Which of the table's.
    address : int
        Of the first of them.
    levels : int
        The most pyramid levels that rows of theirs take part in; 0 where they have no rows.
    """

    pieces: slice
    address: int
    levels: int
    dtype: str


@dataclass(frozen=True, eq=False)
class PieceTable:
    """What of some parts lies in each tile.

    Attributes
    ----------
    table : numpy.ndarray
        int64 [piece, PIECE_FIELDS]: as of `Pieces`.
    part : numpy.ndarray
        int64 [piece]: the number of each one's part.
    start, stop : numpy.ndarray
        int64 [piece]: its weights, in the parameter. They may lie behind the part, in a filter that
        it owns.
    group : numpy.ndarray
        int64 [piece]: which of `groups` it belongs to.
    """

    table: np.ndarray
    part: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    group: np.ndarray
    groups: tuple[TileGroup, ...]

    @classmethod
    def of(cls, parts: PartTable, closes: np.ndarray) -> Self:
        """Cut parts into pieces.

        Parameters
        ----------
        closes : numpy.ndarray
            int64 [part + 1]: where the nodes that end with each part begin in `NodeCounts.closing`.
        """
        first, last = parts.owned
        stop = np.maximum(parts.stop, last)
        tile = (parts.address + parts.start) // TILE
        counts = (parts.address + stop - 1) // TILE + 1 - tile
        part = np.repeat(np.arange(len(parts)), counts)
        ends = np.cumsum(counts)
        tile = tile[part] + np.arange(len(part)) - (ends - counts)[part]
        address, begin = parts.address[part], parts.start[part]
        start = np.maximum(begin, tile * TILE - address)
        stop = np.minimum(stop[part], (tile + 1) * TILE - address)
        table = np.empty((len(part), PIECE_FIELDS), np.int64)
        table[:, 0] = stop - start
        table[:, 1] = start - begin
        table[:, 2] = address + start
        table[:, 3] = parts.levels[part]
        table[:, 4] = (parts.stop - parts.start)[part]
        table[:, 5] = (first - parts.start)[part]
        table[:, 6] = (last - parts.start)[part]
        table[:, 7] = parts.line_weights[part]
        table[:, 8] = part
        table[:, 9] = (np.cumsum(parts.lines) - parts.lines)[part]
        is_last = np.arange(len(part)) == ends[part] - 1
        table[:, 10] = closes[part]
        table[:, 11] = np.where(is_last, closes[part + 1], closes[part])
        # What lies behind a part shares its tile with the next part's beginning.
        behind = np.where(start < parts.stop[part], -1, part)
        _, dtype = np.unique(parts.dtype, return_inverse=True)
        keys = np.stack([tile, dtype[part], behind])
        begins = np.flatnonzero(np.any(np.diff(keys, axis=1, prepend=-2) != 0, axis=0))
        levels = np.maximum.reduceat(np.where(behind < 0, parts.levels[part], 0), begins)
        groups = tuple(
            TileGroup(slice(low, high), address, deepest, str(parts.dtype[first_part]))
            for low, high, address, deepest, first_part in zip(
                begins.tolist(),
                [*begins[1:].tolist(), len(part)],
                table[begins, 2].tolist(),
                levels.tolist(),
                part[begins].tolist(),
                strict=True,
            )
        )
        group = np.repeat(np.arange(len(groups)), np.diff(begins, append=len(part)))
        return cls(table, part, start, stop, group, groups)
