"""The cube's faces are counts that a loop over the store gives too, whole, sliced and unfolded."""

import numpy as np
import pytest
from examples_truth import RESET_ITERATION, RESET_PARAMETER, SPIKE_ITERATION
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from deeptracker.dashboard.data.cube_numbers import images_by_flips, layer_names
from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.dashboard.data.strongest_cells import strongest
from deeptracker.dashboard.views.correlation import cube_axis
from deeptracker.dashboard.views.correlation.cube_axis import Axis, binned, binned_by, binned_where
from deeptracker.dashboard.views.correlation.cube_choice import CubeChoice, picks_of
from deeptracker.dashboard.views.correlation.cube_faces import faces_of
from deeptracker.dashboard.views.correlation.view import CorrelationView
from deeptracker.dashboard.views.registry import linked
from deeptracker.pipeline.measures.outcomes import anomalies


def chosen(**values):
    return CubeChoice.of(*linked(**values).of(CorrelationView))


@pytest.fixture
def counts(run):
    """Anomalous images [class_, iteration] (left rule, k = 5) and filters [layer, iteration]."""
    return run.stored("classes/left")[4], run.array("cube/anomalous_filters")


def test_whole_faces_are_the_stored_counts(run, counts):
    images, filters = counts
    faces = faces_of(run, chosen())
    np.testing.assert_array_equal(faces.top, images)
    np.testing.assert_array_equal(faces.side, filters)
    assert faces.top_kept.all()
    assert faces.side_kept.all()


@pytest.mark.parametrize(("rule", "window"), [("left", 1), ("right", 5), ("full", 3)])
def test_the_front_counts_filters_where_the_class_is_anomalous(run, rule, window):
    images = run.stored(f"classes/{rule}")[window - 1]
    filters = run.array("cube/anomalous_filters")
    front = faces_of(run, chosen(rule=rule, anomaly_window=window)).front.values
    for layer in range(len(filters)):
        for class_ in range(len(images)):
            together = sum(
                int(filters[layer, t]) for t in range(images.shape[1]) if images[class_, t] > 0
            )
            assert front[layer, class_] == together


def test_a_picked_iteration_makes_the_front_face_its_own(run, counts):
    images, filters = counts
    column = run.column(RESET_ITERATION)
    front = faces_of(run, chosen(iterations=[RESET_ITERATION])).front.values
    expected = np.outer(filters[:, column], images[:, column] > 0)
    np.testing.assert_array_equal(front, expected)
    assert expected.any()


def test_several_picked_iterations_add_up_on_the_front(run):
    both = [RESET_ITERATION, SPIKE_ITERATION]
    one, other = (faces_of(run, chosen(iterations=[i])).front.values for i in both)
    np.testing.assert_array_equal(faces_of(run, chosen(iterations=both)).front.values, one + other)


def test_a_picked_iteration_outside_the_window_slices_nothing(run):
    window = (0, 500)
    sliced = faces_of(run, chosen(window=window, iterations=[RESET_ITERATION]))
    whole = faces_of(run, chosen(window=window))
    np.testing.assert_array_equal(sliced.front.values, whole.front.values)


def test_a_picked_class_keeps_its_anomalous_iterations_of_the_side(run, counts):
    images, filters = counts
    faces = faces_of(run, chosen(classes=[run.class_names[3]]))
    np.testing.assert_array_equal(faces.side_kept, images[3] > 0)
    np.testing.assert_array_equal(faces.side, filters)
    assert 0 < faces.side_kept.sum() < images.shape[1]
    assert faces.top_kept.all()


def test_a_picked_layer_keeps_its_anomalous_iterations_of_the_top(run, counts):
    _, filters = counts
    layer = int(filters.sum(axis=1).argmax())
    faces = faces_of(run, chosen(nodes=[layer_names(run)[layer]]))
    np.testing.assert_array_equal(faces.top_kept, filters[layer] > 0)
    assert faces.side_kept.all()


def test_a_picked_block_slices_by_all_its_layers_and_a_parameter_by_its_own(run, counts):
    _, filters = counts
    names = layer_names(run)
    inside = [place for place, name in enumerate(names) if name.startswith("layer1.0.")]
    faces = faces_of(run, chosen(nodes=["layer1.0"]))
    np.testing.assert_array_equal(faces.top_kept, (filters[inside] > 0).any(axis=0))
    picks = picks_of(run, chosen(nodes=[RESET_PARAMETER, "no such node", ""]))
    assert picks.layers == [names.index("conv1")]


