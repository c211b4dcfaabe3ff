"""What a person does with the cube changes the selection as it says, and the cube follows it."""

import numpy as np
import pytest

from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.cube_numbers import images_by_flips, layer_names
from deeptracker.dashboard.views.correlation import cube_axis
from deeptracker.dashboard.views.correlation.cube import NOTHING
from deeptracker.dashboard.views.correlation.view import CorrelationView
from deeptracker.dashboard.views.registry import linked


def view_of(run, page):
    return CorrelationView(run, *page.of(CorrelationView))


@pytest.fixture
def view(run):
    return view_of(run, linked())


def do(view, **act):
    view.cube.event = act | {"count": view.cube.event.get("count", 0) + 1}


def values_of(face):
    codes = np.frombuffer(face["codes"], "<u2").reshape(face["height"], face["width"])
    numbers = face["offset"] + face["scale"] * codes.astype(np.float64)
    return np.where(codes == NOTHING, np.nan, numbers)


def test_what_is_sent_can_be_read_back_exactly(view, run):
    images, filters = run.stored("classes/left")[4], run.array("cube/anomalous_filters")
    np.testing.assert_array_equal(values_of(view.cube.top), images.T)
    np.testing.assert_array_equal(values_of(view.cube.side), filters)
    together = filters @ (images > 0).T
    np.testing.assert_array_equal(values_of(view.cube.front), together)


def test_correlations_are_sent_to_four_digits_with_p_and_q(view, run):
    view.state.association = "association"
    front = view.cube.front
    np.testing.assert_allclose(values_of(front), run.array("cube/association").T, atol=2e-5)
    for name, path in (("p", "cube/p_value"), ("q", "cube/q_value")):
        codes = np.frombuffer(front["also"][name], "<u2").reshape(22, 10)
        np.testing.assert_allclose(codes / (NOTHING - 1), run.array(path).T, atol=2e-5)
    faded = np.frombuffer(front["faded"], np.uint8).reshape(22, 10)
    np.testing.assert_array_equal(faded, run.array("cube/q_value").T > 0.05)
    assert "q > 0.05" in front["faded_label"]


def test_a_cell_of_each_face_slices_by_its_two_items(view, run):
    names = layer_names(run)
    do(view, type="cell", face="front", items={"class": [7, 8], "layer": [2, 3]})
    assert (view.selection.classes, view.selection.nodes) == (["7"], [names[2]])
    do(view, type="cell", face="top", items={"class": [4, 5], "time": [100, 101]})
    assert view.selection.classes == ["4"]
    assert view.selection.iterations == [int(run.iterations[100])]
    do(view, type="cell", face="side", items={"layer": [9, 10], "time": [90, 91]})
    assert view.selection.nodes == [names[9]]
    assert view.cube.picks == {"time": 90, "class": 4, "layer": 9}
    assert [entry["axis"] for entry in view.cube.slices] == ["time", "class", "layer"]


def test_a_pick_sends_only_the_face_that_it_changes(view):
    sent = []
    view.cube.param.watch(
        lambda *events: sent.extend(e.name for e in events), ["top", "side", "front"]
    )
    do(view, type="pick", axis="time", item=84)
    assert sent == ["front"]
    do(view, type="pick", axis="class", item=3)
    assert sent == ["front", "side"]
    do(view, type="pick", axis="layer", item=0)
    assert sent == ["front", "side", "top"]


def test_a_second_click_and_clearing_drop_slices(view):
    act = {"type": "cell", "face": "front", "items": {"class": [7, 8], "layer": [2, 3]}}
    do(view, **act)
    do(view, **act)
    assert (view.selection.classes, view.selection.nodes) == ([], [])
    do(view, **act)
    do(view, type="pick", axis="time", item=12)
    do(view, type="clear", axis="class")
    assert (view.selection.classes, len(view.selection.nodes)) == ([], 1)
    do(view, type="clear", axis="all")
    assert view.cube.slices == []
    assert view.cube.picks == {"time": -1, "class": -1, "layer": -1}


def test_with_shift_an_item_is_picked_beside_others(view):
    do(view, type="pick", axis="class", item=1)
    do(view, type="pick", axis="class", item=5, shift=True)
    assert view.selection.classes == ["1", "5"]
    assert view.cube.slices[0]["text"] == "class 5 and 1 more"


def test_a_cell_that_items_share_picks_the_strongest_of_them(run, monkeypatch):
    monkeypatch.setattr(cube_axis, "CELLS_AT_MOST", 5)
    view = view_of(run, linked())
    images = run.stored("classes/left")[4]
    do(view, type="cell", face="top", items={"class": [2, 4], "time": [87, 116]})
    class_, column = np.unravel_index(images[2:4, 87:116].argmax(), (2, 29))
    assert view.selection.classes == [run.class_names[2 + class_]]
    assert view.selection.iterations == [int(run.iterations[87 + column])]


def test_an_unfolded_layer_shows_filters_that_can_be_picked(view, run):
    names = layer_names(run)
    do(view, type="unfold", axis="layer", item=0)
    assert view.state.cube_layer == "conv1"
    assert view.cube.items["layer"]["parts"] == [0] + [1] * 16 + [0] * 21
    assert view.cube.side["height"] == 38
    do(view, type="pick", axis="layer", item=1 + 5)
    assert view.selection.filters == [["conv1.weight", 5]]
    assert view.selection.nodes == ["conv1"]
    do(view, type="unfold", axis="layer", name="conv1")
    assert view.state.cube_layer == ""
    assert view.cube.items["layer"]["labels"] == names


