"""The plan: which task reads which weights at which iterations, within a stated memory budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from deeptracker.errors import ConfigError
from deeptracker.pipeline.kernels.measuring.histograms import FINE_BINS
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.network_layout import (
    CHUNK_ROWS,
    FILTER_ROWS,
    SHARD_CHUNK_ROWS,
    NetworkLayout,
    level_weights,
)

__all__ = [
    "Block",
    "Columns",
    "Parts",
    "Plan",
    "column_blocks",
    "plan_blocks",
    "projected_bytes",
    "split_weights",
]

LARGEST_SPLIT = 2**22
SMALLEST_SPLIT = 2**16
WRITE_BUFFER_BYTES = 16 * 2**20
PROCESS_BYTES = 64 * 2**20
SMALLEST_TASK_BYTES = 16 * 2**20
LARGEST_TASK_BYTES = 512 * 2**20
TASKS_PER_WORKER = 8
# Counts in uint32 of a parameter, and of the nodes above it that are not at their end; of most bins
# no page is ever touched.
HISTOGRAM_BYTES = FINE_BINS * 4 * 4
# Twelve float64 sums, two of them of the snapshot before; measures as they are computed, and on
# their way to the store.
FILTER_BYTES = 8 * 12 + (8 + 4) * len(FILTER_MEASURES)
EDGE_BYTES = 4 * len(FILTER_MEASURES)


@dataclass(frozen=True, order=True)
class Columns:
    """A range of positions on the iteration axis, [start, stop)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Parts:
    """Weights [start, stop) of some parameters, in the order of their addresses: int64 [part] each.

    Attributes
    ----------
    number : numpy.ndarray
        The parameters', in the layout.
    """

    number: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    def __len__(self) -> int:
        return len(self.number)

    @property
    def weights(self) -> np.ndarray:
        """Weights of each."""
        return self.stop - self.start

    def some(self, which: slice) -> Self:
        """Give some of them."""
        return type(self)(self.number[which], self.start[which], self.stop[which])


@dataclass(frozen=True, eq=False)
class Block:
    """What one task does: the weights of a range of addresses, or their gradients, over columns.

    Attributes
    ----------
    start, stop : int
        The addresses: whole segments.
    parts : Parts
        None lies in two segments.
    column_bytes : int
        Bytes of the log that belong to it, at one column.
    """

    gradient: bool
    start: int
    stop: int
    parts: Parts
    columns: Columns
    column_bytes: int

    @property
    def nbytes(self) -> int:
        """Bytes of the log that belong to it."""
        return self.column_bytes * len(self.columns)


@dataclass(frozen=True)
class Plan:
    """All blocks, in the order of columns and then of addresses.

    Attributes
    ----------
    projected_bytes : int
        The most that any task holds at once.
    """

    blocks: tuple[Block, ...]
    projected_bytes: int

    @property
    def nbytes(self) -> int:
        """Bytes of the log that will be read, leaving aside the snapshot before each block."""
        return sum(block.nbytes for block in self.blocks)

    def by_columns(self) -> Iterator[tuple[Columns, list[Block]]]:
        """Group the blocks of equal columns."""
        groups: dict[Columns, list[Block]] = {}
        for block in self.blocks:
            groups.setdefault(block.columns, []).append(block)
        yield from groups.items()


