"""The registry names every view of the page, and nothing below it names one."""

import ast
import json
from pathlib import Path

import pytest

from deeptracker.dashboard.selection.state import State
from deeptracker.dashboard.views.registry import FIRST_KEYS, TIMELINE, VIEWS, linked, view_class

DASHBOARD = Path(__file__).parents[3] / "dashboard"
PINNED = json.loads((Path(__file__).parents[1] / "selection" / "thirty_links.json").read_text())


@pytest.mark.parametrize("location", [*VIEWS.values(), TIMELINE])
def test_a_view_says_what_it_is_and_which_states_it_takes(location):
    view = view_class(location)
    assert view.title
    assert view.tip
    assert view.about
    assert all(issubclass(state, State) and state.KEYS for state in view.states)


def test_a_view_may_lie_in_a_package_of_its_own():
    whole = "deeptracker.dashboard.views.info.view:InfoView"
    assert view_class(whole) is view_class(VIEWS["info"])


def test_the_selection_and_the_states_hold_every_parameter_of_a_link_once():
    page = linked()
    assert sorted(page.values) == sorted(row["name"] for row in PINNED["parameters"])


def test_the_first_keys_of_a_link_are_those_that_links_have_had():
    assert FIRST_KEYS.split() == [row["key"] for row in PINNED["parameters"]]


def test_views_that_share_a_state_are_given_the_same_one():
    page = linked()
    layers, weights = (page.of(view_class(VIEWS[name])) for name in ("layers", "weights"))
    assert layers[0] is weights[0] is page.selection
    assert layers[2] is weights[2]


@pytest.mark.parametrize(
    "path", sorted((DASHBOARD / "selection").glob("*.py")), ids=lambda path: path.name
)
def test_the_room_of_the_selection_names_no_view(path):
    words = {
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert words.isdisjoint({*VIEWS, "timeline"})
