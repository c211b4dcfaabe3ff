"""Filters as pixels, the top ones and the common ones: NumPy on the log gives the same."""

import numpy as np
import pytest

from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.top_filters import TopFilter, common_filters, top_filters
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.filters.filter_list import filter_groups, filter_marks, tops_of
from deeptracker.dashboard.views.filters.filter_pixels import (
    LARGEST,
    filter_chart,
    filters_in_order,
)
from deeptracker.dashboard.views.filters.state import FiltersState

NAME = "layer3.0.conv2.weight"


@pytest.fixture(scope="module")
def filters(recorded):
    """The log's own weights: [filter, weight of the filter, iteration]."""
    matrix = recorded(NAME)
    return matrix.reshape(16, -1, matrix.shape[1])


@pytest.mark.parametrize(
    ("measure", "reference"),
    [
        ("norm2", lambda w: np.sqrt((w**2).sum(axis=1))),
        ("norm1", lambda w: np.abs(w).sum(axis=1)),
        ("std", lambda w: w.std(axis=1)),
    ],
)
def test_pixels_of_size_are_the_logs(run, filters, measure, reference):
    chart = filter_chart(
        run, FiltersState(filter_measure=measure), NAME, PixelColumns.of(run, None)
    )
    np.testing.assert_allclose(chart.values, reference(filters.astype(np.float64)), rtol=1e-4)


@pytest.mark.parametrize(
    ("measure", "reference"),
    [
        ("change_euclidean", lambda d, _: np.sqrt((d**2).sum(axis=1))),
        ("change_manhattan", lambda d, _: np.abs(d).sum(axis=1)),
        (
            "change_relative_norm2",
            lambda d, p: np.sqrt((d**2).sum(axis=1)) / np.sqrt((p**2).sum(axis=1)),
        ),
        ("change_relative_norm1", lambda d, p: np.abs(d).sum(axis=1) / np.abs(p).sum(axis=1)),
    ],
)
def test_pixels_of_change_are_the_logs(run, filters, measure, reference):
    weights = filters.astype(np.float64)
    change, before = np.diff(weights, axis=2), weights[..., :-1]
    chart = filter_chart(
        run, FiltersState(filter_measure=measure), NAME, PixelColumns.of(run, None)
    )
    assert np.isnan(chart.values[:, 0]).all()
    np.testing.assert_allclose(chart.values[:, 1:], reference(change, before), rtol=1e-3, atol=1e-6)


def test_filters_ordered_by_size_are_those_of_the_largest_norm_at_the_end(run, filters):
    order = filters_in_order(run, FiltersState(filter_order="size"), NAME)
    norms = np.sqrt((filters[..., -1].astype(np.float64) ** 2).sum(axis=1))
    np.testing.assert_array_equal(order, np.argsort(-norms, kind="stable"))


def test_similar_filters_become_neighbours_and_none_is_lost(run):
    order = filters_in_order(run, FiltersState(filter_order="similarity"), NAME)
    assert sorted(order) == list(range(16))


@pytest.mark.parametrize(("scale", "axis"), [("row", 1), ("column", 0)])
def test_each_row_or_column_reaches_both_ends_of_its_own_scale(run, scale, axis):
    columns = PixelColumns.of(run, None)
    chart = filter_chart(run, FiltersState(), NAME, columns)
    levels = chart.row(scale, 90, columns).arrays[0][:, 1:]
    known = np.where(levels == 255, 0, levels)
    assert (known.max(axis=axis) == 254).all()
    assert (levels.min(axis=axis) == 0).all()


