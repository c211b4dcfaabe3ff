"""What a page reads when it is made is read before, on a thread."""

import shutil

import pytest

from deeptracker.dashboard.data.background import Latest, filling_cache
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.dashboard.views.registry import VIEWS


@pytest.mark.parametrize("view", VIEWS)
def test_a_prepared_page_is_made_without_its_store(digits_store, tmp_path, view):
    store = tmp_path / "digits.dtstore"
    shutil.copytree(digits_store, store)
    run = Run(str(store))
    assert RunPage.prepare(run, f"v={view}") == {}
    store.rename(tmp_path / "away")
    with filling_cache():  # what views find on threads is not part of making them
        page = RunPage(run, f"v={view}")
    assert page.timeline.failure is None
    assert page.frames[view].failure is None
    assert page.frames[view].view is not None


def test_a_view_that_could_not_be_prepared_says_so_and_is_not_tried_again(digits_store, tmp_path):
    store = tmp_path / "digits.dtstore"
    shutil.copytree(digits_store, store)
    run = Run(str(store))
    assert len(run.iterations)
    store.rename(tmp_path / "away")
    met = RunPage.prepare(run, "v=layers")
    assert {"Timeline", "Layers"} <= met.keys()
    (tmp_path / "away").rename(store)
    page = RunPage(run, "v=layers", view_errors=met)
    assert page.frames["layers"].failure is met["Layers"]
    assert "could not be drawn" in page.frames["layers"].place.objects[0].object
    page.frames["layers"].place.objects[1].clicks += 1
    assert page.frames["layers"].view is not None


def test_a_rehearsal_finds_nothing():
    with filling_cache():
        Latest().find(pytest.fail, pytest.fail)
