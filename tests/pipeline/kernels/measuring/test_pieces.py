"""Many parameters of a tile are measured as each of them alone, and add up above them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from measured_tensor import NUMPY, THRESHOLDS, matrix, measured

from deeptracker.pipeline.kernels.measuring.histograms import SparseHistogram
from deeptracker.pipeline.kernels.measuring.node_table import NodeTable
from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.kernels.measuring.quantiles import quantiles
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.kernels.measuring.roll_up import rolled_up
from deeptracker.pipeline.kernels.measuring.tile_over_time import measure_pieces
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import SHARES
from deeptracker.pipeline.sources.tensor_reading import LocalFiles
from deeptracker.pipeline.sources.tile_reading import _FileTiles, _ReadTiles
from deeptracker.pipeline.sources.tile_spans import TileSpans

COLUMNS = 4
# 0: without filters.
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 300), st.booleans())
CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "shapes": st.lists(SHAPES, min_size=1, max_size=8),
        "dtype": st.sampled_from(["F32", "BF16", "F64"]),
        "lacking": st.booleans(),
        "gap": st.sampled_from([0, 7, 4000]),
        "special": st.booleans(),
        "fetched": st.booleans(),
    }
)


def tree_of(random, count):
    """A tree over so many leaves: (parents, leaves), every child behind its parent."""
    parents, leaves = [-1], []
    path = [0]
    for _ in range(count):
        path = path[: random.integers(1, len(path) + 1)]
        for _ in range(random.integers(0, 3)):
            parents.append(path[-1])
            path.append(len(parents) - 1)
        parents.append(path[-1])
        leaves.append(len(parents) - 1)
    return np.array(parents), np.array(leaves)


def written(folder, snapshots, present, gap):
    """Files of raw values one behind the other, and where each lies: [part, column]."""
    paths, offsets = [], np.full(present.shape, -1)
    for column in range(present.shape[1]):
        content = b"\0" * 3
        for part in np.flatnonzero(present[:, column]):
            offsets[part, column] = len(content)
            content += snapshots[part][column].tobytes() + b"\0" * gap
        path = folder / f"{column}.bin"
        path.write_bytes(content)
        paths.append(str(path))
    return paths, offsets


@settings(max_examples=examples(40), deadline=None)
@given(case=CASES)
def test_parameters_together_are_measured_as_each_alone(tmp_path_factory, case):
    random = np.random.default_rng(case["seed"])
    shapes, dtype = case["shapes"], case["dtype"]
    sizes = np.array([rows * width for rows, width, _ in shapes])
    filter_size = np.array([width if plain else 0 for _, width, plain in shapes])
    every = [
        matrix(case["seed"] + n, COLUMNS, size, dtype, case["special"])
        for n, size in enumerate(sizes)
    ]
    # The first column is the snapshot before the block: no part has it.
    present = np.ones((len(sizes), 1 + COLUMNS), bool)
    if case["lacking"]:
        present = random.random(present.shape) < 0.6
    present[:, 0] = False
    snapshots = [np.concatenate([values[:1], values]) for values in every]
    addresses = np.cumsum([0, *(-(-sizes // 16) * 16)])
    parts = PartTable(
        np.zeros_like(sizes), sizes, sizes, filter_size, addresses[:-1],
        np.ones_like(sizes), np.full(len(sizes), dtype),
    )  # fmt: skip
    parents, leaves = tree_of(random, len(sizes))
    table = NodeTable.of(leaves, parents)
    counts = table.counts(COLUMNS, SHARES, np.zeros(len(table.nodes), bool))
    pieces = PieceTable.of(parts, table.closes)
    pyramid = Pyramid((16,), (4096,), 0, int(addresses[-1]), COLUMNS)
    measure = PartsPass(parts, pieces, present, THRESHOLDS, pyramid, counts, TileRooms())
    folder = tmp_path_factory.mktemp("snapshots")
    paths, offsets = written(folder, snapshots, present, case["gap"])
    item = np.dtype(NUMPY[dtype]).itemsize
    file = np.where(present, np.arange(1 + COLUMNS), -1)[pieces.part]
    first = offsets[pieces.part] + (pieces.start * item)[:, None]
    spans = TileSpans.of(pieces.group, file, first, (pieces.stop - pieces.start) * item, item)
    rows = [np.full((3, 0, COLUMNS), np.nan)]

    def take(found):
        rows.extend(one.values.astype(np.float32) for one in found)

    with LocalFiles() as files:
        fetched = case["fetched"]
        tiles = _ReadTiles(files, paths, None) if fetched else _FileTiles(files, paths)
        for number, group in enumerate(pieces.groups):
            take(pyramid.finished(group.address))
            pyramid.begin(group.address, group.levels)
            wanted = spans.group(number, group.pieces)
            done = 0
            while done < 1 + COLUMNS:
                given, starts, some = tiles.ready(wanted, done)
                columns = range(done - 1, done - 1 + len(given))
                ready = (given, (starts, some), wanted.places, wanted.nbytes)
                done += measure.feed(group, columns, *ready)
    take(pyramid.last())
    found, rows = measure.finish(), np.concatenate(rows, axis=1)
    check_parts(case, every, present, (found, rows, addresses), (table, counts))
    check_nodes(table, counts, rolled_up(found.moments, table.owners, table.parents), found.moments)


def check_parts(case, every, present, results, nodes):
    """Every part holds what measuring it alone gives."""
    (found, rows, addresses), (table, counts) = results, nodes
    dtype, sizes = case["dtype"], np.array([len(values[0]) for values in every])
    filter_size = np.array([width if plain else 0 for _, width, plain in case["shapes"]])
    filters = dict(zip(FILTER_MEASURES, measured_filters(found.filters), strict=True))
    begun = 0
    for part, values in enumerate(every):
        has = present[part, 1:]
        owned = len(values[0]) // filter_size[part] if filter_size[part] else 0
        begin = addresses[part] // 16
        mine = rows[:, begin : begin + -(-sizes[part] // 16)]
        assert np.isnan(mine[:, :, ~has]).all()
        assert (found.moments.count[part, ~has] == 0).all()
        if has.any():
            alone = measured(
                values[has], dtype, 0, sizes[part], filter_size=filter_size[part] or None
            )
            for name in ("count", "nonfinite", "sum", "sum_squares", "min", "max", "pairs",
                         "change_squares", "previous_squares", "norm0", "norm1"):  # fmt: skip
                ours, expected = (
                    getattr(found.moments, name)[part, has],
                    getattr(alone.moments, name),
                )
                np.testing.assert_array_equal(ours, expected[0], err_msg=name)
            for name, expected in alone.filters.items():
                ours = filters[name][begun : begun + owned][:, has]
                np.testing.assert_array_equal(ours, expected, err_msg=name)
            for ours, expected in zip(mine, alone.levels[0].values(), strict=True):
                np.testing.assert_array_equal(ours[:, has], expected)
            leaf = table.rows[table.owners[part]]
            np.testing.assert_array_equal(counts.coarse[leaf, has], alone.counts.coarse[0])
            np.testing.assert_array_equal(
                counts.quantiles[:, leaf, has], alone.counts.quantiles[:, 0]
            )
        begun += owned


def test_the_kernel_is_compiled_once_for_each_dtype():
    found = [signature[0] for signature in measure_pieces.signatures]
    assert len(found) == len(set(found)) <= 3


def check_nodes(table, counts, moments, of_parts):
    """Every node holds what the parts below it hold."""
    assert not counts.open[:, :-1].any(), "counts of a node stayed behind"
    for node in range(len(table.nodes)):
        below = []
        for part, owner in enumerate(table.owners):
            above = int(owner)
            while above not in (-1, node):
                above = int(table.parents[above])
            below += [part] * (above == node)
        row = table.rows[node]
        leaves = [table.rows[table.owners[part]] for part in below]
        np.testing.assert_array_equal(counts.coarse[row], counts.coarse[leaves].sum(axis=0))
        kept = SparseHistogram.of(counts.kept_counts[counts.kept[row]])
        np.testing.assert_array_equal(counts.quantiles[:, row], quantiles(kept, SHARES))
        np.testing.assert_array_equal(moments.count[node], of_parts.count[below].sum(axis=0))
        np.testing.assert_array_equal(moments.min[node], np.fmin.reduce(of_parts.min[below]))
        np.testing.assert_allclose(
            moments.sum[node],
            of_parts.sum[below].sum(axis=0),
            rtol=1e-9,
            atol=1e-9 * np.abs(of_parts.sum).sum(),
        )
