"""What runs on a worker: reading a block's bytes once, measuring them, writing what is whole.

Every function here is a Dask task. Tasks take and give back a fork of the session as bytes, so that
a retried task starts from a clean one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from deeptracker.pipeline.kernels.measuring.histograms import (
    FINE_BINS,
    coarse_histogram,
    room_for_counts,
)
from deeptracker.pipeline.kernels.measuring.range_levels import LevelRows, Pyramid
from deeptracker.pipeline.kernels.measuring.tensor_pass import TensorPass, owned_weights
from deeptracker.pipeline.kernels.measuring.tile import tile_ranges
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.measures.node_statistics.registry import statistics_of
from deeptracker.pipeline.measures.node_statistics.statistic import Gathered
from deeptracker.pipeline.planning.blocks import Block, Columns, Part
from deeptracker.pipeline.sources.read_ahead import Request
from deeptracker.pipeline.sources.tile_reading import Tiles, in_memory, tile_reading
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.schema import Schema
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
)
from deeptracker.pipeline.tasks.byte_ranges import PartReads, Places
from deeptracker.pipeline.tasks.row_writer import RowWriter, write_fragment

__all__ = ["combine_blocks", "measure_block", "write_nodes"]


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
    leaves = schema.architecture.leaves()
    tallies: dict[Key, Tally] = {}
    nbytes = 0
    counts = room_for_counts(len(block.columns))
    reads = located.reads(block)
    with tile_reading(_requests(schema, block, reads)) as tiles:
        for part, places in zip(block.parts, reads, strict=True):
            measure = _tensor_pass(schema, thresholds, part, counts, rows.pyramid)
            for start, stop in measure.tiles():
                rows.write(rows.pyramid.finished(measure.address))
                nbytes += _measure_tile(measure, tiles, part, places, start, stop)
            result = measure.finish()
            if _has_filters(part) and result.filters.count:
                first = int(schema.layout.first_filter[part.number]) + result.first_filter
                rows.filters.gather(first, measured_filters(result.filters))
            key = (leaves[part.number], part.gradient)
            tally = Tally(result.moments, result.histogram, part.stop - part.start)
            tallies[key] = Tally.merge([tallies[key], tally]) if key in tallies else tally
    fragments = rows.finish()
    writer.begin_flush()
    whole, open_tallies = _roll_up(schema, tallies)
    writer.flush()
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
    rest, unfinished = _finish(schema, sum_by_node(results))
    assert not unfinished, f"nodes {sorted(unfinished)} lack weights"
    session = opened_fork(merged_fork(results))
    writer = ChunkWriter(session.store)
    for gradient in schema.kinds():
        for name, spec in schema.nodes(gradient).items():
            values = np.full(_at_columns(spec, columns), spec.fill, spec.dtype)
            for whole in (rest, *(result.whole for result in results)):
                whole.put(name, gradient, values)
            writer.write(spec, _column_offset(spec, columns), values)
    specs = schema.row_arrays()
    for fragment in stitched(fragments_of(results)):
        write_fragment(writer, specs[fragment.path], columns, fragment)
    writer.flush()
    return NodesResult(packed_fork(session), sum(result.nbytes for result in results))


def _measure_tile(
    measure: TensorPass, tiles: Tiles, part: Part, places: PartReads, start: int, stop: int
) -> int:
    """Feed weights [start, stop) of every snapshot, and give the bytes of it."""
    columns, refs = places.columns
    fed = 0
    while fed < len(refs):
        found = tiles.places(refs[fed:] if fed else refs, start, stop)
        done = measure.feed(columns[fed : fed + len(found)], found)
        if not done:
            # What the kernel could not read is read here: once more, or to hear why not.
            raw = tiles.read(refs[fed], start, stop)
            done = measure.feed(columns[fed : fed + 1], in_memory(raw))
        fed += done
    return len(refs) * (stop - start) * part.item_bytes


def _requests(schema: Schema, block: Block, reads: Sequence[PartReads]) -> Iterator[Request]:
    """List what the block reads, in the order in which it does."""
    for part, places in zip(block.parts, reads, strict=True):
        size = part.parameter.filter_size if _has_filters(part) else None
        _, owned_stop = owned_weights(part.start, part.stop, part.parameter.size, size)
        address = int(schema.layout.addresses[part.number])
        for start, stop in tile_ranges(part.start, max(part.stop, owned_stop), address):
            yield from (Request(ref, start, stop) for ref in places.columns[1])


def _tensor_pass(
    schema: Schema,
    thresholds: tuple[float, ...],
    part: Part,
    counts: np.ndarray,
    pyramid: Pyramid,
) -> TensorPass:
    return TensorPass(
        dtype=part.dtype,
        start=part.start,
        stop=part.stop,
        size=part.parameter.size,
        filter_size=part.parameter.filter_size,
        columns=len(counts) - 1,
        thresholds=thresholds,
        filters=_has_filters(part),
        pyramid=pyramid,
        address=int(schema.layout.addresses[part.number]),
        levels=int(schema.layout.depths[part.number]),
        counts=counts,
    )


def _has_filters(part: Part) -> bool:
    return part.parameter.has_filters and not part.gradient


def _roll_up(schema: Schema, leaves: Mapping[Key, Tally]) -> tuple[WholeNodes, dict[Key, Tally]]:
    """Add leaves up to the root; finish the nodes that are whole."""
    gathered: dict[Key, list[Tally]] = {key: [tally] for key, tally in leaves.items()}
    columns = next(iter(leaves.values())).histogram.columns
    room = np.zeros((columns, FINE_BINS), np.int64)
    summed: dict[Key, Tally] = {}
    # In pre-order every child stands after its parent.
    for key in _bottom_up(schema):
        if key not in gathered:
            continue
        summed[key] = Tally.merge(gathered.pop(key), room)
        parent = schema.architecture.nodes[key[0]].parent
        if parent >= 0:
            gathered.setdefault((parent, key[1]), []).append(summed[key])
    return _finish(schema, summed)


def _bottom_up(schema: Schema) -> Iterable[Key]:
    for index in reversed(range(len(schema.architecture.nodes))):
        yield from ((index, gradient) for gradient in schema.kinds())


def _finish(schema: Schema, tallies: Mapping[Key, Tally]) -> tuple[WholeNodes, dict[Key, Tally]]:
    """Split tallies into statistics of whole nodes, and those that lack weights."""
    whole = {
        key: tally for key, tally in tallies.items() if tally.weights == schema.node_weights(*key)
    }
    unfinished = {key: tally for key, tally in tallies.items() if key not in whole}
    return WholeNodes(tuple(whole), _statistics([*whole.values()])), unfinished


def _statistics(tallies: Sequence[Tally]) -> dict[str, np.ndarray]:
    """Compute all that is stored of some nodes, [node, …] each."""
    if not tallies:
        return {}
    gathered = Gathered.of(
        [tally.moments for tally in tallies], [tally.histogram for tally in tallies]
    )
    return {
        **statistics_of(gathered),
        "change_ratio": gathered.change_ratios,
        "histogram": np.stack([coarse_histogram(tally.histogram) for tally in tallies]),
    }


def _at_columns(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    sizes = dict(zip(spec.dims, spec.shape, strict=True))
    return tuple(len(columns) if dim == "iteration" else sizes[dim] for dim in spec.dims)


def _column_offset(spec: ArraySpec, columns: Columns) -> tuple[int, ...]:
    return tuple(columns.start if dim == "iteration" else 0 for dim in spec.dims)
