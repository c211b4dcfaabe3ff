"""The plan: which task reads which weights at which iterations, within a stated memory budget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deeptracker.errors import ConfigError
from deeptracker.pipeline.kernels.measuring.histograms import FINE_BINS
from deeptracker.pipeline.kernels.measuring.tile import TILE
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.sources.manifest import ITEM_BYTES, Parameter
from deeptracker.pipeline.store.pyramid_layout import (
    CHUNK_ROWS,
    SHARD_CHUNK_ROWS,
    ParameterLayout,
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


@dataclass(frozen=True, order=True)
class Columns:
    """A range of positions on the iteration axis, [start, stop)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Part:
    """Weights [start, stop) of one parameter, or of its gradient."""

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
    """What one task does: some parts, over some columns.

    Attributes
    ----------
    nbytes : int
        Bytes of the log that belong to it.
    """

    parts: tuple[Part, ...]
    columns: Columns
    nbytes: int


@dataclass(frozen=True)
class Plan:
    """All blocks, in the order of columns and then of the tree.

    Attributes
    ----------
    projected_bytes : int
        The most that any task holds at once.
    """

    blocks: tuple[Block, ...]
    split_weights: int
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
        histograms; the filter measures and their sums; the shards on their way to the store; and
        the process itself. Weights are never held but two tiles at a time, so only their filters
        count.
    """
    tiles = 2 * TILE * (item_bytes + 4)
    rows = [-(-weights // per_row) for per_row in level_weights(weights)]
    chunks = sum(min(count, CHUNK_ROWS) for count in rows)
    # Compressed, a value takes no more than the two bytes it is held in.
    shards = sum(min(count, SHARD_CHUNK_ROWS * CHUNK_ROWS) for count in rows)
    pyramid = 3 * 2 * columns * (chunks + shards)
    histograms = HISTOGRAM_BYTES * (columns + 1)
    filters = FILTER_BYTES * columns * (weights // filter_size + 1)
    return tiles + pyramid + histograms + filters + 2 * WRITE_BUFFER_BYTES + PROCESS_BYTES


def split_weights(block_bytes: int, columns: int, parameters: Sequence[Parameter]) -> int:
    """Choose the size of a part, a power of two, so that any part fits the budget.

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
    parameters: Sequence[Parameter],
    columns: Columns,
    *,
    block_bytes: int,
    columns_per_chunk: int,
    workers: int,
) -> Plan:
    """Cut the run's parameters by columns into blocks.

    Parameters
    ----------
    parameters : sequence of Parameter
        In the order of the tree.
    columns : Columns
        The columns to compute.
    block_bytes : int
        Memory that one task may hold.
    columns_per_chunk : int
        Column blocks end at multiples of it, so that no two write one chunk.
    workers : int
        Tasks are made small enough to keep as many busy.
    """
    split = split_weights(block_bytes, columns_per_chunk, parameters)
    parts = [
        Part(parameter, gradient, start, stop)
        for parameter in parameters
        for gradient in ([False, True] if parameter.has_gradient else [False])
        for start, stop in _merged_splits(parameter, split, block_bytes, columns_per_chunk)
    ]
    part_bytes = [(part.stop - part.start) * part.item_bytes for part in parts]
    total = sum(part_bytes) * len(columns)
    target = min(
        max(total // (TASKS_PER_WORKER * workers), SMALLEST_TASK_BYTES), LARGEST_TASK_BYTES
    )
    blocks = [
        Block(
            tuple(parts[i] for i in chosen), block, sum(part_bytes[i] for i in chosen) * len(block)
        )
        for block in column_blocks(columns, columns_per_chunk)
        for chosen in _batches(part_bytes, target // max(len(block), 1))
    ]
    projected = max(
        _part_bytes(part.parameter, part.stop - part.start, columns_per_chunk) for part in parts
    )
    return Plan(tuple(blocks), split, projected)


def _merged_splits(
    parameter: Parameter, split: int, block_bytes: int, columns: int
) -> Iterator[tuple[int, int]]:
    """Join the smallest parts while they fit the budget and a task stays of a sensible size."""
    item = max(ITEM_BYTES[parameter.dtype], ITEM_BYTES.get(parameter.gradient_dtype, 1))
    limit = LARGEST_TASK_BYTES // (item * columns)
    start = None
    stop = 0
    for first, last in ParameterLayout.of(parameter.size, split).splits():
        if start is None:
            start, stop = first, last
            continue
        joined = _part_bytes(parameter, last - start, columns)
        if last - start <= limit and joined <= block_bytes:
            stop = last
        else:
            yield start, stop
            start, stop = first, last
    if start is not None:
        yield start, stop


def column_blocks(columns: Columns, per_chunk: int) -> Iterator[Columns]:
    """Cut columns at multiples of `per_chunk`."""
    start = columns.start
    while start < columns.stop:
        stop = min((start // per_chunk + 1) * per_chunk, columns.stop)
        yield Columns(start, stop)
        start = stop


def _batches(sizes: Sequence[int], target: int) -> Iterator[list[int]]:
    """Group neighbours until a group reaches the target."""
    batch: list[int] = []
    weight = 0
    for index, size in enumerate(sizes):
        if batch and weight + size > target:
            yield batch
            batch, weight = [], 0
        batch.append(index)
        weight += size
    if batch:
        yield batch
