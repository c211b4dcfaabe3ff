"""The selection and the states of all views as one: a link holds them, and no link breaks them."""

from typing import ClassVar

import param
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.selection.linked import Linked
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import State, together
from deeptracker.dashboard.views.registry import linked

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
KEYS = sorted(
    key for state in (linked().selection, *linked().states) for key in state.KEYS.values()
)


class Zoom(State):
    KEYS: ClassVar = {"zoom": "zo", "marks": "ma"}

    zoom = param.Number(default=1.0, bounds=(0, None))
    marks = param.List(default=[], item_type=str)


class Frame(State):
    KEYS: ClassVar = {"frame": "fa"}

    frame = param.String(default="")


@pytest.fixture
def page():
    return Linked(Selection(["one", "two"]), [Zoom(), Frame()])


def opened(query, sift=None):
    page = linked()
    page.from_query(query, sift)
    return page


@given(st.fixed_dictionaries(FIELDS))
def test_a_link_reproduces_what_is_chosen(values):
    chosen = linked(**values)
    again = opened("?" + chosen.to_query())
    assert again.selection.notice == ""
    assert again.values == chosen.values


def test_what_is_at_its_defaults_needs_no_query():
    assert linked().to_query() == ""


@given(
    st.dictionaries(st.sampled_from(KEYS), st.text(max_size=30), max_size=6).map(
        lambda pairs: "&".join(f"{key}={value}" for key, value in pairs.items())
    )
    | st.text(max_size=200)
)
def test_no_query_breaks_a_page(query):
    page = opened(query)
    assert opened(page.to_query()).values == page.values


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
    page = opened(query)
    assert f" {names[query.split('=')[0]]}." in page.selection.notice
    assert page.to_query() == ""


def test_a_long_list_of_what_is_odd_is_cut():
    page = opened(
        "&".join(f"{key}=[[" for key in ("w", "i", "c", "m", "n", "f", "k", "t", "z", "nc"))
    )
    end = "the threshold of anomalies and 2 more."
    assert page.selection.notice.endswith(end)


def test_what_does_not_exist_is_left_out_and_named():
    def sift(values):
        values["classes"] = []
        return ["class nope", "image 7"]

    selection = opened('c=["nope"]&k=x', sift).selection
    assert selection.classes == []
    assert "link: the window of the anomaly rule." in selection.notice
    assert selection.notice.endswith("This run does not have: class nope and image 7.")


def test_an_unknown_key_is_passed_over():
    selection = opened("utm_source=mail&v=layers").selection
    assert (selection.view, selection.notice) == ("layers", "")


def test_a_link_may_name_parameters_in_full():
    page = opened("view=correlation&iterations=[40,80]")
    assert (page.selection.view, page.selection.iterations) == ("correlation", [40, 80])
    assert page.to_query() == "v=correlation&i=[40,80]"


def test_a_second_link_takes_back_what_the_first_set():
    page = opened("v=layers&i=[5]&cs=1")
    page.from_query("v=weights")
    assert (page.selection.view, page.selection.iterations) == ("weights", [])
    assert page.to_query() == "v=weights"


def test_keys_that_no_order_names_follow_in_the_order_of_the_states():
    states = [Zoom(zoom=2.0, marks=["a"]), Frame(frame="wide")]
    page = Linked(Selection(["one", "two"]), states, ["fa", "v"])
    page.update(view="two", threshold=3)
    assert page.to_query() == "fa=wide&v=two&t=3&zo=2.0&ma=[%22a%22]"


def test_a_request_shows_a_view_with_values_of_any_state(page):
    page.selection.open("two", zoom=3.0, frame="wide", iterations=[40])
    assert page.to_query() == "v=two&i=[40]&zo=3.0&fa=wide"


def test_a_request_may_go_on_from_the_present_value(page):
    page.update(marks=["a"])
    for _ in range(2):
        page.selection.open("two", marks=lambda present: [*present, "b"])
    assert page.values["marks"] == ["a", "b", "b"]


def test_a_request_for_what_no_state_has_is_refused(page):
    with pytest.raises(ValueError, match="width"):
        page.selection.open("two", width=3)


def test_watchers_are_called_when_the_values_of_all_states_are_set(page):
    seen = []
    zoom, _ = page.states
    page.selection.param.watch(lambda _: seen.append(("view", zoom.zoom)), "view")
    zoom.param.watch(lambda _: seen.append(("zoom", page.selection.view)), "zoom")
    page.selection.open("two", zoom=3.0)
    assert seen == [("zoom", "two"), ("view", 3.0)]


def test_states_that_change_together_are_heard_of_when_both_have_changed(page):
    seen = []
    page.watch(lambda: seen.append(page.to_query()))
    zoom, frame = page.states
    with together(zoom, frame):
        zoom.zoom = 2.0
        frame.frame = "wide"
    assert set(seen) == {"zo=2.0&fa=wide"}


def test_two_states_that_a_link_could_not_tell_apart_are_refused():
    class Other(State):
        KEYS: ClassVar = {"zoomed": "zo"}

        zoomed = param.Boolean(default=False)

    with pytest.raises(ValueError, match=r"Other and Zoom both have .* key zo"):
        Linked(Selection(), [Zoom(), Other()])
