"""Series against their own past."""

import numpy as np

from deeptracker.pipeline.measures.own_past import (
    beginnings,
    median_before,
    spread_before,
    stretches,
)


def test_stretches_are_runs_of_marks_with_their_lengths():
    marks = np.array([True, True, False, True, False, False, True, True, True])
    assert stretches(marks) == [(0, 2), (3, 1), (6, 3)]
    assert beginnings(marks) == [0, 3, 6]
    assert stretches(np.zeros(4, bool)) == []


def test_what_was_usual_is_the_median_of_the_values_before_and_needs_five():
    values = np.array([3.0, 1, 2, np.nan, 5, 4, 100, 7])
    usual = median_before(values, 6)
    assert np.isinf(usual[:6]).all()
    # Before the seventh value five are known; the spread is that of their distances from 3.
    assert usual[6] == 3
    assert usual[7] == np.median([1, 2, 5, 4, 100])
    spread = spread_before(values, 6)
    assert (spread[:6] == 0).all()
    assert spread[6] == np.float64(1.4826) * 1
