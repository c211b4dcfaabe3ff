"""Scalars become curves: smoothed as a sum says, thinned without losing an extreme."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.data.scalar_curve import curve, shade_of, smoothed


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60),
    st.floats(0.01, 0.98),
)
def test_the_moving_average_is_the_weighted_mean_of_the_past(values, weight):
    values = np.array(values)
    for place, found in enumerate(smoothed(values, weight)):
        weights = weight ** np.arange(place, -1, -1.0)
        assert found == pytest.approx(
            (weights * values[: place + 1]).sum() / weights.sum(), abs=1e-6
        )


def test_thinning_keeps_the_one_spike_of_a_long_log():
    recorded = np.arange(1, 200_001)
    values = np.ones(200_000)
    values[123_456], values[54_321] = 50.0, -7.0
    iterations = np.arange(0, 200_001, 1000)
    found = curve(recorded, values, iterations, (0, 200), most=1000)
    assert found.was_thinned
    assert len(found.places) <= 1000
    assert (found.values.max(), found.values.min()) == (50.0, -7.0)
    assert found.places[found.values.argmax()] == pytest.approx(recorded[123_456] / 1000)
    assert (np.diff(found.places) > 0).all()


def test_a_window_of_a_long_log_is_drawn_finer_than_the_whole():
    recorded = np.arange(1, 200_001)
    values = np.sin(recorded / 50.0)
    iterations = np.arange(0, 200_001, 1000)
    whole = curve(recorded, values, iterations, (0, 200), most=1000)
    near = curve(recorded, values, iterations, (100, 103), most=10_000)
    inside = (whole.places >= 100) & (whole.places <= 103)
    assert len(near.places) > 20 * inside.sum()
    assert near.places.min() < 99.5
    assert near.places.max() > 103.5


def test_a_scalar_between_snapshots_stands_between_their_columns():
    iterations = np.array([0, 10, 110])
    found = curve(np.array([0, 5, 10, 60, 110]), np.arange(5.0), iterations, (0, 2))
    assert found.places.tolist() == [0, 0.5, 1, 1.5, 2]
    assert not found.was_thinned


def test_values_that_were_not_recorded_are_left_out():
    found = curve(np.array([0, 1, 2]), np.array([1.0, np.nan, 3.0]), np.arange(3), (0, 2), 0.5)
    assert found.values.tolist() == [1.0, 3.0]
    assert found.smooth.tolist() == pytest.approx([1.0, (0.5 + 3.0) / 1.5])


def test_scalars_about_a_lone_snapshot_fill_its_column_in_their_order():
    found = curve(np.array([10, 15, 30]), np.arange(3.0), np.array([10]), (0, 0))
    assert found.places.tolist() == [0, 0.125, 0.5]
    assert curve(np.array([10]), np.ones(1), np.array([10]), (0, 0)).places.tolist() == [0]


def test_a_scalar_s_colour_says_what_it_was_measured_on():
    assert shade_of("train_loss") == shade_of("train_error") != shade_of("validation_error")
    assert shade_of("validation_loss") == shade_of("validation_error") == shade_of("val_accuracy")
