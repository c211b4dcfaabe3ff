"""The tree's rows: laid out from names, drawn from the store's numbers, sent when in sight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples

from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.layers.histogram_rows import histogram_of
from deeptracker.dashboard.views.layers.outline import outline_of
from deeptracker.dashboard.views.layers.small_multiples import (
    ENCODINGS,
    Drawing,
    abbreviated,
    height_of,
    multiple,
)
from deeptracker.dashboard.views.layers.state import LayersState
from deeptracker.dashboard.views.layers.vertical_scales import Scale
from deeptracker.dashboard.views.layers.view import LayerView
from deeptracker.dashboard.views.registry import linked

FIVE = ("min", "q1", "median", "q3", "max")


def drawing_of(run, nodes, **chosen):
    return Drawing.of(run, *linked(**chosen).of(LayerView), nodes)


def view_of(run, **chosen):
    return LayerView(run, *linked(**chosen).of(LayerView))


def names(run, state):
    outline = outline_of(run, state, lambda _: 40, lambda _: 90)
    return [item.id for item in outline.items]


def kinds(run, state):
    kind = dict(zip(run.nodes["name"], run.nodes["kind"], strict=True))
    return {str(kind[row.partition(":")[2]]) for row in names(run, state) if "node:" in row}


@pytest.mark.parametrize(
    ("level", "deepest"),
    [
        ("network", {"network"}),
        ("stage", {"network", "stage", "layer"}),
        ("layer", {"network", "stage", "block", "layer"}),
        ("parameter", {"network", "stage", "block", "layer", "parameter"}),
    ],
)
def test_a_level_unfolds_the_tree_to_its_kind(run, level, deepest):
    assert kinds(run, LayersState(open_level=level)) == deepest


def test_the_deepest_level_shows_every_node_and_the_filters_of_every_matrix(run):
    shown = names(run, LayersState(open_level="filter"))
    assert [row for row in shown if row.startswith("node:")] == [
        f"node:{name}" for name in run.nodes["name"]
    ]
    matrices = [f"filters:{name}" for name in run.filtered_parameters(0)]
    assert [row for row in shown if row.startswith("filters:")] == matrices


def test_a_node_folds_in_spite_of_the_level_and_unfolds_beyond_it(run):
    view = view_of(run, open_level="layer")
    view.chart.event = {"type": "toggle", "row": "node:layer1", "count": 1}
    assert view.state.closed_nodes == ["layer1"]
    assert view.outline.find("node:layer1.0") is None
    assert view.outline.find("node:layer2.0") is not None
    view.chart.event = {"type": "toggle", "row": "node:layer1", "count": 2}
    assert view.state.closed_nodes == []
    assert view.outline.find("node:layer1.0.conv1") is not None
    # A layer with one matrix unfolds to its filters at once.
    view.chart.event = {"type": "toggle", "row": "node:layer1.0.conv1", "count": 3}
    assert view.outline.find("filters:layer1.0.conv1.weight") is not None


def test_a_search_finds_by_words_and_leaves_out_what_follows_a_minus(run):
    shown = names(run, LayersState(layer_search="layer3 conv2d -downsample -.1."))
    found = {row for row in shown if ".conv" in row}
    assert found == {f"node:layer3.0.conv{place}" for place in (1, 2, 3)}
    # With what leads there, and nothing else.
    assert set(shown) - found == {"node:", "node:layer3", "node:layer3.0"}


@given(st.integers(0, 400_000), st.integers(0, 3000))
def test_rows_between_two_heights_are_those_that_reach_into_them(run, top, height):
    outline = outline_of(run, LayersState(open_level="filter"), lambda _: 40, lambda _: 90)
    found = outline.between(top, top + height)
    expected = [
        item for item in outline.items if item.top + item.height >= top and item.top <= top + height
    ]
    assert list(found) == expected


def test_only_rows_near_what_is_in_sight_are_sent(run):
    view = view_of(run, open_level="filter")
    everything = len(view.outline.items)
    assert len(view.chart.rows) < everything / 3
    bottom = view.outline.height
    view.chart.event = {"type": "sight", "top": bottom - 680, "bottom": bottom, "count": 1}
    assert view.chart.rows[-1]["id"] == view.outline.items[-1].id
    assert len(view.chart.rows) < everything / 3


def test_a_pick_redraws_no_row(run):
    view = view_of(run, open_nodes=["conv1", "conv1.weight"])
    rows, data = view.chart.rows, view.chart.data
    view.selection.iterations = [1400]
    view.selection.filters = [["conv1.weight", 3]]
    assert view.chart.rows is rows
    assert view.chart.data is data
    assert view.chart.picked == [run.column(1400)]
    assert [3, "picked"] in view.chart.marks["filters:conv1.weight"]


@pytest.mark.parametrize("quantity", ["weights", "gradients"])
def test_the_band_draws_the_stored_quartiles_and_extremes(run, quantity):
    drawing = drawing_of(run, [0], quantity=quantity, window=(1000, 2000))
    node = run.node("layer2.0.conv1")
    row = multiple(drawing, node)
    prefix = "grad_" if quantity == "gradients" else ""
    first, last = run.columns((1000, 2000))
    for values, name in zip(row.arrays, FIVE, strict=True):
        stored = run.array(f"nodes/{prefix}{name}")[node, first : last + 1]
        np.testing.assert_array_equal(values, stored.astype(np.float32))
    low, high = row.options["low"], row.options["high"]
    assert low == np.nanmin(run.array(f"nodes/{prefix}min")[node, first : last + 1])
    assert high == np.nanmax(run.array(f"nodes/{prefix}max")[node, first : last + 1])


def test_one_scale_holds_every_node_shown(run):
    nodes = [run.node("conv1"), run.node("layer1"), run.node("fc")]
    drawing = drawing_of(run, nodes, common_scale=True, encoding="line")
    values = run.array("nodes/std")[nodes]
    assert (drawing.common.low, drawing.common.high) == (values.min(), values.max())
    scales = {multiple(drawing, node).options["high"] for node in nodes}
    assert scales == {values.max()}


def test_a_change_ratio_row_has_an_area_a_threshold(run):
    node = run.node("layer1")
    row = multiple(drawing_of(run, [node], encoding="change"), node)
    stored = run.array("nodes/change_ratio")[node]
    np.testing.assert_array_equal(np.stack(row.arrays), stored.astype(np.float32))


def test_an_enlarged_multiple_is_higher_and_the_rest_stays(run):
    node = run.node("conv1")
    small = height_of(run, LayersState(), node)
    assert height_of(run, LayersState(enlarged="conv1"), node) > 4 * small
    assert height_of(run, LayersState(enlarged="conv1"), run.node("fc")) == small


@pytest.mark.parametrize("log", [False, True])
def test_a_histogram_holds_every_weight_of_the_log(run, recorded, log):
    name = "layer3.0.conv2.weight"
    node = run.node(name)
    matrix = recorded(name)
    drawing = drawing_of(run, [node], encoding="histogram", log_scale=log)
    scale = drawing.scale([node])
    columns = PixelColumns.of(run, None)
    histogram = histogram_of(run, "nodes/histogram", node, columns, scale)
    np.testing.assert_allclose(histogram.counts.sum(axis=0), len(matrix), rtol=1e-4)
    assert histogram.edges[0] <= matrix.min()
    assert histogram.edges[-1] >= matrix.max() - 1e-6
    # As many weights lie below every edge as in the log, up to those of the stored bin it cuts.
    for column in (0, 70, 140):
        below = np.concatenate([[0], np.cumsum(histogram.counts[:, column])])
        expected = np.searchsorted(np.sort(matrix[:, column]), histogram.edges)
        cut = 0 if log else run.stored("nodes/histogram")[node, column].max()
        assert np.abs(below - expected).max() <= cut + 1


def test_a_histogram_of_many_columns_adds_them_up(run):
    node = run.node("conv1")
    scale = Scale("linear", -8.0, 8.0)
    whole = histogram_of(run, "nodes/histogram", node, PixelColumns(0, 140), scale)
    joined = histogram_of(run, "nodes/histogram", node, PixelColumns(0, 140, 3), scale)
    assert joined.counts.shape[1] == 47
    np.testing.assert_allclose(
        joined.counts[:, 5], whole.counts[:, 15:18].sum(axis=1), rtol=1e-4, atol=1e-3
    )


@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(0, 1e6, width=32),
    st.floats(1e-6, 1e6),
    st.booleans(),
)
def test_a_scale_holds_what_it_was_made_for(low, span, least, log):
    high = low + span
    scale = Scale.over(low, high, least, log=log)
    assert scale.high > scale.low
    assert scale.low <= low or (scale.kind == "log" and low == 0)
    assert scale.high >= high
    assert scale.kind == "linear" or log
    assert scale.kind != "log" or scale.low > 0
    assert scale.kind != "symlog" or 0 < scale.threshold < max(-scale.low, scale.high)


@settings(max_examples=examples(60))
@given(
    st.lists(st.floats(-9, 9, width=32) | st.just(np.nan), min_size=1, max_size=40),
    st.integers(1, 9),
)
def test_columns_that_crowd_are_joined_and_none_is_lost(values, step):
    values = np.array(values, np.float32)
    columns = PixelColumns(0, len(values) - 1, step)
    for how, reference in (("min", np.nanmin), ("max", np.nanmax), ("mean", np.nanmean)):
        joined = columns.joined(values, how)
        assert len(joined) == -(-len(values) // step)
        for place, value in enumerate(joined):
            group = values[place * step : (place + 1) * step]
            if np.isnan(group).all():
                assert np.isnan(value)
            else:
                np.testing.assert_allclose(value, reference(group), rtol=1e-4, atol=1e-4)


def test_a_run_of_many_iterations_is_sent_in_about_a_thousand_places(run):
    columns = PixelColumns.of(run, None, most=50)
    assert (columns.step, columns.first, columns.last) == (3, 0, 140)


def test_what_is_shown_as_numbers_is_the_stores(run):
    view = view_of(run, encoding="line", statistic="norm2", window=(400, 600))
    table = view.table()
    first, last = run.columns((400, 600))
    assert set(table["node"]) == {"network", "conv1", "bn1", "layer1", "layer2", "layer3", "fc"}
    shown = table[table["node"] == "fc"]
    np.testing.assert_array_equal(shown["iteration"], run.iterations[first : last + 1])
    stored = run.array("nodes/norm2")[run.node("fc"), first : last + 1]
    np.testing.assert_array_equal(shown["norm2"], stored)


def test_a_node_picked_elsewhere_is_unfolded_into_sight(run):
    view = view_of(run)
    assert view.outline.find("node:layer3.1.conv2") is None
    view.selection.nodes = ["layer3.1.conv2"]
    item = view.outline.find("node:layer3.1.conv2")
    assert view.chart.scroll_target["top"] == item.top


def test_one_snapshot_without_filters_or_gradients_is_drawn_and_says_so(tmp_path):
    from logs import LogWriter

    from deeptracker.pipeline import process

    log = LogWriter(tmp_path / "log", shapes={"a.weight": (7,), "a.bias": (3,)})
    log.snapshot(0)
    process(tmp_path / "log", tmp_path / "store")
    run = Run(str(tmp_path / "store"))
    for encoding in ("band", "line", "box", "horizon", "change", "histogram", "ridge"):
        view = view_of(run, encoding=encoding, iterations=[0], quantity="gradients")
        assert len(view.chart.rows) == 2
        assert "No gradients were recorded" in view.legend.object
        assert view.links.groups[0]["links"] == []
        assert "has no filters" in view.links.groups[0]["empty"]


def test_a_search_that_finds_nothing_says_so_in_place_of_the_chart(run):
    view = view_of(run, layer_search="zebra")
    assert view.note.visible
    assert not view.chart.visible
    assert not view.legend.visible
    view.state.layer_search = "conv1"
    assert not view.note.visible
    assert view.chart.visible
    assert view.legend.visible


def test_a_shape_is_shown_and_found_with_a_multiplication_sign(run):
    found = names(run, LayersState(layer_search="16\u00d71\u00d73\u00d73"))
    assert found == names(run, LayersState(layer_search="16x1x3x3"))
    assert "node:conv1.weight" in found
    row = multiple(drawing_of(run, [0]), run.node("conv1.weight"))
    assert row.options["details"] == ["16\u00d71\u00d73\u00d73, 144", "144", "144"]


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (999_999, "1M"),
        (1_605_632, "1.61M"),
        (2 * 10**9, "2G"),
    ],
)
def test_where_a_number_has_no_room_it_is_rounded(size, told):
    assert abbreviated(size) == told


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_words_on_colours_are_true_by_day_and_by_night(run, encoding):
    assert "dark" not in view_of(run, encoding=encoding).legend.object
