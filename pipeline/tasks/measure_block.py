"""What runs on a worker: reading a block's bytes once, measuring them, writing what is whole.

Every function here is a Dask task. Tasks take and give back a fork of the session as bytes, so that
a retried task starts from a clean one.
"""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from deeptracker.pipeline.kernels.measuring.moments import Moments
from deeptracker.pipeline.kernels.measuring.node_counts import NodeCounts
from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
from deeptracker.pipeline.kernels.measuring.range_levels import LevelRows, Pyramid
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.planning.blocks import Block, Columns
from deeptracker.pipeline.sources.tile_reading import Tiles, tile_reading
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.block_nodes import finished, node_runs
from deeptracker.pipeline.tasks.block_parts import BlockParts, block_parts
from deeptracker.pipeline.tasks.block_result import (
    BlockResult,
    Fragment,
    Key,
    NodesResult,
    Tally,
    WholeNodes,
    fragments_of,
    merged_fork,
    stitched,
    sum_by_node,
    sum_tallies,
)
from deeptracker.pipeline.tasks.byte_ranges import Places
from deeptracker.pipeline.tasks.row_writer import RowWriter, write_fragment
from deeptracker.pipeline.tasks.tile_feeding import feed_tile, feed_widened

__all__ = ["combine_blocks", "measure_block", "write_nodes"]

# Chunks of histograms that are written together.
HISTOGRAM_CHUNKS = 16


def measure_block(
    fork: bytes,
    schema: Schema,
    thresholds: tuple[float, ...],
    block: Block,
    located: Places,
) -> BlockResult:
    """Read the bytes of a block once, and write its filter measures and pyramids."""
    session = opened_fork(fork)
    writer = ChunkWriter(session.store)
    rows = _BlockRows(writer, schema, block)
    runs = [
        (nodes, block_parts(schema, block, located, nodes.run, nodes.table.closes))
        for nodes in node_runs(schema, block)
    ]
    every = [parts for _, segments in runs for parts in segments]
    rooms = TileRooms()
    results = []
    with tile_reading(located.paths, located.access, [parts.spans for parts in every]) as tiles:
        while runs:
            # The counts of a run make room for those of the next.
            nodes, segments = runs.pop(0)
            moments = [
                _measure_parts(rows, thresholds, tiles, parts, nodes.counts, rooms)
                for parts in segments
            ]
            results.append(nodes.finish(moments))
    fragments = rows.finish()
    writer.begin_flush()
    whole, open_tallies = _joined(schema, block.columns, results)
    writer.flush()
    nbytes = sum(parts.nbytes for parts in every)
    return BlockResult(packed_fork(session), whole, open_tallies, fragments, nbytes)


def _measure_parts(
    rows: "_BlockRows",
    thresholds: tuple[float, ...],
    tiles: Tiles,
    parts: BlockParts,
    counts: NodeCounts,
    rooms: TileRooms,
) -> Moments:
    """Measure some parts, tile by tile."""
    measure = PartsPass(
        parts.parts,
        parts.pieces,
        parts.present,
        thresholds,
        rows.pyramid,
        counts,
        rooms,
        parts.gaps,
    )
    for number, group in enumerate(parts.pieces.groups):
        rows.write(rows.pyramid.finished(group.address))
        rows.pyramid.begin(group.address, group.levels)
        spans = parts.spans.group(number, group.pieces)
        if parts.dtypes:
            feed_widened(measure, tiles, group, spans, parts)
        else:
            feed_tile(measure, tiles, group, spans)
    result = measure.finish()
    if result.filters.count:
        rows.gather_filters(parts.first_filter, measured_filters(result.filters))
    return result.moments


def _joined(
    schema: Schema, columns: Columns, results: Sequence[tuple[WholeNodes, dict[Key, Tally]]]
) -> tuple[WholeNodes, dict[Key, Tally]]:
    """Join what the runs of a block found, and finish the nodes that it makes whole."""
    if len(results) == 1:
        return results[0]
    whole, rest = finished(schema, sum_tallies([tallies for _, tallies in results]), columns)
    return WholeNodes.merge([*(found for found, _ in results), whole]), rest


