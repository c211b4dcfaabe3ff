"""The selection picks and drops, knows no view by itself, and asks the page to open one."""

import pytest

from deeptracker.dashboard.selection.selection import Selection


def test_toggling_picks_adds_and_drops():
    selection = Selection()
    selection.toggle("classes", "cat")
    selection.toggle("classes", "dog", add=True)
    assert selection.classes == ["cat", "dog"]
    selection.toggle("classes", "dog")
    assert selection.classes == ["dog"]
    selection.toggle("classes", "dog")
    assert selection.classes == []


def test_the_first_views_of_a_page_are_those_shown():
    selection = Selection(["layers", "weights", "info"])
    assert (selection.view, selection.second) == ("layers", "weights")
    assert (selection.param["view"].default, selection.param["second"].default) == (
        "layers",
        "weights",
    )


def test_a_page_of_one_view_has_it_in_both_panes():
    selection = Selection(["info"])
    assert (selection.view, selection.second) == ("info", "info")


def test_a_view_that_the_page_does_not_have_is_refused():
    with pytest.raises(ValueError, match="weights"):
        Selection(["layers", "info"]).view = "weights"


@pytest.mark.parametrize("filters", [[["a"]], [["a", "b"]], [["a", True]], ["a"], [[1, 2]]])
def test_what_is_no_filter_is_refused(filters):
    with pytest.raises(ValueError, match="filters"):
        Selection(filters=filters)


def test_a_copy_has_the_same_values_and_hears_of_no_later_change():
    selection = Selection(["layers", "info"], view="info", iterations=[40], dark=True)
    copy = selection.copied()
    selection.iterations = [80]
    assert (copy.view, copy.iterations, copy.dark) == ("info", [40], True)
    with pytest.raises(ValueError, match="weights"):
        copy.view = "weights"
