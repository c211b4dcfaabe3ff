"""The plan: every weight of every column once, whole chunks, within the memory budget."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.errors import ConfigError
from deeptracker.pipeline.planning.blocks import Columns, plan_blocks, projected_bytes
from deeptracker.pipeline.sources import Parameter
from deeptracker.pipeline.store.pyramid_layout import ParameterLayout, level_weights

MIB = 2**20


def planned(parameters, columns, block_bytes=1024 * MIB, per_chunk=32, workers=2):
    return plan_blocks(
        parameters, columns, block_bytes=block_bytes, columns_per_chunk=per_chunk, workers=workers
    )


shapes = st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 6000)), min_size=1, max_size=6)


@given(shapes, st.integers(0, 90), st.integers(1, 90), st.sampled_from([160, 300, 1024]))
def test_every_weight_of_every_column_is_in_exactly_one_block(sides, first, count, mib):
    parameters = [
        Parameter(f"p{i}", shape, "F32", i % 2 == 0, "F32") for i, shape in enumerate(sides)
    ]
    plan = planned(parameters, Columns(first, first + count), mib * MIB)
    seen = {}
    for block in plan.blocks:
        for part in block.parts:
            key = (part.parameter.name, part.gradient)
            seen.setdefault(key, {}).setdefault(block.columns, []).append((part.start, part.stop))
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


@given(st.integers(1, 10**9), st.sampled_from([2**16, 2**20, 2**22]))
def test_parts_cover_whole_chunks_at_every_level(size, split):
    layout = ParameterLayout.of(size, split)
    for level in layout.levels:
        assert layout.split_weights % (level.weights_per_row * level.chunk_rows) == 0 or (
            layout.split_weights >= size
        )


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
