"""The cube's faces are counts that a loop over the store gives too."""

import numpy as np
import pytest
from examples_truth import RESET_ITERATION, SPIKE_ITERATION

from dashboard.cubedata import faces_of, layer_names, strongest
from dashboard.selection import Selection


@pytest.fixture
def counts(run):
    """Anomalous images [class_, iteration] (left rule, k = 5) and filters [layer, iteration]."""
    return run.stored("classes/left")[4], run.array("cube/anomalous_filters")


def test_whole_faces_are_the_stored_counts(run, counts):
    images, filters = counts
    faces = faces_of(run, Selection())
    np.testing.assert_array_equal(faces.top, images)
    np.testing.assert_array_equal(faces.side, filters)


def test_the_front_counts_filters_where_the_class_is_anomalous(run, counts):
    images, filters = counts
    front = faces_of(run, Selection()).front
    for layer in range(len(filters)):
        for class_ in range(len(images)):
            together = sum(
                int(filters[layer, t]) for t in range(images.shape[1]) if images[class_, t] > 0
            )
            assert front[layer, class_] == together


def test_a_picked_iteration_makes_the_front_face_its_own(run, counts):
    images, filters = counts
    column = run.column(RESET_ITERATION)
    front = faces_of(run, Selection(iterations=[RESET_ITERATION])).front
    expected = np.outer(filters[:, column], images[:, column] > 0)
    np.testing.assert_array_equal(front, expected)
    assert expected.any()


def test_a_picked_class_keeps_its_anomalous_iterations_of_the_side(run, counts):
    images, filters = counts
    side = faces_of(run, Selection(classes=[run.class_names[3]])).side
    for column in range(images.shape[1]):
        if images[3, column] > 0:
            np.testing.assert_array_equal(side[:, column], filters[:, column])
        else:
            assert np.isnan(side[:, column]).all()


def test_a_picked_layer_keeps_its_anomalous_iterations_of_the_top(run, counts):
    _, filters = counts
    layer = int(filters.sum(axis=1).argmax())
    top = faces_of(run, Selection(nodes=[layer_names(run)[layer]])).top
    kept = ~np.isnan(top).all(axis=0)
    np.testing.assert_array_equal(kept, filters[layer] > 0)


def test_a_window_cuts_all_faces(run, counts):
    images, filters = counts
    first, last = run.columns((1300, 1500))
    faces = faces_of(run, Selection(window=(1300, 1500)))
    np.testing.assert_array_equal(faces.top, images[:, first : last + 1])
    np.testing.assert_array_equal(faces.side, filters[:, first : last + 1])


def test_associations_that_are_not_significant_are_marked(run):
    faces = faces_of(run, Selection(association="association"))
    np.testing.assert_array_equal(faces.insignificant, run.array("cube/q_value").T > 0.05)
    np.testing.assert_allclose(faces.front, run.array("cube/association").T, equal_nan=True)


def test_the_strongest_cells_are_those_of_a_full_search(run, counts):
    images, filters = counts
    found = strongest(run, Selection(), 12)
    product = np.einsum("ct,lt->clt", images, filters)
    best = np.sort(product.ravel())[::-1][:12]
    assert [t.images * t.filters for t in found] == best.tolist()
    assert {triple.iteration for triple in found} == {SPIKE_ITERATION}
