"""Figures of the library hold the store's numbers, and are drawn anew at every zoom."""

import holoviews as hv
import numpy as np
import pytest
from examples_truth import RESET_ITERATION, SPIKE_ITERATION
from holoviews.streams import RangeXY

import deeptracker
from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.errors import StoreError, UnknownNameError


@pytest.fixture(scope="module")
def opened(digits_store):
    return deeptracker.open(digits_store)


def zoomed(figure, x_range, y_range):
    """The image of a live raster after a person has zoomed."""
    hv.renderer("bokeh").get_plot(figure)
    streams = [s for s in _streams(figure) if isinstance(s, RangeXY)]
    assert streams, "nothing listens to the zoom"
    hv.streams.Stream.trigger([])
    for stream in streams:
        stream.event(x_range=x_range, y_range=y_range)
    return figure[()]


def _streams(figure):
    found = list(figure.streams)
    for source in getattr(figure.callback, "inputs", []):
        found += _streams(source) if isinstance(source, hv.DynamicMap) else []
    return found


def columns_of(opened, image, places):
    """Values of an image at iterations, one array [row] each."""
    x = image.dimension_values("iteration", expanded=False)
    values = image.dimension_values(2, flat=False)
    return {place: values[:, np.abs(x - place).argmin()] for place in places}


def test_the_timeline_draws_what_was_recorded(opened, run):
    figure = opened.timeline.plot(["validation_loss", "anomalous_images"])
    loss, images = (figure[place] for place in figure.keys())  # noqa: SIM118  # a Layout
    recorded = run.array("scalars/validation_loss")
    np.testing.assert_array_equal(
        loss.dimension_values("validation_loss"), recorded[np.isfinite(recorded)]
    )
    np.testing.assert_array_equal(
        images.dimension_values("anomalous_images"), run.stored("classes/left")[4].sum(axis=0)
    )


def test_a_heat_line_a_class_has_the_classes_errors_at_any_zoom(opened, run):
    error = run.array("classes/error")
    figure = opened.classes.plot("error")
    closer = zoomed(figure, (1350.0, 1500.0), (2.5, 5.5))
    rows = closer.dimension_values("class", expanded=False)
    assert rows.min() > 2.4
    assert rows.max() < 5.6
    column = run.column(SPIKE_ITERATION)
    shown = columns_of(opened, closer, [SPIKE_ITERATION])[SPIKE_ITERATION]
    # A pixel on the border of two classes shows the greater.
    inside = np.abs(rows - np.rint(rows)) < 0.45
    expected = error[np.rint(rows).astype(int), column]
    np.testing.assert_allclose(shown[inside], expected[inside], rtol=1e-6)
    assert len(np.unique(expected)) == 3


def test_iterations_that_share_a_pixel_show_the_greatest(opened, run):
    figure = opened.classes.plot("anomalies")
    hv.renderer("bokeh").get_plot(figure)
    image = figure[()]
    counts = run.stored("classes/left")[4]
    assert np.nanmax(image.dimension_values(2)) == counts.max()


def test_classes_stand_in_the_order_asked_for(opened, run):
    last = run.array("classes/error")[:, -1]
    image = zoomed(opened.classes.plot("error", order="error"), (2380.0, 2400.0), (-0.5, 9.5))
    rows = np.rint(image.dimension_values("class", expanded=False)).astype(int)
    shown = columns_of(opened, image, [2400])[2400]
    np.testing.assert_allclose(shown, np.sort(last)[::-1][rows], rtol=1e-6)


def test_images_of_a_class_are_dark_where_wrong(opened, run):
    figure = opened.classes.images("7")
    label = run.array("images/label")
    image = zoomed(figure, (-20.0, 2420.0), (-0.5, (label == 7).sum() - 0.5))
    wrong = (run.stored("images/correct")[...][label == 7] == 0).mean()
    assert np.nanmax(image.dimension_values(2)) == 1.0
    assert 0 < wrong < 1


def test_bands_are_the_stored_quartiles(opened, run):
    band = opened.layers.plot("layer1", encoding="band")
    overlay = next(iter(band))
    node = run.node("layer1")
    median = next(e for e in overlay if type(e) is hv.Curve)
    np.testing.assert_array_equal(
        median.dimension_values("median"), run.array("nodes/median")[node]
    )
    quartiles = [e for e in overlay if isinstance(e, hv.Area)][1]
    for name in ("q1", "q3"):
        np.testing.assert_array_equal(
            quartiles.dimension_values(name), run.array(f"nodes/{name}")[node]
        )


def test_lines_of_several_nodes_share_one_chart(opened, run):
    figure = opened.layers.plot(["conv1", "layer3"], encoding="line", statistic="norm2")
    for name in ("conv1", "layer3"):
        expected = run.array("nodes/norm2")[run.node(name)]
        np.testing.assert_array_equal(figure[name].dimension_values("norm2"), expected)


