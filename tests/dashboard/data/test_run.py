"""Iterations become columns, and nodes are found by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.similarity import similarity_order
from deeptracker.errors import StoreError


@given(st.tuples(st.integers(-100, 3000), st.integers(-100, 3000)))
def test_a_window_holds_the_iterations_inside_it(run, window):
    first, last = run.columns(window)
    low, high = sorted(window)
    inside = [n for n, it in enumerate(run.iterations) if low <= it <= high]
    assert 0 <= first <= last < len(run.iterations)
    if inside:
        assert (first, last) == (inside[0], inside[-1])
    else:
        assert first == last


def test_an_iteration_without_a_column_has_none(run):
    assert run.column(1400) is not None
    assert run.column(1401) is None
    assert run.picked_columns([1400, 1401, 10**9]) == [run.column(1400)]


def test_filtered_parameters_are_those_below_a_node(run):
    assert run.filtered_parameters(run.node("layer1.0")) == [
        "layer1.0.conv1.weight",
        "layer1.0.conv2.weight",
        "layer1.0.conv3.weight",
    ]
    assert run.node("layer9") is None


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match=str(tmp_path)):
        Run(str(tmp_path))


@given(st.integers(1, 12), st.integers(0, 2**31))
def test_similar_series_become_neighbours(copies, seed):
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(3), copies)
    rng.shuffle(kinds)
    series = kinds[:, None] * 10.0 + rng.normal(0, 0.01, (len(kinds), 5))
    order = similarity_order(series)
    assert sorted(order) == list(range(len(series)))
    ordered = kinds[order]
    assert (np.diff(ordered) != 0).sum() == 2
