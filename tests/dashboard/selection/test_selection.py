"""A link holds the selection, and no link can break the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.selection.selection import KEYS, Selection

NAMES = st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
FIELDS = {
    "view": st.sampled_from(["validation", "layers", "weights", "correlation", "info"]),
    "window": st.none() | st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
    "iterations": st.lists(st.integers(0, 10**9), max_size=4),
    "classes": st.lists(NAMES, max_size=3),
    "images": st.lists(st.integers(0, 50_000), max_size=3),
    "nodes": st.lists(NAMES, max_size=3),
    "filters": st.lists(st.tuples(NAMES, st.integers(0, 4096)).map(list), max_size=3),
    "rule": st.sampled_from(["left", "right", "full"]),
    "anomaly_window": st.integers(1, 50),
    "threshold": st.integers(1, 1000),
    "open_classes": st.lists(NAMES, max_size=3),
    "open_nodes": st.none() | st.lists(NAMES, max_size=3),
    "class_order": st.sampled_from(["name", "error", "anomaly", "similarity"]),
    "common_scale": st.booleans(),
    "log_scale": st.booleans(),
    "raster": NAMES,
    "raster_range": st.none() | st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
}


@given(st.fixed_dictionaries(FIELDS))
def test_a_link_reproduces_the_selection(values):
    chosen = Selection(**values)
    again = Selection()
    again.from_query("?" + chosen.to_query())
    assert again.notice == ""
    assert {name: getattr(again, name) for name in KEYS} == {
        name: getattr(chosen, name) for name in KEYS
    }


def test_a_selection_at_its_defaults_needs_no_query():
    assert Selection().to_query() == ""


@given(
    st.dictionaries(st.sampled_from(sorted(KEYS.values())), st.text(max_size=30), max_size=6).map(
        lambda pairs: "&".join(f"{key}={value}" for key, value in pairs.items())
    )
    | st.text(max_size=200)
)
def test_no_query_breaks_the_selection(query):
    selection = Selection()
    selection.from_query(query)
    again = Selection()
    again.from_query(selection.to_query())
    assert all(getattr(again, name) == getattr(selection, name) for name in KEYS)


@pytest.mark.parametrize(
    "query",
    ["k=51", "k=0", "r=middle", "i=[1.5]", "w=[1]", "w=[1,null]", 'f=[["a"]]', "cs=yes", "i=[[["],
)
def test_what_is_out_of_bounds_is_left_out_and_named(query):
    names = {
        "k": "the window of the anomaly rule",
        "r": "rule",
        "i": "iterations",
        "w": "the window of iterations",
        "f": "filters",
        "cs": "common scale",
    }
    selection = Selection()
    selection.from_query(query)
    assert f" {names[query.split('=')[0]]};" in selection.notice
    assert selection.to_query() == ""


def test_a_long_list_of_what_is_odd_is_cut():
    selection = Selection()
    selection.from_query(
        "&".join(f"{key}=[[" for key in ("w", "i", "c", "m", "n", "f", "k", "t", "z", "nc"))
    )
    assert selection.notice.endswith("the threshold of anomalies and 2 more; that was left out.")


def test_what_does_not_exist_is_left_out_and_told():
    def sift(values):
        values["classes"] = []
        return ["class nope", "image 7"]

    selection = Selection()
    selection.from_query('c=["nope"]&k=x', sift)
    assert selection.classes == []
    assert "odd of the window of the anomaly rule;" in selection.notice
    assert selection.notice.endswith("what this run does not have: class nope and image 7.")


def test_an_unknown_key_is_passed_over():
    selection = Selection()
    selection.from_query("utm_source=mail&v=layers")
    assert (selection.view, selection.notice) == ("layers", "")


def test_a_link_may_name_parameters_in_full():
    selection = Selection()
    selection.from_query("view=correlation&iterations=[40,80]")
    assert (selection.view, selection.iterations) == ("correlation", [40, 80])
    assert selection.to_query() == "v=correlation&i=[40,80]"


def test_a_second_link_takes_back_what_the_first_set():
    selection = Selection()
    selection.from_query("v=layers&i=[5]")
    selection.from_query("v=weights")
    assert (selection.view, selection.iterations) == ("weights", [])


def test_toggling_picks_adds_and_drops():
    selection = Selection()
    selection.toggle("classes", "cat")
    selection.toggle("classes", "dog", add=True)
    assert selection.classes == ["cat", "dog"]
    selection.toggle("classes", "dog")
    assert selection.classes == ["dog"]
    selection.toggle("classes", "dog")
    assert selection.classes == []
