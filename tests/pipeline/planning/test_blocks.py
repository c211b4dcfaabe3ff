"""The plan: every weight of every column once, whole chunks, within the memory budget."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.errors import ConfigError
from deeptracker.pipeline.planning.blocks import (
    Columns,
    plan_blocks,
    projected_bytes,
    split_weights,
)
from deeptracker.pipeline.sources import Parameter
from deeptracker.pipeline.store.network_layout import NetworkLayout, level_weights

MIB = 2**20


def planned(parameters, columns, block_bytes=1024 * MIB, per_chunk=32, workers=2):
    layout = NetworkLayout.of(parameters, split_weights(block_bytes, per_chunk, parameters))
    return plan_blocks(layout, columns, columns_per_chunk=per_chunk, workers=workers)


shapes = st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 6000)), min_size=1, max_size=6)


@given(shapes, st.integers(0, 90), st.integers(1, 90), st.sampled_from([160, 300, 1024]))
def test_every_weight_of_every_column_is_in_exactly_one_block(sides, first, count, mib):
    parameters = [
        Parameter(f"p{i}", shape, "F32", i % 2 == 0, "F32") for i, shape in enumerate(sides)
    ]
    plan = planned(parameters, Columns(first, first + count), mib * MIB)
    seen = {}
    for block in plan.blocks:
        parts = zip(block.parts.number, block.parts.start, block.parts.stop, strict=True)
        for number, start, stop in parts:
            key = (parameters[number].name, block.gradient)
            seen.setdefault(key, {}).setdefault(block.columns, []).append((start, stop))
    for parameter in parameters:
        for gradient in [False, True] if parameter.has_gradient else [False]:
            columns = sorted(seen[parameter.name, gradient])
            assert (columns[0].start, columns[-1].stop) == (first, first + count)
            assert all(a.stop == b.start for a, b in itertools.pairwise(columns))
            for ranges in seen[parameter.name, gradient].values():
                ranges.sort()
                assert (ranges[0][0], ranges[-1][1]) == (0, parameter.size)
                assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
    assert plan.projected_bytes <= mib * MIB


SIZES = st.lists(st.integers(1, 10**5) | st.integers(1, 10**9), min_size=1, max_size=30)
SPLITS = st.sampled_from([2**10, 2**16, 2**20, 2**22])


@given(SIZES, SPLITS)
def test_no_row_is_of_two_parameters_at_any_level(sizes, split):
    layout = NetworkLayout.of([Parameter(f"p{i}", (n,), "F32") for i, n in enumerate(sizes)], split)
    for level, first, rows in zip(layout.levels, layout.first_row, layout.rows, strict=True):
        taken = rows > 0
        assert (first[taken] * level.weights_per_row == layout.addresses[taken]).all()
        assert (first[taken][1:] >= (first + rows)[taken][:-1]).all()
        assert (rows[taken] == -(-layout.sizes[taken] // level.weights_per_row)).all()
        assert level.rows == max(1, (first + rows).max())


@given(SIZES, SPLITS)
def test_a_parameter_takes_part_in_the_levels_that_it_needs(sizes, split):
    layout = NetworkLayout.of([Parameter(f"p{i}", (n,), "F32") for i, n in enumerate(sizes)], split)
    assert layout.depths.tolist() == [len(level_weights(size)) for size in sizes]


@given(SIZES, SPLITS)
def test_addresses_leave_gaps_of_less_than_a_tile_and_of_little_among_small_ones(sizes, split):
    layout = NetworkLayout.of([Parameter(f"p{i}", (n,), "F32") for i, n in enumerate(sizes)], split)
    ends = layout.addresses + layout.sizes
    gaps = layout.addresses[1:] - ends[:-1]
    own = layout.sizes[1:]
    assert (gaps >= 0).all()
    least = np.where(own < 65536, 15, 65535)
    assert (gaps <= np.maximum(least, own // 100)).all()


@given(SIZES, st.sampled_from([2**16, 2**20, 2**22]))
def test_segments_end_where_objects_do_at_every_level_that_has_a_chunk_of_them(sizes, split):
    layout = NetworkLayout.of([Parameter(f"p{i}", (n,), "F32") for i, n in enumerate(sizes)], split)
    for level in layout.filled_levels:
        assert layout.segment_weights % level.weights_per_row == 0
        rows = layout.segment_weights // level.weights_per_row
        if rows >= level.chunk_rows and level.rows > level.shard_rows:
            assert rows % level.shard_rows == 0


@given(st.integers(1, 10**10))
def test_levels_shrink_by_four_until_fewer_than_512_rows(size):
    weights = level_weights(size)
    assert weights[0] == 16
    assert all(b == 4 * a for a, b in itertools.pairwise(weights))
    rows = [-(-size // per_row) for per_row in weights]
    assert rows[-1] < 512
    assert all(count >= 512 for count in rows[:-1])


def test_column_blocks_end_where_chunks_end():
    plan = planned([Parameter("w", (10, 10), "F32")], Columns(30, 70))
    assert [block.columns for block in plan.blocks] == [
        Columns(30, 32),
        Columns(32, 64),
        Columns(64, 70),
    ]


def test_a_large_parameter_is_split_to_fit_the_budget():
    embedding = Parameter("wte", (50257, 2048), "F32")
    plan = planned([embedding], Columns(0, 32), 200 * MIB)
    assert len(plan.blocks) > 10
    assert plan.projected_bytes <= 200 * MIB


def test_small_parameters_share_a_task():
    parameters = [Parameter(f"p{i}", (64,), "F32") for i in range(300)]
    assert len(planned(parameters, Columns(0, 32)).blocks) == 1


def test_a_budget_that_nothing_fits_is_refused_with_both_numbers():
    narrow = Parameter("w", (50_000_000, 2), "F32")
    with pytest.raises(ConfigError, match=r"167,772,160 bytes are less than the .* bytes"):
        planned([narrow], Columns(0, 32), 160 * MIB)


def test_a_filter_larger_than_the_budget_is_measured_all_the_same():
    wide = Parameter("w", (4, 50_000_000), "F32")
    assert planned([wide], Columns(0, 32), 160 * MIB).projected_bytes < 160 * MIB


def test_projected_memory_grows_with_weights_and_columns():
    small = projected_bytes(10_000, 100, 4, 32)
    assert projected_bytes(10_000_000, 100, 4, 32) > small
    assert projected_bytes(10_000, 100, 4, 64) > small
