"""The plan: which task reads which weights at which iterations, within a stated memory budget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deeptracker.errors import ConfigError
from deeptracker.pipeline.kernels.measuring.histograms import FINE_BINS
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.sources.manifest import ITEM_BYTES, Parameter
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
    "Part",
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
# Counts in uint32; their bins in uint16 and counts in int64 once the empty ones are left out.
HISTOGRAM_BYTES = FINE_BINS * (4 + 2 + 8)
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


@dataclass(frozen=True)
class Part:
    """Weights [start, stop) of one parameter, or of its gradient.

    Attributes
    ----------
    number : int
        The parameter's, in the layout.
    """

    number: int
    parameter: Parameter
    gradient: bool
    start: int
    stop: int

    @property
    def dtype(self) -> str:
        """The stored dtype."""
        return self.parameter.gradient_dtype if self.gradient else self.parameter.dtype

    @property
    def item_bytes(self) -> int:
        """Bytes of one stored weight."""
        return ITEM_BYTES[self.dtype]


@dataclass(frozen=True)
class Block:
    """What one task does: the weights of a range of addresses, or their gradients, over columns.

    Attributes
    ----------
    start, stop : int
        The addresses: whole segments.
    parts : tuple of Part
        In the order of their addresses.
    nbytes : int
        Bytes of the log that belong to it.
    """

    gradient: bool
    start: int
    stop: int
    parts: tuple[Part, ...]
    columns: Columns
    nbytes: int


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


def projected_bytes(weights: int, filter_size: int, item_bytes: int, columns: int) -> int:
    """State the memory that a task holds for one part, before it runs.

    Parameters
    ----------
    weights : int
        Weights in the part.
    filter_size : int
        Weights a filter.
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
    count = weights // filter_size + 1
    filters = FILTER_BYTES * columns * count + 2 * EDGE_BYTES * columns * min(count, FILTER_ROWS)
    return tiles + pyramid + histograms + filters + 2 * WRITE_BUFFER_BYTES + PROCESS_BYTES


def split_weights(block_bytes: int, columns: int, parameters: Sequence[Parameter]) -> int:
    """Choose the size of a segment, a power of two, so that any part of one fits the budget.

    Raises
    ------
    ConfigError
        When even the smallest part does not fit.
    """

    def needed(split: int) -> int:
        return max(_part_bytes(parameter, split, columns) for parameter in parameters)

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


def _part_bytes(parameter: Parameter, weights: int, columns: int) -> int:
    """Project the memory of a part of at most `weights` weights of a parameter."""
    return projected_bytes(
        min(weights, parameter.size),
        parameter.filter_size if parameter.has_filters else parameter.size,
        max(ITEM_BYTES[dtype] for dtype in (parameter.dtype, parameter.gradient_dtype) if dtype),
        columns,
    )


def plan_blocks(
    layout: NetworkLayout,
    columns: Columns,
    *,
    columns_per_chunk: int,
    workers: int,
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
    """
    segments = [
        segment
        for gradient in (False, True)
        for segment in _segments(layout, gradient)
        if segment.parts
    ]
    total = sum(segment.column_bytes for segment in segments) * len(columns)
    target = min(
        max(total // (TASKS_PER_WORKER * workers), SMALLEST_TASK_BYTES), LARGEST_TASK_BYTES
    )
    blocks = [
        Block(
            some[0].gradient,
            some[0].start,
            some[-1].stop,
            tuple(part for segment in some for part in segment.parts),
            block,
            sum(segment.column_bytes for segment in some) * len(block),
        )
        for block in column_blocks(columns, columns_per_chunk)
        for some in _batches(segments, target // max(len(block), 1))
    ]
    projected = max(
        (
            _part_bytes(part.parameter, part.stop - part.start, columns_per_chunk)
            for segment in segments
            for part in segment.parts
        ),
        default=0,
    )
    return Plan(tuple(blocks), projected)


@dataclass(frozen=True)
class _Segment:
    """A segment, and the parts of parameters that lie in it."""

    gradient: bool
    start: int
    stop: int
    parts: tuple[Part, ...]
    column_bytes: int


def _segments(layout: NetworkLayout, gradient: bool) -> Iterator[_Segment]:
    """Cut the parameters where segments end."""
    chosen = [
        (number, parameter, address)
        for number, (parameter, address) in enumerate(
            zip(layout.parameters, layout.addresses.tolist(), strict=True)
        )
        if parameter.size and (parameter.has_gradient or not gradient)
    ]
    first = 0
    for start, stop in layout.segments():
        parts = []
        while first < len(chosen):
            number, parameter, address = chosen[first]
            begin, end = max(start - address, 0), min(stop - address, parameter.size)
            if begin >= end:
                break
            parts.append(Part(number, parameter, gradient, begin, end))
            if end < parameter.size:
                break
            first += 1
        nbytes = sum((part.stop - part.start) * part.item_bytes for part in parts)
        yield _Segment(gradient, start, stop, tuple(parts), nbytes)


def column_blocks(columns: Columns, per_chunk: int) -> Iterator[Columns]:
    """Cut columns at multiples of `per_chunk`."""
    start = columns.start
    while start < columns.stop:
        stop = min((start // per_chunk + 1) * per_chunk, columns.stop)
        yield Columns(start, stop)
        start = stop


def _batches(segments: Sequence[_Segment], target: int) -> Iterator[list[_Segment]]:
    """Group neighbours until a group reaches the target."""
    batch: list[_Segment] = []
    weight = 0
    for segment in segments:
        apart = batch and (
            weight + segment.column_bytes > target or batch[-1].gradient != segment.gradient
        )
        if apart:
            yield batch
            batch, weight = [], 0
        batch.append(segment)
        weight += segment.column_bytes
    if batch:
        yield batch