def test_a_window_cuts_all_faces(run, counts):
    images, filters = counts
    first, last = run.columns((1300, 1500))
    faces = faces_of(run, chosen(window=(1300, 1500)))
    np.testing.assert_array_equal(faces.top, images[:, first : last + 1])
    np.testing.assert_array_equal(faces.side, filters[:, first : last + 1])
    columns = slice(first, last + 1)
    together = filters[:, columns] @ (images[:, columns] > 0).T
    np.testing.assert_array_equal(faces.front.values, together)


def test_windows_of_classes_and_layers_cut_both_their_faces(run, counts):
    images, filters = counts
    faces = faces_of(run, chosen(cube_classes=(2, 6), cube_layers=(5, 9)))
    np.testing.assert_array_equal(faces.top, images[2:6])
    np.testing.assert_array_equal(faces.side, filters[5:9])
    whole = faces_of(run, chosen()).front.values
    np.testing.assert_array_equal(faces.front.values, whole[5:9, 2:6])


@pytest.mark.parametrize("window", [(-5, 3), (8, 400), (99, 120), (4, 4), (7, 2)])
def test_a_window_beyond_the_items_is_clipped(run, window):
    axis = faces_of(run, chosen(cube_classes=window)).classes
    assert 0 <= axis.first < axis.last <= len(run.class_names)


def test_classes_in_order_of_anomalies_have_falling_sums(run, counts):
    images, _ = counts
    faces = faces_of(run, chosen(cube_order="anomaly"))
    sums = faces.top.sum(axis=1)
    assert (np.diff(sums) <= 0).all()
    np.testing.assert_array_equal(faces.top, images[faces.classes.wholes])
    assert faces.classes.labels == [run.class_names[place] for place in faces.classes.wholes]


def test_the_filters_of_an_unfolded_layer_add_up_to_it(run):
    names = layer_names(run)
    layer = names.index("conv1")
    faces = faces_of(run, chosen(cube_layer="conv1"))
    whole = faces_of(run, chosen())
    scores = read_filters(run, RESET_PARAMETER, "anomaly_score")
    rows = np.flatnonzero((faces.layers.wholes == layer) & (faces.layers.parts >= 0))
    assert len(rows) == len(scores) == 16
    assert faces.layers.labels[rows[3]] == "filter 3"
    marks = scores > run.attributes["filter_threshold"]
    np.testing.assert_array_equal(faces.side[rows], marks)
    np.testing.assert_array_equal(faces.side[rows].sum(axis=0), whole.side[layer])
    front = faces.front.values
    np.testing.assert_array_equal(front[rows].sum(axis=0), whole.front.values[layer])
    others = np.flatnonzero(faces.layers.parts < 0)
    np.testing.assert_array_equal(front[others], whole.front.values)


def test_the_images_of_an_unfolded_class_add_up_to_it(run):
    faces = faces_of(run, chosen(cube_class="7", rule="right", anomaly_window=3))
    number = run.class_names.index("7")
    rows = np.flatnonzero(faces.classes.parts >= 0)
    images = images_by_flips(run, number)
    np.testing.assert_array_equal(faces.classes.parts[rows], images)
    label, correct = run.array("images/label"), run.stored("images/correct")[...]
    assert set(images) == set(np.flatnonzero(label == number))
    for row, image in zip(rows, images, strict=True):
        np.testing.assert_array_equal(faces.top[row], anomalies(correct[[image]], "right", 3)[0])
    at = faces.classes.place(number)
    np.testing.assert_array_equal(faces.top[rows].sum(axis=0), faces.top[at])
    filters = run.array("cube/anomalous_filters")
    expected = filters @ faces.top[rows].T
    np.testing.assert_array_equal(faces.front.values[:, rows], expected)


def test_associations_that_are_not_significant_are_marked(run):
    front = faces_of(run, chosen(association="association")).front
    np.testing.assert_array_equal(front.insignificant, run.array("cube/q_value").T > 0.05)
    np.testing.assert_allclose(front.values, run.array("cube/association").T)
    np.testing.assert_allclose(front.p_value, run.array("cube/p_value").T)


def test_filters_and_images_have_no_association(run):
    faces = faces_of(run, chosen(association="association", cube_layer="conv1", cube_class="3"))
    single = (faces.layers.parts >= 0)[:, None] | (faces.classes.parts >= 0)[None]
    np.testing.assert_array_equal(np.isnan(faces.front.values), single)
    assert faces.front.insignificant[single].all()


