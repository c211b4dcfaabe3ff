"""Where every parameter lies in the store: one address space of weights, and the axes cut from it.

The network is one long vector of weights. A parameter has an address in it; its rows of a pyramid
level begin at the address over the level's weights a row. The vector is cut into segments: a task
measures some neighbouring ones, and writes the objects of the store that lie whole among them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from deeptracker.pipeline.sources.manifest import ITEM_BYTES, Parameter

__all__ = [
    "CHUNK_ROWS",
    "CHUNK_VALUES",
    "FILTER_ROWS",
    "FINEST_WEIGHTS",
    "LEVEL_FACTOR",
    "SHARD_CHUNK_ROWS",
    "LevelLayout",
    "NetworkLayout",
    "chunk_columns",
    "level_weights",
]

FINEST_WEIGHTS = 16
LEVEL_FACTOR = 4
ENOUGH_ROWS = 512
# The finest level's rows of a tile: no tile lies in two chunks.
CHUNK_ROWS = 4096
TILE_WEIGHTS = CHUNK_ROWS * FINEST_WEIGHTS
SHARD_CHUNK_ROWS = 32
CHUNK_VALUES = 8 * CHUNK_ROWS
# Shards are wide in rows and short in iterations, so that an append rewrites little; those of few
# rows are filled up with iterations to so many values of a statistic.
SHARD_VALUES = 2**18
# Filters in one object of the measures.
FILTER_ROWS = 1024


@dataclass(frozen=True)
class LevelLayout:
    """One pyramid level of the whole network.

    Attributes
    ----------
    weights_per_row : int
    rows : int
        Length of the row axis, at least 1.
    chunk_rows, shard_rows : int
        Rows of what is compressed together, and of one object of the store. A store of a network
        that has grown keeps those of the parameters that it was made with.
    """

    weights_per_row: int
    rows: int
    chunk_rows: int
    shard_rows: int

    def columns(self, per_block: int) -> tuple[int, int]:
        """Give the columns of a chunk and of a shard: both divide those of a block."""
        chunk = chunk_columns(per_block, CHUNK_VALUES, self.chunk_rows)
        shards = _divisor(per_block // chunk, SHARD_VALUES // self.shard_rows // chunk)
        return chunk, chunk * shards

    def rows_of(self, start: int, stop: int) -> tuple[int, int]:
        """Give the rows [first, last) of a range of addresses that begins where a segment does."""
        return (
            min(start // self.weights_per_row, self.rows),
            min(-(-stop // self.weights_per_row), self.rows),
        )


@dataclass(frozen=True, eq=False)
class NetworkLayout:
    """Addresses, rows and filters of all parameters.

    Attributes
    ----------
    parameters : tuple of Parameter
        In the order of their addresses.
    split_weights : int
        Weights in a segment where that is no less than those of the coarsest filled level's row.
    segment_weights : int
        A power of two, and a multiple of the weights a row of every level that is filled.
    addresses, sizes : numpy.ndarray
        int64 [parameter], in weights.
    filters, first_filter : numpy.ndarray
        int64 [parameter]: how many filters with measures it has, and the first among all.
    first_row, rows : numpy.ndarray
        int64 [level, parameter]: where its rows are; 0 rows where it ends at a finer level.
    levels : tuple of LevelLayout
        Finest first.
    """

    parameters: tuple[Parameter, ...]
    split_weights: int
    segment_weights: int
    addresses: np.ndarray
    sizes: np.ndarray
    filters: np.ndarray
    first_filter: np.ndarray
    first_row: np.ndarray
    rows: np.ndarray
    levels: tuple[LevelLayout, ...]

    @classmethod
    def of(cls, parameters: Sequence[Parameter], split_weights: int, levels: int = 0) -> Self:
        """Lay parameters out one after the other; those that are added behind move no other.

        Parameters
        ----------
        parameters : sequence of Parameter
            In the order of their first snapshots; of one snapshot, in the order of the tree.
        split_weights : int
            Weights in a segment, a power of two; raised to the coarsest level's weights a row where
            it is less.
        levels : int
            How many levels there are; 0 for as many as one parameter of all weights would have.
        """
        sizes = np.array([parameter.size for parameter in parameters], np.int64)
        # The number does not depend on how the network cuts its weights.
        count = levels or len(level_weights(int(sizes.sum()) or 1))
        weights = tuple(FINEST_WEIGHTS * LEVEL_FACTOR**level for level in range(count))
        depth = np.ones(len(sizes), np.int64)
        for finer in weights[:-1]:
            depth += -(-sizes // finer) >= ENOUGH_ROWS
        segment = max(split_weights, weights[int(depth.max(initial=1)) - 1])
        addresses = _addresses(sizes, np.array(weights, np.int64)[depth - 1])
        per_row = np.array(weights, np.int64)[:, None]
        takes_part = np.arange(len(weights))[:, None] < depth
        rows = np.where(takes_part, -(-sizes // per_row), 0)
        first_row = np.where(takes_part, addresses // per_row, 0)
        filters = np.array([p.filters if p.has_filters else 0 for p in parameters], np.int64)
        lengths = (first_row + rows).max(axis=1, initial=0)
        laid_out = tuple(
            _level(weights_per_row, int(length), segment)
            for weights_per_row, length in zip(weights, lengths, strict=True)
        )
        return cls(
            tuple(parameters),
            split_weights,
            segment,
            addresses,
            sizes,
            filters,
            np.cumsum(filters) - filters,
            first_row,
            rows,
            laid_out,
        )

    def of_first(self, count: int) -> "NetworkLayout":
        """Give the layout of the first parameters alone."""
        return NetworkLayout.of(self.parameters[:count], self.split_weights, len(self.levels))

    @cached_property
    def dtypes(self) -> np.ndarray:
        """The stored dtype of every parameter: str [parameter]."""
        return np.array([parameter.dtype for parameter in self.parameters], np.str_)

    @cached_property
    def gradient_dtypes(self) -> np.ndarray:
        """That of every parameter's gradients, "" where none were recorded: str [parameter]."""
        return np.array([parameter.gradient_dtype for parameter in self.parameters], np.str_)

    @cached_property
    def item_bytes(self) -> np.ndarray:
        """Bytes of one stored weight: int64 [parameter]."""
        return np.array([ITEM_BYTES[p.dtype] for p in self.parameters], np.int64)

    @cached_property
    def gradient_item_bytes(self) -> np.ndarray:
        """Bytes of one stored gradient, 0 where none was recorded: int64 [parameter]."""
        sizes = {"": 0, **ITEM_BYTES}
        known = [sizes[p.gradient_dtype] if p.has_gradient else 0 for p in self.parameters]
        return np.array(known, np.int64)

    @cached_property
    def end(self) -> int:
        """The first address behind all weights."""
        return int((self.addresses + self.sizes).max(initial=0))

    @cached_property
    def filter_count(self) -> int:
        """Filters with measures, of all parameters."""
        return int(self.filters.sum())

    @cached_property
    def filter_owners(self) -> np.ndarray:
        """The parameter of every filter: int32 [filter]."""
        return np.repeat(np.arange(len(self.filters), dtype=np.int32), self.filters)

    @cached_property
    def depths(self) -> np.ndarray:
        """How many levels every parameter takes part in: int64 [parameter]."""
        return np.maximum((self.rows > 0).sum(axis=0), 1)

    @cached_property
    def filled_levels(self) -> tuple[LevelLayout, ...]:
        """The levels that any parameter takes part in; those behind hold nothing."""
        return self.levels[: int(self.depths.max(initial=1))]

    def segments(self) -> list[tuple[int, int]]:
        """Give the addresses [start, stop) of all segments."""
        edges = [*range(0, self.end, self.segment_weights), self.end]
        return list(itertools.pairwise(edges))


