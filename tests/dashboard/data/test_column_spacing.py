"""Columns stand evenly, or at their iterations, and every one of them keeps a pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.data.column_spacing import Spacing, runs_of

RISING = st.lists(st.integers(0, 5000), min_size=2, max_size=60, unique=True).map(sorted)


def test_true_edges_are_half_way_between_iterations_and_ordinal_ones_are_even():
    true = Spacing.of([0, 10, 40, 50], "true")
    np.testing.assert_array_equal(true.edges, [-5, 5, 25, 45, 55])
    assert true.centre(2) == 40
    ordinal = Spacing.of([0, 10, 40, 50], "ordinal")
    np.testing.assert_array_equal(ordinal.edges, [0, 1, 2, 3, 4])
    assert ordinal.centre(2) == 2.5


def test_one_iteration_is_ordinal():
    assert not Spacing.of([700], "true").is_true


@given(iterations=RISING, share=st.floats(0, 1))
def test_a_place_leads_back_to_its_column(iterations, share):
    for spacing in (Spacing.of(iterations, "true"), Spacing.of(iterations, "ordinal")):
        column = share * len(iterations)
        assert abs(spacing.column(spacing.place(column)) - column) < 1e-6


def test_as_many_cells_as_show_every_edge_exactly():
    spacing = Spacing.of([0, 10, 40, 50], "true")
    # From -5 to 55 by tens.
    assert spacing.cells(np.arange(5.0), 1400) == 6
    assert spacing.cells(np.arange(5.0), 4) == 4


@given(iterations=RISING, pixels=st.integers(1, 200))
def test_no_column_is_lost_and_a_pixel_holds_the_one_under_its_middle(iterations, pixels):
    edges = Spacing.of(iterations, "true").edges
    runs = runs_of(edges, pixels)
    shown = {column for first, last in runs for column in range(first, last + 1)}
    assert shown == set(range(len(iterations)))
    middles = edges[0] + (np.arange(pixels) + 0.5) * (edges[-1] - edges[0]) / pixels
    for (first, last), middle in zip(runs, middles, strict=True):
        assert edges[first] <= middle + 1e-6
        assert middle <= edges[last + 1] + 1e-6
