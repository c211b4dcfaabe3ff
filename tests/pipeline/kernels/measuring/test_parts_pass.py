"""One pass gives what NumPy gives in float64, for any dtype, values and split."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lengths import examples
from measured_tensor import LEVELS, NUMPY, THRESHOLDS, matrix, measured, statistics

from deeptracker.pipeline.kernels.measuring.histograms import (
    COARSE_EDGES,
    SparseHistogram,
    coarse_histogram,
)
from deeptracker.pipeline.kernels.measuring.moments import Moments

FUSED_AND_NOT = pytest.mark.parametrize("thresholds", [THRESHOLDS, THRESHOLDS[:3]], ids=len)


CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "columns": st.integers(1, 4),
        "size": st.integers(1, 9000),
        "dtype": st.sampled_from(sorted(NUMPY)),
        "special": st.booleans(),
    }
)


@FUSED_AND_NOT
@settings(max_examples=examples(60), deadline=None)
@given(case=CASES)
# Differences of which thousands end in the same digits, and are rounded alike.
@example(case={"seed": 848198, "columns": 3, "size": 4928, "dtype": "BF16", "special": False})
def test_statistics_equal_numpy(thresholds, case):
    values = matrix(**case)
    result = measured(values, case["dtype"], 0, values.shape[1], thresholds=thresholds)
    found = statistics(result)
    wide = values.astype(np.float64)
    for column, row in enumerate(wide):
        finite = row[np.isfinite(row)]
        assert found["nonfinite"][column] == row.size - finite.size
        assert found["count"][column] == finite.size
        if not finite.size:
            assert np.isnan(found["mean"][column])
            continue
        assert found["min"][column] == finite.min()
        assert found["max"][column] == finite.max()
        assert found["norm0"][column] == np.count_nonzero(finite)
        size = np.abs(finite).sum()
        np.testing.assert_allclose(found["sum"][column], finite.sum(), atol=1e-6 * size + 1e-40)
        np.testing.assert_allclose(found["norm1"][column], size, rtol=1e-6)
        norm = np.sqrt((finite**2).sum())
        np.testing.assert_allclose(found["norm2"][column], norm, rtol=1e-6)
        spread = max(np.abs(finite).max(), 1e-30)
        np.testing.assert_allclose(found["std"][column], finite.std(), atol=1e-5 * spread)


@settings(max_examples=examples(60), deadline=None)
@given(case=CASES)
def test_quartiles_are_within_two_percent(case):
    values = matrix(**case)
    result = measured(values, case["dtype"], 0, values.shape[1])
    found = statistics(result)
    for column, row in enumerate(values.astype(np.float64)):
        ordered = np.sort(row[np.isfinite(row)])
        for name, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
            if not len(ordered):
                assert np.isnan(found[name][column])
                continue
            exact = ordered[max(1, int(np.ceil(share * len(ordered)))) - 1]
            # Below the normal range of float32 a bin is wide against its values.
            assert abs(found[name][column] - exact) <= max(0.02 * abs(exact), 2.0**-126)


@FUSED_AND_NOT
@settings(max_examples=examples(60), deadline=None)
@given(case=CASES)
def test_changes_equal_numpy(thresholds, case):
    values = matrix(**case)
    result = measured(values, case["dtype"], 0, values.shape[1], thresholds=thresholds)
    found = statistics(result)
    assert np.isnan(found["update_ratio"][0])
    wide = values.astype(np.float64)
    for column in range(1, len(wide)):
        both = np.isfinite(wide[column]) & np.isfinite(wide[column - 1])
        before = wide[column - 1]
        change, base = wide[column][both] - before[both], before[both]
        if not both.any():
            assert np.isnan(found["update_ratio"][column])
            continue
        for place, threshold in enumerate(thresholds):
            share = np.mean(np.abs(change) > threshold * np.abs(base))
            # Weights at the very threshold may fall on either side of float32's rounding.
            slack = np.mean(
                np.isclose(np.abs(change), threshold * np.abs(base), rtol=1e-5) & (change != 0)
            )
            assert abs(found["change_ratio"][place, column] - share) <= slack + 1e-12
        norm = np.sqrt((before[np.isfinite(before)] ** 2).sum())
        if norm > 0:
            ratio = np.linalg.norm(change) / norm
            np.testing.assert_allclose(found["update_ratio"][column], ratio, rtol=1e-5, atol=1e-12)


@settings(max_examples=examples(50), deadline=None)
@given(case=CASES)
def test_the_stored_histogram_counts_every_finite_weight_in_its_bin(case):
    values = matrix(**case)
    result = measured(values, case["dtype"], 0, values.shape[1])
    counts = result.counts.coarse[0]
    np.testing.assert_array_equal(counts, coarse_histogram(result.histogram))
    edges = COARSE_EDGES.copy()
    edges[0], edges[-1] = -np.inf, np.inf
    for column, row in enumerate(values.astype(np.float32)):
        # Bins are half-open towards zero for negative numbers, as their bit patterns are.
        finite = row[np.isfinite(row.astype(np.float64))].astype(np.float64)
        magnitude = np.searchsorted(np.abs(edges[len(edges) // 2 :]), np.abs(finite), side="right")
        assert counts[column].sum() == finite.size
        for sign in (1, -1):
            ours = np.sign(finite) == sign
            half = len(COARSE_EDGES) // 2
            expected = np.bincount(np.minimum(magnitude[ours], half - 1), minlength=half)
            side = counts[column][half:] if sign == 1 else counts[column][: half - 1][::-1]
            np.testing.assert_array_equal(side[: half - 1], expected[1:half])


@settings(max_examples=examples(50), deadline=None)
@given(case=CASES, data=st.data())
def test_parts_add_up_exactly_to_the_whole(case, data):
    values = matrix(**case)
    size = values.shape[1]
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, size // 256)), max_size=3)))
    edges = [0, *(cut * 256 for cut in cuts if cut * 256 < size), size]
    whole = measured(values, case["dtype"], 0, size)
    parts = [measured(values, case["dtype"], low, high) for low, high in itertools.pairwise(edges)]
    merged = SparseHistogram.merge([part.histogram for part in parts])
    for column in range(len(values)):
        for ours, expected in zip(
            merged.column(column), whole.histogram.column(column), strict=True
        ):
            np.testing.assert_array_equal(ours, expected)
    moments = Moments.merge([part.moments for part in parts])
    for name in ("count", "nonfinite", "norm0", "pairs", "change_counts", "min", "max"):
        np.testing.assert_array_equal(getattr(moments, name), getattr(whole.moments, name))
    for name in ("sum_squares", "norm1", "change_squares", "previous_squares"):
        ours, expected = getattr(moments, name), getattr(whole.moments, name)
        # Each is within this of the exact sum, as of any order of adding.
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-30)
    for number in range(len(LEVELS)):
        for name in ("mean", "min", "max"):
            rows = np.concatenate([part.levels[number][name] for part in parts])
            np.testing.assert_array_equal(rows, whole.levels[number][name])


@settings(max_examples=examples(50), deadline=None)
@given(case=CASES)
def test_every_level_summarises_its_weights_within_the_stated_error(case):
    values = matrix(**case)
    levels = measured(values, case["dtype"], 0, values.shape[1]).levels
    for level, per_row in zip(levels, LEVELS, strict=True):
        for row in range(len(level["mean"])):
            block = values[:, row * per_row : (row + 1) * per_row].astype(np.float64)
            for column, under in enumerate(block):
                finite = under[np.isfinite(under)]
                found = [level[name][row, column] for name in ("mean", "min", "max")]
                if not finite.size:
                    assert np.isnan(found).all()
                    continue
                for value, exact in zip(
                    found, (finite.mean(), finite.min(), finite.max()), strict=True
                ):
                    # Means of numbers of both signs carry float32's error of the largest of them.
                    # Of all three, bfloat16 has no smaller step than 2**-133.
                    sums = 1e-6 * np.abs(finite).max() if value is found[0] else 0.0
                    slack = sums + 2.0**-133
                    assert abs(value - exact) <= 2.0**-8 * abs(exact) + slack


@FUSED_AND_NOT
@settings(max_examples=examples(50), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    filters=st.integers(1, 12),
    filter_size=st.integers(1, 700),
    dtype=st.sampled_from(sorted(NUMPY)),
)
def test_filter_measures_equal_numpy(thresholds, seed, filters, filter_size, dtype):
    values = matrix(seed, 3, filters * filter_size, dtype, special=False)
    kind = {"filter_size": filter_size, "thresholds": thresholds}
    found = measured(values, dtype, 0, values.shape[1], **kind).filters
    wide = values.astype(np.float64).reshape(3, filters, filter_size)
    for column, now in enumerate(wide):
        norm2 = np.linalg.norm(now, axis=1)
        np.testing.assert_allclose(found["norm2"][:, column], norm2, rtol=1e-5)
        np.testing.assert_allclose(found["norm1"][:, column], np.abs(now).sum(1), rtol=1e-5)
        top = np.abs(now).max(axis=1)
        assert (np.abs(found["std"][:, column] - now.std(axis=1)) <= 1e-4 * top + 1e-30).all()
        if column == 0:
            assert np.isnan(found["change_euclidean"][:, 0]).all()
            continue
        before = wide[column - 1]
        change = now - before
        euclidean, manhattan = np.linalg.norm(change, axis=1), np.abs(change).sum(axis=1)
        np.testing.assert_allclose(found["change_euclidean"][:, column], euclidean, rtol=1e-5)
        np.testing.assert_allclose(found["change_manhattan"][:, column], manhattan, rtol=1e-5)
        base = np.linalg.norm(before, axis=1)
        sound = (base > 0) & (norm2 > 0)
        relative = euclidean[sound] / base[sound]
        ours = found["change_relative_norm2"][sound, column]
        np.testing.assert_allclose(ours, relative, rtol=1e-5)
        ours = found["change_relative_norm1"][sound, column]
        expected = manhattan[sound] / np.abs(before).sum(axis=1)[sound]
        np.testing.assert_allclose(ours, expected, rtol=1e-5)
        cosine = 1 - (now * before).sum(axis=1)[sound] / (norm2 * base)[sound]
        # Of norms far apart, the difference in direction drowns in the rounding of the larger.
        apart = np.maximum(norm2[sound] / base[sound], base[sound] / norm2[sound])
        ours = found["change_cosine"][sound, column]
        assert (np.abs(ours - cosine) <= 1e-5 + 2.0**-23 * apart).all()


@FUSED_AND_NOT
@pytest.mark.parametrize("dtype", ["F32", "BF16"])
@pytest.mark.parametrize("scale", [1e30, 1e-19, 1e-25, 1e-30])
@pytest.mark.parametrize("filter_size", [1000, 25])
def test_squares_that_float32_cannot_hold_are_added_all_the_same(
    thresholds, dtype, scale, filter_size
):
    random = np.random.default_rng(5)
    values = random.normal(0, 1, (4, 20_000))
    # The second snapshot diverges, or vanishes, and the third comes back.
    values[1, 9000:] *= scale
    values[:, 15_000:] *= min(scale, 1)
    values = values.astype(NUMPY[dtype])
    kind = {"filter_size": filter_size, "thresholds": thresholds}
    result = measured(values, dtype, 0, values.shape[1], **kind)
    found = statistics(result)
    wide = values.astype(np.float64)
    np.testing.assert_allclose(found["norm2"], np.linalg.norm(wide, axis=1), rtol=1e-6)
    np.testing.assert_allclose(found["std"], wide.std(axis=1), rtol=1e-5)
    change = np.linalg.norm(np.diff(wide, axis=0), axis=1)
    ratio = change / np.linalg.norm(wide[:-1], axis=1)
    np.testing.assert_allclose(found["update_ratio"][1:], ratio, rtol=1e-5)
    filters = wide.reshape(4, -1, filter_size)
    changes = np.linalg.norm(np.diff(filters, axis=0), axis=2)
    np.testing.assert_allclose(result.filters["change_euclidean"][:, 1:], changes.T, rtol=1e-5)
    norms = np.linalg.norm(filters, axis=2)
    np.testing.assert_allclose(result.filters["norm2"], norms.T, rtol=1e-5)


@FUSED_AND_NOT
@pytest.mark.parametrize("filter_size", [9, 100, 4096, 50_000])
@pytest.mark.parametrize("odd", [10.0, -1e4, 1e8])
def test_one_weight_far_from_all_others_costs_no_digits(thresholds, filter_size, odd):
    random = np.random.default_rng(6)
    values = random.normal(0, 0.01, (2, 2 * filter_size)).astype(np.float32)
    values[:, 0] = odd
    kind = {"filter_size": filter_size, "thresholds": thresholds}
    result = measured(values, "F32", 0, values.shape[1], **kind)
    found = statistics(result)
    wide = values.astype(np.float64)
    np.testing.assert_allclose(found["norm2"], np.linalg.norm(wide, axis=1), rtol=1e-6)
    slack = 1e-6 * np.abs(wide).sum(axis=1)
    assert (np.abs(found["sum"] - wide.sum(axis=1)) <= slack).all()
    filters = wide.reshape(2, 2, filter_size)
    np.testing.assert_allclose(
        result.filters["norm2"], np.linalg.norm(filters, axis=2).T, rtol=1e-5
    )


@settings(max_examples=examples(40), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    filters=st.integers(2, 40),
    filter_size=st.integers(1, 300),
    data=st.data(),
)
def test_each_filter_belongs_to_one_part_whole(seed, filters, filter_size, data):
    size = filters * filter_size
    values = matrix(seed, 2, size, "F32", special=False)
    cut = 256 * data.draw(st.integers(0, size // 256))
    whole = measured(values, "F32", 0, size, filter_size=filter_size).filters
    edges = [(0, size)] if cut in (0, size) else [(0, cut), (cut, size)]
    parts = [measured(values, "F32", *edge, filter_size=filter_size) for edge in edges]
    for name, expected in whole.items():
        joined = np.concatenate([part.filters[name] for part in parts])
        np.testing.assert_allclose(joined, expected, rtol=1e-5, atol=1e-7, equal_nan=True)


def test_a_cosine_distance_far_below_float32s_resolution_is_kept():
    before = np.ones((1, 1000))
    turned = before.copy()
    turned[0, 0] += 1e-4
    values = np.concatenate([before, turned]).astype(np.float32)
    found = measured(values, "F32", 0, 1000, filter_size=1000).filters["change_cosine"][0, 1]
    wide = values.astype(np.float64)
    exact = 1 - wide[0] @ wide[1] / np.linalg.norm(wide[0]) / np.linalg.norm(wide[1])
    assert exact < 1e-10
    np.testing.assert_allclose(found, exact, rtol=0.01)


@pytest.mark.parametrize(
    ("before", "now", "relative", "cosine"),
    [(0.0, 0.0, 0.0, 0.0), (0.0, 2.0, np.inf, 1.0), (2.0, 0.0, 1.0, 1.0), (2.0, -2.0, 2.0, 2.0)],
)
def test_filters_of_zeros_have_defined_changes(before, now, relative, cosine):
    values = np.array([[before] * 20, [now] * 20], np.float32)
    found = measured(values, "F32", 0, 20, filter_size=20).filters
    assert found["change_relative_norm2"][0, 1] == relative
    np.testing.assert_allclose(found["change_cosine"][0, 1], cosine, atol=1e-6)


@pytest.mark.parametrize("dtype", sorted(NUMPY))
def test_levels_beyond_a_tile_and_chunks_that_end_in_later_tiles_are_whole(dtype):
    size = 5 * 65536 + 777
    values = matrix(3, 2, size, dtype, special=False)
    levels = tuple(16 * 4**level for level in range(9))
    found = measured(values, dtype, 0, size, levels=levels).levels
    for level, per_row in zip(found, levels, strict=True):
        starts = np.arange(0, size, per_row)
        lengths = np.diff([*starts, size])
        for column, row in enumerate(values.astype(np.float64)):
            exact = {
                "mean": np.add.reduceat(row, starts) / lengths,
                "min": np.minimum.reduceat(row, starts),
                "max": np.maximum.reduceat(row, starts),
            }
            scale = np.abs(row).max()
            for name, expected in exact.items():
                slack = 2.0**-8 * np.abs(expected) + 1e-6 * scale
                assert (np.abs(level[name][:, column] - expected) <= slack).all(), (per_row, name)


def test_a_row_whose_sum_float32_cannot_hold_has_its_mean_and_its_weights_are_counted():
    values = np.full((1, 70_000), 0.5, np.float32)
    values[0, 4096:4112] = 3e38
    result = measured(values, "F32", 0, values.shape[1])
    mean = result.levels[0]["mean"][:, 0]
    assert mean[256] == pytest.approx(3e38, rel=2**-8)
    assert np.all(np.delete(mean, 256) == 0.5)
    assert result.moments.count[0, 0] == values.size
    assert result.moments.nonfinite[0, 0] == 0
    assert result.moments.sum_squares[0, 0] == pytest.approx(np.sum(np.square(values, dtype=float)))


@pytest.mark.parametrize("special", [False, True])
def test_the_snapshot_before_a_block_counts_as_one_within_it(special):
    values = matrix(5, 4, 70_000, "F32", special)
    whole = measured(values, "F32", 0, 70_000, filter_size=700)
    later = measured(values[1:], "F32", 0, 70_000, filter_size=700, before=values[0])
    for name, expected in whole.filters.items():
        np.testing.assert_array_equal(later.filters[name], expected[:, 1:], err_msg=name)
    for name in ("pairs", "change_squares", "previous_squares"):
        ours, expected = getattr(later.moments, name), getattr(whole.moments, name)[:, 1:]
        np.testing.assert_array_equal(ours, expected, err_msg=name)


def test_where_a_parameter_is_cut_changes_no_bit_of_a_filter_or_a_row():
    size = 52 * 5000
    values = matrix(6, 3, size, "F32", special=False)
    whole = measured(values, "F32", 0, size, filter_size=5000)
    parts = [
        measured(values, "F32", low, high, filter_size=5000)
        for low, high in ((0, 65536), (65536, 3 * 65536), (3 * 65536, size))
    ]
    for name, expected in whole.filters.items():
        joined = np.concatenate([part.filters[name] for part in parts])
        np.testing.assert_array_equal(joined, expected, err_msg=name)
    for number, level in enumerate(whole.levels):
        for name, expected in level.items():
            joined = np.concatenate([part.levels[number][name] for part in parts])
            np.testing.assert_array_equal(joined, expected)
