"""Components of the page: what each does with what a person does."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from panel.custom import JSComponent

import deeptracker.dashboard
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.dashboard.widgets.modules import joined


@pytest.fixture(scope="module")
def components():
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(deeptracker.dashboard.__path__, "deeptracker.dashboard.")
    ]
    values = [value for module in modules for value in vars(module).values()]
    return {
        value
        for value in values
        if isinstance(value, type) and issubclass(value, JSComponent) and value._esm
    }


def test_an_event_of_every_component_is_acted_on_without_a_wait(components):
    acting = [each for each in components if "event" in each.param]
    assert len(acting) > 8
    slow = [each.__name__ for each in acting if each._debounce]
    assert slow == []


def test_every_component_is_drawn_by_the_script_of_its_own_name_beside_it(components):
    assert len(components) > 12
    for each in components:
        script = Path(inspect.getfile(each)).with_suffix(".js")
        assert re.search(r"^export function render\(", script.read_text(), re.MULTILINE), script
        assert each._esm == joined(script)


def test_a_chip_drops_what_it_names_and_one_that_is_gone_drops_nothing(run):
    page = RunPage(run, 'w=[1200,2000]&i=[1400,1500]&c=["3"]&f=[["conv1.weight",5]]')
    shown = page.chips.chips
    assert shown == [
        "iterations 1,200 to 2,000",
        "iteration 1,400",
        "iteration 1,500",
        "class 3",
        "conv1.weight filter 5",
    ]
    page.chips.event = {"place": 2, "shown": shown[2], "count": 1}
    assert page.selection.iterations == [1400]
    # A second click that was on its way when the list moved up.
    page.chips.event = {"place": 2, "shown": shown[2], "count": 2}
    assert page.selection.classes == ["3"]
    page.chips.event = {"place": 0, "shown": shown[0], "count": 3}
    assert page.selection.window is None