class _BlockRows:
    """The pyramid rows and filters of a block, on their way to the store."""

    def __init__(self, writer: ChunkWriter, schema: Schema, block: Block) -> None:
        levels = schema.layout.filled_levels
        self.pyramid = Pyramid(
            [level.weights_per_row for level in levels],
            [level.chunk_rows for level in levels],
            block.start,
            block.stop,
            len(block.columns),
        )
        self._levels = [
            RowWriter(
                writer,
                schema.weights(number, block.gradient),
                block.columns,
                *level.rows_of(block.start, block.stop),
            )
            for number, level in enumerate(levels)
        ]
        self._filter_writer = partial(RowWriter, writer, schema.filters(), block.columns)
        self._filters: list[RowWriter] = []
        self._next_filter = -1

    def write(self, found: Iterable[LevelRows]) -> None:
        """Write rows of the pyramid."""
        for rows in found:
            self._levels[rows.level].take(rows.first_row, rows.values)

    def gather_filters(self, first: int, values: np.ndarray) -> None:
        """Take the measures of filters, [measure, filter, column]; some between may be left out."""
        if first != self._next_filter:
            self._filters.append(self._filter_writer())
        self._filters[-1].gather(first, values)
        self._next_filter = first + values.shape[1]

    def finish(self) -> tuple[Fragment, ...]:
        """Write the rest, and give what other blocks have a part in."""
        self.write(self.pyramid.last())
        every = (*self._levels, *self._filters)
        return tuple(fragment for rows in every for fragment in rows.finish())


def combine_blocks(results: Sequence[BlockResult], schema: Schema, columns: Columns) -> BlockResult:
    """Merge neighbouring results into one, and write what their fragments make whole."""
    session = opened_fork(merged_fork(results))
    writer = ChunkWriter(session.store)
    specs = schema.row_arrays()
    rest: list[Fragment] = []
    for fragment in stitched(fragments_of(results)):
        spec = specs[fragment.path]
        rows = RowWriter(writer, spec, columns, fragment.first, fragment.last)
        rows.take(fragment.first, fragment.values)
        rest += rows.fragments
    writer.flush()
    return BlockResult(
        packed_fork(session),
        WholeNodes.merge([result.whole for result in results]),
        sum_by_node(results),
        tuple(rest),
        sum(result.nbytes for result in results),
    )


def write_nodes(results: Sequence[BlockResult], schema: Schema, columns: Columns) -> NodesResult:
    """Finish the nodes of one column block, and write them and the objects that blocks share."""
    rest, unfinished = finished(schema, sum_by_node(results), columns)
    assert not unfinished, f"nodes {sorted(unfinished)} lack weights"
    session = opened_fork(merged_fork(results))
    writer = ChunkWriter(session.store)
    whole = WholeNodes.merge([result.whole for result in results] + [rest])
    for gradient in schema.kinds():
        some = whole.gradients == gradient
        for name, spec in schema.nodes(gradient).items():
            if name == "histogram":
                _write_histogram(writer, spec, columns, whole, some)
                continue
            values = np.full(_at_columns(spec, columns), spec.fill, spec.dtype)
            values[whole.nodes[some]] = whole.statistics[name][some]
            writer.write(spec, _column_offset(spec, columns), values)
    specs = schema.row_arrays()
    for fragment in stitched(fragments_of(results)):
        write_fragment(writer, specs[fragment.path], columns, fragment)
    writer.flush()
    return NodesResult(packed_fork(session), sum(result.nbytes for result in results))


def _write_histogram(
    writer: ChunkWriter, spec: ArraySpec, columns: Columns, whole: WholeNodes, some: np.ndarray
) -> None:
    """Write the histograms of some nodes, few at a time: all would be large as int64."""
    rows = np.full(spec.shape[0], -1)
    rows[whole.nodes[some]] = whole.rows[some]
    side = HISTOGRAM_CHUNKS * spec.chunks[0]
    for first in range(0, spec.shape[0], side):
        known = rows[first : first + side]
        values = np.full((len(known), *_at_columns(spec, columns)[1:]), spec.fill, spec.dtype)
        values[known >= 0] = whole.histogram[known[known >= 0]]
        writer.write(spec, (first, *_column_offset(spec, columns)[1:]), values)


def _at_columns(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    sizes = dict(zip(spec.dims, spec.shape, strict=True))
    return tuple(len(columns) if dim == "iteration" else sizes[dim] for dim in spec.dims)


def _column_offset(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    return tuple(columns.start if dim == "iteration" else 0 for dim in spec.dims)