def test_an_unfolded_class_has_an_axis_of_its_own_images(view, run):
    do(view, type="unfold", axis="class", item=3)
    images = images_by_flips(run, 3)
    assert view.state.cube_class == "3"
    # Too many to stand beside the ten classes: the window holds the class and its images.
    assert view.state.cube_classes == (3, 4 + len(images))
    assert view.cube.top["width"] == 1 + len(images)
    do(view, type="pick", axis="class", item=4)
    assert view.selection.images == [int(images[0])]
    assert view.selection.classes == ["3"]


def test_a_window_moves_the_shared_axes_of_all_faces(view, run):
    whole = {"first": 0, "last": 22}
    windows = {"class": {"first": 2, "last": 6}, "layer": whole, "time": {"first": 20, "last": 60}}
    do(view, type="window", windows=windows)
    assert view.state.cube_classes == (2, 6)
    assert view.state.cube_layers is None
    assert view.selection.window == (int(run.iterations[20]), int(run.iterations[59]))
    cube = view.cube
    assert (cube.top["width"], cube.front["width"]) == (4, 4)
    assert (cube.top["height"], cube.side["width"]) == (40, 40)
    do(view, type="whole")
    assert view.selection.window is None
    assert view.cube.front["width"] == 10


def test_a_pick_from_elsewhere_is_brought_into_the_window(view):
    view.state.cube_classes = (0, 4)
    view.selection.classes = ["8"]
    first, last = view.state.cube_classes
    assert last - first == 4
    assert first <= 8 < last
    assert view.cube.view["class"]["first"] == first


def test_a_row_of_the_table_picks_its_triple_and_its_filter(view):
    triple = view.triples[2]
    view.links.event = {"place": 2, "what": "cell", "count": 1}
    selection = view.selection
    assert selection.iterations == [triple.iteration]
    assert (selection.classes, selection.nodes) == ([triple.class_], [triple.layer])
    assert view.links.picked == 2
    view.links.event = {"place": 2, "what": "filter", "count": 2}
    assert selection.filters == [[triple.parameter, triple.filter]]
    assert view.state.cube_layer == triple.layer


def test_a_picked_iteration_sends_marks_and_its_slice_alone(view, run):
    sent = set()
    names = [name for name in view.cube.param if name not in ("name", "event")]
    view.cube.param.watch(lambda *events: sent.update(event.name for event in events), names)
    view.selection.iterations = [int(run.iterations[100])]
    assert sent == {"picks", "slices", "front", "description"}
    assert view.cube.picks["time"] == 100
    images, filters = run.stored("classes/left")[4], run.array("cube/anomalous_filters")
    sliced = filters[:, 100:101] @ (images[:, 100:101] > 0).T
    np.testing.assert_array_equal(values_of(view.cube.front), sliced)


def test_at_an_iteration_the_measure_says_so_and_cannot_be_chosen(view, run):
    view.state.association = "association"
    assert view.measure.visible
    assert not view.sliced_measure.visible
    view.selection.iterations = [int(run.iterations[100])]
    assert not view.measure.visible
    assert view.sliced_measure.visible
    assert view.sliced_measure.disabled
    assert view.sliced_measure.options == [f"together at {run.iterations[100]:,}"]
    assert "no rank correlation" in view.sliced_measure.description
    assert view.cube.front["label"] == "anomalous filters"
    # Outside of the window the pick slices nothing.
    view.selection.window = (int(run.iterations[0]), int(run.iterations[50]))
    assert view.measure.visible
    assert view.cube.front["label"] == "rank correlation"
    view.selection.param.update(window=None, iterations=[])
    assert view.measure.visible
    assert view.state.association == "association"


def test_the_state_of_the_cube_is_part_of_the_link(run):
    page, again = linked(), linked()
    view = view_of(run, page)
    view.state.param.update(
        cube_flat=100, cube_order="anomaly", cube_classes=(1, 5), cube_layer="conv1"
    )
    again.from_query(page.to_query())
    other = view_of(run, again)
    assert other.cube.flat == 100
    assert other.cube.view == view.cube.view
    assert other.cube.items == view.cube.items


def test_links_that_name_nothing_leave_the_cube_whole(run):
    page = linked()
    page.from_query('ul=none&uc=none&cc=[5,2]&cl=[900,1000]&cf=50&n=["gone"]&c=["gone"]')
    view = view_of(run, page)
    assert view.cube.slices == []
    assert view.cube.view["class"]["last"] > view.cube.view["class"]["first"]
    assert "Cube of" in view.cube.description


def test_the_table_of_numbers_is_the_front_face(view, run):
    table = view.table()
    assert list(table.columns) == ["layer", "class", "anomalous_filters"]
    row = table[(table["layer"] == "conv1") & (table["class"] == "7")]
    assert row["anomalous_filters"].item() == values_of(view.cube.front)[0, 7]
    view.state.association = "association"
    assert {"rank_correlation", "p_value", "q_value"} <= set(view.table().columns)


def test_a_class_is_called_a_class_once():
    assert named_class("3") == "class 3"
    assert named_class("class 0007") == "class 0007"