def test_the_weight_raster_reads_single_weights_when_zoomed_in(opened, recorded):
    matrix = recorded("layer3.0.conv2.weight")
    figure = opened.weights("layer3.0.conv2").raster(height=100)
    overview = figure[()]
    assert overview.dimension_values(2, flat=False).shape[0] < len(matrix)
    closer = zoomed(figure, (1350.0, 1500.0), (90.0, 120.0))
    places = [1375, SPIKE_ITERATION, 1425]
    iterations = [int(i) for i in opened.iterations]
    for place, shown in columns_of(opened, closer, places).items():
        np.testing.assert_array_equal(shown, matrix[90:120, iterations.index(place)])


def test_a_window_of_weights_is_a_data_array(opened, recorded):
    matrix = recorded("conv1.weight")
    window = opened.weights("conv1.weight").read((9, 18), (1000, 2000), statistic="mean")
    assert window.dims == ("weight", "iteration")
    first, last = np.searchsorted(opened.iterations, (1000, 2000))
    np.testing.assert_array_equal(window.values, matrix[9:18, first : last + 1])
    np.testing.assert_array_equal(window["weight"], np.arange(9, 18))


def test_filters_and_rows_of_a_parameter_are_labelled(opened, run):
    data = opened.filters("conv1").data
    assert list(data["iteration"].values) == list(run.iterations)
    norms = data["measures"].sel(measure="norm2", filter=1)
    np.testing.assert_array_equal(norms, read_filters(run, "conv1.weight", "norm2")[1])
    weights = opened.weights("layer3.0.conv2")
    rows = weights.level(1)["weight"].sel(row=64, iteration=run.iterations[3])
    exact = weights.read((64, 80), (run.iterations[3], run.iterations[3]), height=400)
    assert float(rows.sel(statistic="max")) == pytest.approx(float(exact.max()), rel=2**-8)
    with pytest.raises(UnknownNameError, match="no pyramid level '9'"):
        weights.level(9)


def test_filters_are_drawn_line_by_line(opened, run):
    scores = read_filters(run, "conv1.weight", "anomaly_score")
    column = run.column(RESET_ITERATION)
    figure = opened.filters("conv1").plot("anomaly_score")
    image = zoomed(figure, (1880.0, 1920.0), (-0.5, 15.5))
    shown = columns_of(opened, image, [RESET_ITERATION])[RESET_ITERATION]
    rows = np.rint(image.dimension_values("filter", expanded=False)).astype(int)
    np.testing.assert_allclose(shown, scores[rows, column], rtol=1e-6)


def test_the_faces_share_the_axes_of_classes_and_layers(opened, run):
    figure = opened.cube.faces(iteration=RESET_ITERATION)
    plot = hv.renderer("bokeh").get_plot(figure)
    subplots = {key: sub.subplots.get("main") for key, sub in plot.subplots.items()}
    states = {key: sub.state for key, sub in subplots.items() if sub is not None}
    top, front, side = states[0, 0], states[1, 0], states[1, 1]
    assert top.x_range is front.x_range
    assert front.y_range is side.y_range
    mesh = next(e for e in figure if isinstance(e, hv.QuadMesh))
    column = run.column(RESET_ITERATION)
    images, filters = run.stored("classes/left")[4], run.array("cube/anomalous_filters")
    expected = np.outer(filters[:, column], images[:, column] > 0)
    np.testing.assert_array_equal(mesh.dimension_values("front", flat=False), expected)


def test_insignificant_associations_are_left_out(opened, run):
    figure = opened.cube.faces(front="association")
    mesh = next(e for e in figure if isinstance(e, hv.QuadMesh))
    shown = mesh.dimension_values("front", flat=False)
    np.testing.assert_array_equal(np.isnan(shown), run.array("cube/q_value").T > 0.05)


def test_tables_and_tree_hold_what_the_store_does(opened, run):
    assert opened.incidents["at_iteration"].tolist() == [RESET_ITERATION, SPIKE_ITERATION]
    findings = opened.findings
    assert list(findings["rule"]) == [str(rule) for rule in run.array("health/rule")]
    assert set(findings["iteration"]) >= {SPIKE_ITERATION}
    triples = opened.cube.strongest(4)
    assert len(triples) == 4
    assert triples["score"].is_monotonic_decreasing
    tree = opened.tree
    assert tree["classes"]["error"].dims == ("class_", "iteration")
    np.testing.assert_array_equal(tree["iteration"], opened.iterations)
    assert "digits" in repr(opened)
    assert "cube.faces" in opened._repr_html_()


