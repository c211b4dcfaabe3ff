"""A raster shows each weight where it is, whatever window is asked for."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples

from deeptracker.dashboard.data.byte_cache import ByteCache
from deeptracker.dashboard.data.column_spacing import Spacing
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.weight_raster import (
    RasterQuantity,
    colour_limits,
    pixels_of,
    rounded,
    scale_ends,
)
from deeptracker.dashboard.data.weight_window import position
from deeptracker.dashboard.views.filters.filter_rasters import filter_rasters
from deeptracker.dashboard.views.registry import linked
from deeptracker.dashboard.views.weights.raster_plot import RasterPlot
from deeptracker.dashboard.views.weights.view import WeightView

NAME = "layer3.0.conv2.weight"


@pytest.fixture(scope="module")
def matrix(recorded):
    return recorded(NAME)


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data())
def test_a_pixel_of_a_cut_window_is_the_weight_it_stands_on(run, matrix, data):
    size, columns = matrix.shape
    first = data.draw(st.floats(0, size - 2))
    begin = data.draw(st.floats(0, columns - 2))
    weights = first, min(float(size), first + data.draw(st.floats(1, 90)))
    window = begin, min(float(columns), begin + data.draw(st.floats(1, 60)))
    pixels = pixels_of(run, RasterQuantity(NAME), window, weights, width=1400, height=520)
    assert pixels.is_exact
    values = pixels.values
    rows = np.floor(values["weight"].to_numpy()).astype(int)
    places = np.floor(values["column"].to_numpy()).astype(int)
    np.testing.assert_array_equal(values.to_numpy(), matrix[np.ix_(rows, places)])
    assert pixels.weights[0] <= weights[0]
    assert pixels.weights[1] >= weights[1]
    assert (rows[0], rows[-1]) == (int(weights[0]), int(np.ceil(weights[1])) - 1)


@pytest.mark.parametrize("statistic", ["mean", "min", "max", "range"])
def test_weights_that_share_a_pixel_are_summarised(run, matrix, statistic):
    size, columns = matrix.shape
    height = size // 4
    pixels = pixels_of(
        run,
        RasterQuantity(NAME, statistic),
        (0.0, float(columns)),
        (0.0, float(size)),
        width=1400,
        height=height,
    )
    groups = matrix.reshape(height, 4, columns)
    expected = {
        "mean": groups.mean(axis=1),
        "min": groups.min(axis=1),
        "max": groups.max(axis=1),
        "range": groups.max(axis=1) - groups.min(axis=1),
    }[statistic]
    assert pixels.weights_per_pixel == 4
    assert not pixels.is_exact
    np.testing.assert_allclose(pixels.values.to_numpy(), expected, rtol=1e-4, atol=1e-6)


def test_colours_are_symmetric_about_zero_where_values_have_two_signs():
    values = np.array([-0.2, 0.5, np.nan, 0.1])
    low, high = colour_limits(values, signed=True)
    assert low == -high
    assert 0.4 < high <= 0.5
    assert colour_limits(values, signed=False)[0] == 0.0
    assert colour_limits(np.zeros(4), signed=True) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (-21659.021, "−21,700"),  # noqa: RUF001
        (3.342, "3.34"),
        (0.0, "0"),
        (-0.00123456, "−0.00123"),  # noqa: RUF001
        (999_999.4, "1,000,000"),
        (2.5e7, "2.5e+07"),
        (1.2e-7, "1.2e−07"),  # noqa: RUF001
    ],
)
def test_a_scale_is_labelled_to_three_digits(value, told):
    assert rounded(value) == told


def test_an_end_of_a_scale_says_where_values_lie_beyond_it():
    assert scale_ends((-2.0, 2.0), np.array([-2.0, 0.0, np.nan, 7.0])) == ("−2", "≥ 2")  # noqa: RUF001
    assert scale_ends((-2.0, 2.0), np.array([-2.1, 1.0])) == ("≤ −2", "2")  # noqa: RUF001
    assert scale_ends((0.0, 2.0), np.array([np.nan])) == ("0", "2")
    # As float32 has it, an end is no other number than the limit that was taken from it.
    assert scale_ends((-0.1, 0.1), np.array([-0.1, 0.1], np.float32)) == ("−0.1", "0.1")  # noqa: RUF001


def test_filters_have_the_raster_s_scale_where_all_share_one(run, matrix):
    picked = [["conv1.weight", 5], [NAME, 2]]
    view = WeightView(run, *linked(raster=NAME, filters=picked).of(WeightView))
    plot, top = view.plot, rounded(view.plot.mapper.high)
    assert plot.mapper.high < np.abs(matrix).max()
    assert plot._bar.formatter.args["labels"][-1] == f"≥ {top}"
    for row in view.compared.chart.rows:
        low, high = (end.removeprefix("≤ ").removeprefix("≥ ") for end in row["colours"][:2])
        assert (low, high) == (f"−{top}", top)  # noqa: RUF001
    beyond = np.abs(matrix[288:432]).max() > plot.mapper.high
    told = view.compared.chart.rows[1]["colours"]
    assert any(end.startswith(("≤", "≥")) for end in told[:2]) == beyond
    view.state.raster_scale = "own"
    own = {tuple(row["colours"][:2]) for row in view.compared.chart.rows}
    assert len(own) == 2


def test_the_figure_knows_where_the_pointer_s_line_stands(run):
    view = WeightView(run, *linked(raster=NAME).of(WeightView))
    columns = view.plot.pointer.columns.data
    assert columns["centre"].tolist() == [place + 0.5 for place in range(len(run.iterations))]
    view.selection.spacing = "true"
    columns = view.plot.pointer.columns.data
    assert columns["centre"].tolist() == run.iterations.tolist()
    np.testing.assert_array_equal(columns["from"][1:], columns["to"][:-1])
    assert (columns["from"] <= columns["centre"]).all()


def test_a_weight_is_named_by_filter_channel_and_kernel_position():
    assert position((16, 4, 3, 3), 5 * 36 + 2 * 9 + 7) == (
        "filter 5, channel 2, kernel row 2, kernel column 1"
    )
    assert position((10, 64), 130) == "filter 2, channel 2"
    assert position((4, 2, 5), 13) == "filter 1, channel 0, kernel position 3"
    assert position((7,), 3) == "weight 3"


def test_the_figure_is_changed_in_place_and_keeps_cells_where_they_are(run):
    plot = RasterPlot([int(iteration) for iteration in run.iterations])
    pixels = pixels_of(
        run, RasterQuantity(NAME), (3.4, 60.2), (100.3, 130.7), width=1400, height=520
    )
    before = plot.source
    plot.show(RasterQuantity(NAME), (16, 16, 3, 3), pixels)
    data = plot.source.data
    assert plot.source is before
    assert (data["x"], data["y"], data["dw"], data["dh"]) == ([3.0], [100.0], [58.0], [31.0])
    np.testing.assert_array_equal(data["image"][0], pixels.values.to_numpy())
    plot.colour(RasterQuantity(NAME), (-0.5, 0.5))
    assert (plot.mapper.low, plot.mapper.high) == (-0.5, 0.5)


def test_picks_and_filters_draw_no_new_figure(run):
    view = WeightView(run, *linked(raster=NAME).of(WeightView))
    figure, image = view.plot.figure, view.plot.source.data["image"][0]
    view.selection.iterations = [1400, 1900]
    assert view.plot.figure is figure
    assert view.plot.source.data["image"][0] is image
    lines = [line.location for line in view.plot._picks if line.visible]
    assert lines == [run.column(1400) + 0.5, run.column(1900) + 0.5]
    view.selection.iterations = [1900]
    assert [line.location for line in view.plot._picks if line.visible] == [run.column(1900) + 0.5]


def test_one_scale_covers_the_whole_parameter_and_an_own_one_what_is_in_sight(run, matrix):
    view = WeightView(run, *linked(raster=NAME, raster_range=(0.0, 141.0, 0.0, 9.0)).of(WeightView))
    shared = view.plot.mapper.high
    view.state.raster_scale = "own"
    inside = np.abs(matrix[:9])
    assert view.plot.mapper.high == pytest.approx(np.quantile(inside, 0.995), rel=1e-3)
    assert view.plot.mapper.high != shared


@pytest.mark.parametrize("gradient", [False, True])
def test_filters_side_by_side_are_the_logs_weights(run, recorded, gradient):
    columns = PixelColumns.of(run, (1000, 2000))
    picked = [("conv1.weight", 5), (NAME, 2), ("conv1.weight", 99), ("bn1.weight", 0)]
    draw = partial(filter_rasters, run, picked, columns, statistic="mean", gradient=gradient)
    rows = draw(limits=(-9.0, 9.0))
    # What does not exist, or has no filters, is left out.
    assert [row.id for row in rows] == ["raster:conv1.weight:5", f"raster:{NAME}:2"]
    prefix = "grad/" if gradient else ""
    for row, (name, index) in zip(rows, picked, strict=False):
        whole = recorded(prefix + name)
        own = whole.reshape(16, -1, whole.shape[1])[index][:, columns.span]
        np.testing.assert_allclose(row.arrays[1], own, rtol=1e-6)
    # Symmetric about zero: no value, no colour of either side.
    levels, values = rows[0].arrays
    assert (levels[values > 0] >= 127).all()
    assert (levels[values < 0] <= 127).all()
    assert len({tuple(row.options["colours"][:2]) for row in rows}) == 1
    own = draw(limits=None)
    assert len({tuple(row.options["colours"][:2]) for row in own}) == 2


def test_a_click_on_a_weight_tells_the_logs_value(run, matrix):
    view = WeightView(run, *linked(raster=NAME).of(WeightView))
    view._tapped(type("Tap", (), {"x": 100.4, "y": 291.7})())
    told = view.clicked.object
    assert position((16, 16, 3, 3), 291) in told
    assert f"{matrix[291, 100]:.6g}" in told
    view._pick_filter()
    assert view.selection.filters == [[NAME, 291 // 144]]
    assert [row["id"] for row in view.compared.chart.rows] == [f"raster:{NAME}:2"]


def test_the_cache_keeps_to_its_bytes_and_drops_what_was_unused_longest():
    made = []

    def make(name):
        def new():
            made.append(name)
            return np.zeros(100, np.uint8)

        return new

    cache = ByteCache(250)
    for name in "abacab":
        cache.get(name, make(name))
    # c displaced b, which b then had to be made again for.
    assert made == ["a", "b", "c", "b"]
    assert cache.held_bytes <= 250
    assert len(cache.get("large", lambda: np.zeros(999, np.uint8))) == 999
    assert cache.held_bytes <= 250


def test_with_true_spacing_a_pixel_is_the_nearest_snapshot(run, matrix):
    spacing = Spacing.of(run.iterations, "true")
    columns = (20.0, 130.0)
    pixels = pixels_of(
        run, RasterQuantity(NAME), columns, (40.0, 60.0), width=1400, height=520, spacing=spacing
    )
    assert pixels.is_exact
    start, end = (spacing.place(column) for column in pixels.columns)
    count = pixels.values.sizes["column"]
    middles = start + (np.arange(count) + 0.5) * (end - start) / count
    nearest = np.abs(run.iterations[None] - middles[:, None]).argmin(axis=1)
    assert len(set(np.bincount(nearest)[20:130])) > 1  # some are wider than others
    np.testing.assert_array_equal(pixels.values.to_numpy(), matrix[40:60][:, nearest])
    np.testing.assert_array_equal(pixels.runs, np.stack([nearest, nearest], axis=1))


@pytest.mark.parametrize("statistic", ["mean", "min", "max", "range"])
def test_snapshots_that_share_a_pixel_of_true_spacing_are_summarised(run, matrix, statistic):
    spacing = Spacing.of(run.iterations, "true")
    pixels = pixels_of(
        run,
        RasterQuantity(NAME, statistic),
        (0.0, float(len(run.iterations))),
        (40.0, 60.0),
        width=24,
        height=520,
        spacing=spacing,
    )
    assert pixels.values.shape == (20, 24)
    assert not pixels.is_exact
    assert set(pixels.runs[:, 0]) | set(pixels.runs[:, 1]) >= {0, len(run.iterations) - 1}
    for place, (first, last) in enumerate(pixels.runs):
        under = matrix[40:60, first : last + 1]
        expected = {
            "mean": under.mean(axis=1),
            "min": under.min(axis=1),
            "max": under.max(axis=1),
            "range": under.max(axis=1) - under.min(axis=1),
        }[statistic]
        found = pixels.values.to_numpy()[:, place]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_the_figure_stands_where_iterations_were_recorded(run):
    view = WeightView(run, *linked(raster=NAME, spacing="true", iterations=[1400]).of(WeightView))
    start, end = view.plot.spacing.edges[[0, -1]]
    assert (view.plot.x_range.start, view.plot.x_range.end) == (start, end)
    assert view.plot.source.data["x"] == [start]
    assert view.plot.source.data["dw"] == [end - start]
    assert [line.location for line in view.plot._picks if line.visible] == [1400]
    view.selection.spacing = "ordinal"
    assert (view.plot.x_range.start, view.plot.x_range.end) == (0, len(run.iterations))
    assert view.plot.source.data["dw"] == [len(run.iterations)]
    lines = [line.location for line in view.plot._picks if line.visible]
    assert lines == [run.column(1400) + 0.5]
