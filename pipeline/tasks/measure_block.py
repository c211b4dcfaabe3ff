"""What runs on a worker: reading a block's bytes once, measuring them, writing what is whole.

Every function here is a Dask task. Tasks take and give back a fork of the session as bytes, so that
a retried task starts from a clean one.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
from deeptracker.pipeline.kernels.measuring.pieces import TileGroup
from deeptracker.pipeline.kernels.measuring.range_levels import LevelRows, Pyramid
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.planning.blocks import Block, Columns
from deeptracker.pipeline.sources.tile_reading import Tiles, tile_reading
from deeptracker.pipeline.sources.tile_spans import GroupSpans
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.block_nodes import BlockNodes, finished
from deeptracker.pipeline.tasks.block_parts import block_parts
from deeptracker.pipeline.tasks.block_result import (
    BlockResult,
    Fragment,
    NodesResult,
    WholeNodes,
    fragments_of,
    merged_fork,
    stitched,
    sum_by_node,
)
from deeptracker.pipeline.tasks.byte_ranges import Places
from deeptracker.pipeline.tasks.row_writer import RowWriter, write_fragment

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
    nodes = BlockNodes(schema, block)
    segments = block_parts(schema, block, located, nodes.table.closes)
    rooms = TileRooms()
    moments = []
    with tile_reading(located.paths, located.access, [s.spans for s in segments]) as tiles:
        for segment in segments:
            measure = PartsPass(
                segment.parts,
                segment.pieces,
                segment.present,
                thresholds,
                rows.pyramid,
                nodes.counts,
                rooms,
            )
            for number, group in enumerate(segment.pieces.groups):
                rows.write(rows.pyramid.finished(group.address))
                rows.pyramid.begin(group.address, group.levels)
                _measure_tile(measure, tiles, group, segment.spans.group(number, group.pieces))
            result = measure.finish()
            moments.append(result.moments)
            if result.filters.count:
                rows.filters.gather(segment.first_filter, measured_filters(result.filters))
    fragments = rows.finish()
    writer.begin_flush()
    whole, open_tallies = nodes.finish(moments)
    writer.flush()
    nbytes = sum(segment.nbytes for segment in segments)
    return BlockResult(packed_fork(session), whole, open_tallies, fragments, nbytes)


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
        self.filters = RowWriter(writer, schema.filters(), block.columns)

    def write(self, found: Iterable[LevelRows]) -> None:
        """Write rows of the pyramid."""
        for rows in found:
            self._levels[rows.level].take(rows.first_row, rows.values)

    def finish(self) -> tuple[Fragment, ...]:
        """Write the rest, and give what other blocks have a part in."""
        self.write(self.pyramid.last())
        every = (*self._levels, self.filters)
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
    rest, unfinished = finished(schema, sum_by_node(results))
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


def _measure_tile(measure: PartsPass, tiles: Tiles, group: TileGroup, spans: GroupSpans) -> None:
    """Feed the pieces of a tile at every snapshot, and at the one before the block."""
    fed = 0
    while fed < spans.snapshots:
        done = _fed(measure, group, spans, fed, *tiles.ready(spans, fed))
        if not done:
            # What the kernel could not read is read here: once more, or to hear why not.
            done = _fed(measure, group, spans, fed, *tiles.read(spans, fed))
        fed += done


def _fed(
    measure: PartsPass,
    group: TileGroup,
    spans: GroupSpans,
    first: int,
    given: np.ndarray,
    starts: np.ndarray,
    ready: np.ndarray,
) -> int:
    # The first snapshot is the one before the block.
    columns = range(first - 1, first - 1 + len(given))
    return measure.feed(group, columns, given, (starts, ready), spans.places, spans.nbytes)


def _at_columns(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    sizes = dict(zip(spec.dims, spec.shape, strict=True))
    return tuple(len(columns) if dim == "iteration" else sizes[dim] for dim in spec.dims)


def _column_offset(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    return tuple(columns.start if dim == "iteration" else 0 for dim in spec.dims)