def test_over_all_filters_only_the_top_share_has_the_darkest_colour(run):
    columns = PixelColumns.of(run, None)
    chart = filter_chart(run, FiltersState(), NAME, columns)
    levels = chart.row("all", 90, columns).arrays[0]
    assert 0 < (levels == 254).mean() < 0.02
    # Most of these lie beyond its value, as the scale says.
    assert chart.row("all", 90, columns).options["colours"][1].startswith("≥ ")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A run with a parameter of 3,000 filters, and its weights [filter, weight, iteration]."""
    from logs import LogWriter

    from deeptracker.pipeline import process

    folder = tmp_path_factory.mktemp("wide")
    log = LogWriter(folder / "log", shapes={"wte.weight": (3000, 4), "head.weight": (5, 6)})
    log.iterations(range(0, 60, 10))
    process(folder / "log", folder / "store")
    weights = np.stack([log.values(i)["wte.weight"] for i in range(0, 60, 10)], axis=2)
    return Run(str(folder / "store")), weights


@pytest.mark.parametrize("order", ["index", "size"])
def test_thousands_of_filters_share_lines_that_show_the_greatest(wide, order):
    run, weights = wide
    state = FiltersState(filter_measure="norm2", filter_order=order)
    chart = filter_chart(run, state, "wte.weight", PixelColumns.of(run, None))
    norms = np.sqrt((weights.astype(np.float64) ** 2).sum(axis=1))
    assert len(chart.values) <= LARGEST
    assert chart.per_line == -(-3000 // LARGEST)
    sorted_norms = norms[chart.order]
    lines = [
        sorted_norms[start : start + chart.per_line] for start in range(0, 3000, chart.per_line)
    ]
    expected = np.stack([line.max(axis=0) for line in lines])
    np.testing.assert_allclose(chart.values, expected, rtol=1e-4)
    # And it is known which of them that is.
    strongest = np.take_along_axis(norms, chart.strongest, axis=0)
    np.testing.assert_allclose(strongest, expected, rtol=1e-4)
    row = chart.row("all", 360, PixelColumns.of(run, None))
    assert row.options["note"] == f"{chart.per_line} per line: the greatest"


def every_score(run, measure, column):
    found = []
    for name in run.filtered_parameters(0):
        values = read_filters(run, name, measure)[:, column]
        found += [(float(v), name, i) for i, v in enumerate(values) if np.isfinite(v)]
    return sorted(found, key=lambda entry: -entry[0])


@pytest.mark.parametrize("measure", ["anomaly_score", "change_euclidean"])
@pytest.mark.parametrize("iteration", [1400, 1900])
def test_top_filters_are_those_of_the_highest_measure_in_the_network(run, measure, iteration):
    column = run.column(iteration)
    found = top_filters(run, column, 12, measure)
    expected = every_score(run, measure, column)[:12]
    assert [top.value for top in found] == [value for value, *_ in expected]
    assert {top.key for top in found} == {(name, index) for _, name, index in expected}


def test_top_filters_within_a_node_are_its_own(run):
    column = run.column(1400)
    found = top_filters(run, column, 5, within=["layer2"])
    own = [e for e in every_score(run, "anomaly_score", column) if e[1].startswith("layer2.")]
    assert [(top.value, *top.key) for top in found] == own[:5]


def test_common_filters_are_the_intersection(run):
    columns = [run.column(iteration) for iteration in (1400, 1900, 40)]
    tops = [top_filters(run, column, 60, "change_euclidean") for column in columns]
    found = common_filters(tops)
    shared = set.intersection(*({top.key for top in listed} for listed in tops))
    assert {top.key for top in found} == shared
    assert shared
    for top in found:
        stored = read_filters(run, top.parameter, "change_euclidean")
        values = [stored[top.filter, column] for column in columns]
        assert top.value == pytest.approx(min(values))
    assert common_filters([]) == []


def test_lists_and_marks_tell_top_common_and_picked_filters_apart(run):
    selection = Selection(iterations=[1400, 1900], filters=[["conv1.weight", 7]])
    state = FiltersState(top_filters=60, filter_rank="change_euclidean")
    tops = tops_of(run, selection, state)()
    groups = filter_groups(run, selection, state, tops)
    assert groups[0].title == "Common to all 2 iterations"
    assert [group.title.split(" by ")[0] for group in groups[1:]] == [
        "Top 60 at 1,900",
        "Top 60 at 1,400",
    ]
    common = {tuple(link.key) for link in groups[0].links}
    assert common == set.intersection(*({top.key for top in listed} for listed in tops.values()))
    assert common
    marks = dict(
        filter_marks(run, selection, state, ["conv1.weight"], tops)["filters:conv1.weight"]
    )
    assert marks[7] == "picked"
    for index, kind in marks.items():
        if kind != "picked":
            assert (kind == "common") == (("conv1.weight", index) in common)


@pytest.mark.parametrize(
    ("values", "shares"),
    [((4.0, 2.0, -0.5), [1, 0.5, 0]), ((-1.38, -1.57), [0, 0]), ((0.0,), [0])],
)
def test_bars_fall_with_the_ranks_and_what_changed_less_than_usual_has_none(run, values, shares):
    listed = [TopFilter("conv1.weight", place, value) for place, value in enumerate(values)]
    groups = filter_groups(
        run, Selection(iterations=[1400]), FiltersState(), {run.column(1400): listed}
    )
    assert [link.share for link in groups[0].links] == shares