@pytest.mark.parametrize(
    ("ask", "near"),
    [
        (lambda run: run.weights("layer1.0.cnv1.weight"), "layer1.0.conv1.weight"),
        (lambda run: run.filters("con1"), "conv1.weight"),
        (lambda run: run.classes.images("77"), "7"),
        (lambda run: run.classes.plot("eror"), "error"),
        (lambda run: run.classes.plot(order="anomalies"), "anomaly"),
        (lambda run: run.layers.plot("layr1"), "layer1"),
        (lambda run: run.layers.plot(statistic="norm"), "norm1"),
        (lambda run: run.layers.plot(encoding="bands"), "band"),
        (lambda run: run.timeline.plot("val_loss"), "validation_loss"),
        (lambda run: run.weights("conv1").raster(statistic="maximum"), "max"),
        (lambda run: run.filters("conv1").plot("relative_norm2"), "change_relative_norm2"),
        (lambda run: run.cube.faces(iteration=1401), "1400"),
        (lambda run: run.cube.faces(layer="layer1.0.conv9"), "layer1.0.conv1"),
        (lambda run: run.cube.faces(rule="lefty"), "left"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(opened, ask, near):
    with pytest.raises(UnknownNameError, match="there is no") as caught:
        ask(opened)
    assert f"'{near}'" in str(caught.value)


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match=str(tmp_path)):
        deeptracker.open(tmp_path)


def test_a_run_without_outcomes_has_no_classes_and_no_cube(tmp_path):
    from logs import LogWriter

    from deeptracker.pipeline import process

    log = LogWriter(tmp_path / "log")
    for iteration in range(0, 40, 10):
        log.snapshot(iteration)
    process(log.path, tmp_path / "store")
    opened = deeptracker.open(tmp_path / "store")
    assert opened.classes.names == []
    with pytest.raises(UnknownNameError, match="none"):
        opened.classes.plot()
    with pytest.raises(UnknownNameError, match="none"):
        opened.cube.faces()
    assert opened.findings.columns.tolist()[:2] == ["rule", "severity"]
    assert opened.weights("stem.weight").raster()[()] is not None


def _dressed(figure):
    """The Bokeh figures of a chart of the library."""
    from bokeh.plotting import figure as plotted

    return list(hv.renderer("bokeh").get_plot(figure).state.select({"type": plotted}))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_takes_the_theme(digits_store, theme):
    from bokeh.models import ColorBar

    from deeptracker.dashboard.look.theme import DARK, LIGHT, PALETTES, PALETTES_DARK

    inks, palettes = (DARK, PALETTES_DARK) if theme == "dark" else (LIGHT, PALETTES)
    run = deeptracker.open(digits_store, theme=theme)
    figures = {
        "timeline": run.timeline.plot("train_loss"),
        "classes": run.classes.plot(),
        "images": run.classes.images("7"),
        "bands": run.layers.plot("layer1"),
        "lines": run.layers.plot(["conv1", "fc"], encoding="line"),
        "heat": run.layers.plot(encoding="heat"),
        "raster": run.weights("conv1").raster(height=100),
        "filters": run.filters("conv1").plot(),
        "faces": run.cube.faces(front="association"),
    }
    for name, chart in figures.items():
        for figure in _dressed(chart):
            assert figure.background_fill_color == inks["paper"], name
            assert figure.xaxis[0].major_label_text_color == inks["faint"], name
            for bar in figure.select(ColorBar):
                assert bar.major_label_text_color == inks["faint"], name
                assert list(bar.color_mapper.palette) in (
                    list(palettes["blues"]),
                    list(palettes["diverging"]),
                ), name
    assert len(_dressed(figures["faces"])) == 3


def test_a_colour_bar_says_where_values_in_sight_lie_beyond_its_ends(digits_store):
    from bokeh.models import ColorBar

    run = deeptracker.open(digits_store)
    shown = hv.renderer("bokeh").get_plot(run.weights("conv1.weight").raster())
    bar = shown.state.select_one(ColorBar)
    expected = ["≤ −3.34", "−1.67", "0", "1.67", "≥ 3.34"]  # noqa: RUF001  the minus sign of the axes
    assert bar.formatter.args["labels"] == expected
    assert bar.ticker.ticks[-1] == bar.color_mapper.high
    # Nothing is so far out in the first weights.
    ranges = next(stream for stream in shown.streams if isinstance(stream, hv.streams.RangeXY))
    ranges.event(x_range=(0, 100), y_range=(0, 20))
    assert bar.formatter.args["labels"] == [each.lstrip("≤≥ ") for each in expected]
    filters = _dressed(run.filters("conv1").plot())[0].select_one(ColorBar)
    assert filters.formatter.args["labels"][-1].startswith("≥ ")


def test_by_night_the_band_of_extremes_is_stronger(digits_store):
    def opacity(theme):
        band = next(iter(deeptracker.open(digits_store, theme=theme).layers.plot("conv1")))
        extremes = next(e for e in band if isinstance(e, hv.Area))
        return hv.Store.lookup_options("bokeh", extremes, "style").kwargs["alpha"]

    assert opacity("dark") > 1.5 * opacity("light")


def test_without_a_theme_figures_follow_panel_s(digits_store):
    import panel as pn

    from deeptracker.dashboard.look.theme import DARK, LIGHT

    run = deeptracker.open(digits_store)
    grounds = []
    for theme in ("default", "dark"):
        with pn.config.set(theme=theme):
            grounds.append(_dressed(run.timeline.plot("train_loss"))[0].background_fill_color)
    assert grounds == [LIGHT["paper"], DARK["paper"]]


def test_another_theme_is_refused(digits_store):
    with pytest.raises(UnknownNameError, match="'dark'"):
        deeptracker.open(digits_store, theme="darker")