def projected_bytes(weights: int, filters: int, item_bytes: int, columns: int) -> int:
    """State the memory that a task holds for one segment, before it runs.

    Parameters
    ----------
    weights : int
        Weights in the segment.
    filters : int
        Filters that may lie in it.
    item_bytes : int
        Bytes of a stored weight.
    columns : int
        Snapshots in the block.

    Returns
    -------
    int
        Bytes of: a tile of this snapshot and of the one before, as they are stored and as floats; a
        chunk of mean, min and max of every pyramid level, and a shard of it, encoded; the
        histograms; the filter measures, the two objects of them that neighbours share, and their
        sums; the shards on their way to the store; and the process itself. Weights
        are never held but two tiles at a time, so only their filters count.
    """
    tiles = 2 * TILE * (item_bytes + 4)
    rows = [-(-weights // per_row) for per_row in level_weights(weights)]
    chunks = sum(min(count, CHUNK_ROWS) for count in rows)
    # Compressed, a value takes no more than the two bytes it is held in.
    shards = sum(min(count, SHARD_CHUNK_ROWS * CHUNK_ROWS) for count in rows)
    pyramid = 3 * 2 * columns * (chunks + shards)
    histograms = HISTOGRAM_BYTES * (columns + 1)
    measures = FILTER_BYTES * columns * filters
    edges = 2 * EDGE_BYTES * columns * min(filters, FILTER_ROWS)
    return tiles + pyramid + histograms + measures + edges + 2 * WRITE_BUFFER_BYTES + PROCESS_BYTES


def split_weights(block_bytes: int, columns: int, parameters: Sequence[Parameter]) -> int:
    """Choose the size of a segment, a power of two, so that any one fits the budget.

    Raises
    ------
    ConfigError
        When even the smallest does not fit.
    """

    def needed(split: int) -> int:
        layout = NetworkLayout.of(parameters, split)
        every = np.ones(len(parameters), np.bool_)
        kinds = [_segments(layout, gradient, every) for gradient in (False, True)]
        return _most_bytes(layout, kinds, columns)

    split = LARGEST_SPLIT
    while split >= SMALLEST_SPLIT:
        if needed(split) <= block_bytes:
            return split
        split //= 2
    raise ConfigError(
        f"key 'block_bytes': {block_bytes:,} bytes are less than the {needed(SMALLEST_SPLIT):,} "
        f"bytes that the smallest task of this network needs with {columns} columns a chunk; raise "
        "block_bytes or lower columns_per_chunk"
    )


def plan_blocks(
    layout: NetworkLayout,
    columns: Columns,
    *,
    columns_per_chunk: int,
    workers: int,
    measured: Callable[[int, int], np.ndarray] | None = None,
) -> Plan:
    """Cut the network's weights by columns into blocks of neighbouring segments.

    Parameters
    ----------
    layout : NetworkLayout
        Where every parameter lies.
    columns : Columns
        The columns to compute.
    columns_per_chunk : int
        Column blocks end at multiples of it, so that no two write one chunk.
    workers : int
        Tasks are made small enough to keep as many busy.
    measured : callable, optional
        Marks the parameters that columns [start, stop) may have: bool [parameter]. All by default.
    """
    known: dict[bytes, list[_Segments]] = {}
    groups: list[tuple[Columns, list[_Segments]]] = []
    for block in column_blocks(columns, columns_per_chunk):
        marks = measured(block.start, block.stop) if measured else np.ones(len(layout.sizes), bool)
        key = marks.tobytes()
        if key not in known:
            known[key] = [_segments(layout, gradient, marks) for gradient in (False, True)]
        groups.append((block, known[key]))
    total = sum(
        int(kind.column_bytes.sum()) * len(block) for block, kinds in groups for kind in kinds
    )
    target = min(
        max(total // (TASKS_PER_WORKER * workers), SMALLEST_TASK_BYTES), LARGEST_TASK_BYTES
    )
    blocks = []
    for block, kinds in groups:
        for gradient, kind in enumerate(kinds):
            for some in _batches(kind, target // max(len(block), 1)):
                first, last = int(kind.numbers[some.start]), int(kind.numbers[some.stop - 1])
                blocks.append(
                    Block(
                        bool(gradient),
                        first * layout.segment_weights,
                        min((last + 1) * layout.segment_weights, layout.end),
                        kind.parts.some(slice(kind.ends[some.start], kind.ends[some.stop])),
                        block,
                        int(kind.column_bytes[some].sum()),
                    )
                )
    every = [kind for kinds in known.values() for kind in kinds]
    return Plan(tuple(blocks), _most_bytes(layout, every, columns_per_chunk))


@dataclass(frozen=True, eq=False)
class _Segments:
    """The segments that hold any parameter, and their parts.

    Attributes
    ----------
    numbers : numpy.ndarray
        int64 [segment]: which they are of all.
    ends : numpy.ndarray
        int64 [segment + 1]: where the parts of each begin.
    column_bytes, filters : numpy.ndarray
        int64 [segment]: bytes of the log at one column, and filters that lie in it.
    """

    gradient: bool
    numbers: np.ndarray
    ends: np.ndarray
    parts: Parts
    column_bytes: np.ndarray
    filters: np.ndarray


def _segments(layout: NetworkLayout, gradient: bool, measured: np.ndarray) -> _Segments:
    """Cut the parameters where segments end."""
    item = layout.gradient_item_bytes if gradient else layout.item_bytes
    chosen = np.flatnonzero(measured & (layout.sizes > 0) & (item > 0))
    side, address = layout.segment_weights, layout.addresses[chosen]
    segment, last = address // side, (address + layout.sizes[chosen] - 1) // side
    counts = last - segment + 1
    place = np.repeat(np.arange(len(chosen)), counts)
    segment = segment[place] + np.arange(len(place)) - (np.cumsum(counts) - counts)[place]
    number, address = chosen[place], address[place]
    parts = Parts(
        number,
        np.maximum(segment * side - address, 0),
        np.minimum((segment + 1) * side - address, layout.sizes[number]),
    )
    begins = np.flatnonzero(np.diff(segment, prepend=-1))
    # A filter may begin before the part, or end behind it.
    sizes = layout.sizes[number] // np.maximum(layout.filters[number], 1)
    filters = parts.weights // np.maximum(sizes, 1) + 1
    return _Segments(
        gradient,
        segment[begins],
        np.append(begins, len(number)),
        parts,
        np.add.reduceat(parts.weights * item[number], begins) if len(begins) else begins,
        np.add.reduceat(filters, begins) if len(begins) else begins,
    )


def _most_bytes(layout: NetworkLayout, kinds: Sequence[_Segments], columns: int) -> int:
    """Project the memory of the segment that needs most."""
    found = {0}
    for segments in kinds:
        item = layout.gradient_item_bytes if segments.gradient else layout.item_bytes
        if not len(segments.numbers):
            continue
        weights = np.add.reduceat(segments.parts.weights, segments.ends[:-1])
        for some, filters in np.unique(np.stack([weights, segments.filters]), axis=1).T.tolist():
            found.add(projected_bytes(some, filters, int(item.max()), columns))
    return max(found)


def column_blocks(columns: Columns, per_chunk: int) -> Iterator[Columns]:
    """Cut columns at multiples of `per_chunk`."""
    start = columns.start
    while start < columns.stop:
        stop = min((start // per_chunk + 1) * per_chunk, columns.stop)
        yield Columns(start, stop)
        start = stop


def _batches(segments: _Segments, target: int) -> Iterator[slice]:
    """Group neighbours until a group reaches the target."""
    first = weight = 0
    known = zip(segments.numbers.tolist(), segments.column_bytes.tolist(), strict=True)
    for place, (number, nbytes) in enumerate(known):
        # Rows between two segments are none of the block's: they may hold what ended before.
        apart = place and number != int(segments.numbers[place - 1]) + 1
        if place > first and (apart or weight + nbytes > target):
            yield slice(first, place)
            first, weight = place, 0
        weight += nbytes
    if first < len(segments.numbers):
        yield slice(first, len(segments.numbers))