def test_with_fewer_cells_than_items_nothing_that_stands_out_is_lost(run, counts, monkeypatch):
    images, filters = counts
    whole = faces_of(run, chosen(association="association")).front
    monkeypatch.setattr(cube_axis, "CELLS_AT_MOST", 7)
    faces = faces_of(run, chosen(classes=[run.class_names[3]]))
    assert max(*faces.top.shape, *faces.side.shape, *faces.front.values.shape) <= 7
    assert faces.top.max() == images.max()
    kept = images[3] > 0
    for cell in range(faces.side.shape[1]):
        step = faces.time.step
        part = slice(cell * step, (cell + 1) * step)
        inside = np.flatnonzero(kept[part])
        assert faces.side_kept[cell] == bool(len(inside))
        shown = filters[:, part][:, inside] if len(inside) else filters[:, part]
        assert faces.side[:, cell].max() == shown.max()
    related = faces_of(run, chosen(association="association")).front
    assert np.abs(related.values).max() == np.abs(whole.values).max()


@given(
    values=stn.arrays(np.int64, stn.array_shapes(min_dims=2, max_dims=2, max_side=9)),
    steps=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_a_cell_holds_the_greatest_value_under_it(values, steps):
    cells = binned(values, steps)
    rows, columns = binned_by(values.astype(np.float64), steps)
    height, width = (-(-size // step) for size, step in zip(values.shape, steps, strict=True))
    assert cells.shape == rows.shape == (height, width)
    for row in range(height):
        for column in range(width):
            part = values[
                row * steps[0] : (row + 1) * steps[0], column * steps[1] : (column + 1) * steps[1]
            ]
            assert cells[row, column] == part.max()
            chosen = values[rows[row, column], columns[row, column]].astype(np.float64)
            assert chosen == part.astype(np.float64).max()


@given(
    values=stn.arrays(np.int64, (4, 9), elements=st.integers(0, 50)),
    kept=stn.arrays(np.bool_, 9),
    step=st.integers(1, 5),
)
def test_kept_columns_come_before_others_in_a_cell(values, kept, step):
    cells = binned_where(values, kept, (1, step))
    for cell in range(cells.shape[1]):
        part = slice(cell * step, (cell + 1) * step)
        inside = values[:, part][:, kept[part]]
        shown = inside if inside.shape[1] else values[:, part]
        np.testing.assert_array_equal(cells[:, cell], shown.max(axis=1))


def test_an_axis_says_which_items_share_a_cell(monkeypatch):
    monkeypatch.setattr(cube_axis, "CELLS_AT_MOST", 4)
    places = np.arange(23)
    axis = Axis.of([str(place) for place in places], places, places * 0 - 1, (3, 20))
    assert axis.step == 5
    assert [axis.items(cell) for cell in range(4)] == [
        slice(3, 8), slice(8, 13), slice(13, 18), slice(18, 20)
    ]  # fmt: skip
    assert axis.place(7) == 7
    assert axis.place(99) == -1


@pytest.mark.parametrize(("rule", "window"), [("left", 5), ("right", 2), ("full", 1)])
def test_the_strongest_cells_are_those_of_a_full_search(run, rule, window):
    images = run.stored(f"classes/{rule}")[window - 1]
    filters = run.array("cube/anomalous_filters")
    found = strongest(run, rule, window)
    product = np.einsum("ct,lt->clt", images, filters)
    best = np.sort(product.ravel())[::-1][:12]
    assert [t.images * t.filters for t in found] == best[best > 0].tolist()
    names = layer_names(run)
    for t in found:
        class_, layer = run.class_names.index(t.class_), names.index(t.layer)
        column = run.column(t.iteration)
        assert (t.images, t.filters) == (images[class_, column], filters[layer, column])
        assert t.score == pytest.approx(np.sqrt(t.images * t.filters))
        scores = read_filters(run, t.parameter, "anomaly_score")[:, column]
        assert t.parameter.startswith(t.layer)
        assert scores[t.filter] == t.filter_score == np.nanmax(scores)


def test_the_strongest_cells_mind_the_window(run):
    found = strongest(run, "left", 5, count=5)
    assert {triple.iteration for triple in found} == {SPIKE_ITERATION}
    later = strongest(run, "left", 5, (1500, 2400), count=5)
    assert later
    assert all(1500 <= triple.iteration <= 2400 for triple in later)