def _addresses(sizes: np.ndarray, alignments: np.ndarray) -> np.ndarray:
    """Give every parameter an address: a multiple of its coarsest level's weights a row.

    What is as large as a tile begins where a tile does, so that its tiles are full ones; there it
    is no more than half of them that are not.
    """
    addresses = np.zeros(len(sizes), np.int64)
    large = sizes >= TILE_WEIGHTS
    end = 0
    steps = np.where(large, np.maximum(alignments, TILE_WEIGHTS), alignments)
    for place, (size, step) in enumerate(zip(sizes.tolist(), steps.tolist(), strict=True)):
        begin = -(-end // step) * step
        addresses[place] = begin
        end = begin + size
    return addresses


def _level(per_row: int, rows: int, segment: int) -> LevelLayout:
    # A level that nothing takes part in yet may get rows of a later, larger parameter.
    chunk = min(CHUNK_ROWS, rows) or CHUNK_ROWS
    chunks = max(1, min(SHARD_CHUNK_ROWS, segment // per_row // chunk, -(-rows // chunk)))
    return LevelLayout(per_row, max(rows, 1), chunk, chunk * chunks)


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


def chunk_columns(per_block: int, values: int, rows: int) -> int:
    """Give the columns of a chunk of so many rows and about as many values; they divide a block."""
    return _divisor(per_block, values // max(rows, 1))


def _divisor(columns: int, limit: int) -> int:
    """Give the greatest divisor up to a limit; all columns where the divisors are far too small."""
    greatest = max(d for d in range(1, columns + 1) if columns % d == 0 and d <= max(limit, 1))
    return columns if 4 * greatest < min(limit, columns) else greatest
