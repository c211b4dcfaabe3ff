"""A link's picks are held against the run: what it does not have is dropped and told."""

from urllib.parse import quote

import pytest

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.shell.link_check import sift_picks
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.dashboard.views.registry import linked

STRANGERS = {
    "iterations": ([777], "iteration 777"),
    "classes": (["nope"], "class nope"),
    "images": ([99999, -1], "image 99,999 and image -1"),
    "nodes": (["what"], "layer what"),
    "filters": ([["zz", 1], ["conv1.weight", 16], ["bn1.weight", 0]], "filter 16 of conv1.weight"),
    "raster": ("abc", "parameter abc"),
    "scalars": (["what_loss"], "scalar what_loss"),
    "open_classes": (["nope", "3"], "unfolded class nope"),
    "open_nodes": (["what"], "unfolded layer what"),
    "closed_nodes": (["what"], "folded layer what"),
    "cube_class": ("nope", "unfolded class nope"),
    "cube_layer": ("what", "unfolded layer what"),
    "window": ((9000, 9999), "iterations 9,000 to 9,999"),
}
# What a link names beside a stranger, and stays.
LEFT = {"open_classes": ["3"]}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_pick_that_the_run_does_not_have_is_dropped_and_told(run, name):
    value, told = STRANGERS[name]
    page = RunPage(run, linked(**{name: value}).to_query())
    assert (page.linked.values[name] or None) == LEFT.get(name)
    assert told in page.selection.notice
    assert page.chips.chips == []
    assert page.notice.visible
    page._close_notice()
    assert not page.notice.visible


def test_picks_that_the_run_has_stay(run):
    picks = {
        "iterations": [1400],
        "classes": ["3"],
        "images": [0, 596],
        "nodes": ["", "layer1.0"],
        "filters": [["conv1.weight", 15]],
        "raster": "bn1.weight",
        "raster_range": (0.0, 9.0, 0.0, 16.0),
        "window": (2300.0, 9999.0),
        "scalars": ["train_loss"],
        "open_classes": ["3"],
        "open_nodes": ["layer1"],
        "closed_nodes": [],
        "cube_class": "3",
        "cube_layer": "layer1.0",
    }
    kept = dict(picks)
    assert sift_picks(run, kept, linked().states) == []
    assert kept == picks


def test_a_link_that_unfolds_nothing_leaves_the_usual_ones_unfolded(run):
    assert RunPage(run, "v=layers").linked.values["open_nodes"] is None


def test_a_notice_is_shown_as_words_whatever_a_link_holds(run):
    page = RunPage(run, "c=" + quote('["<b>bold</b>"]'))
    assert "&lt;b&gt;bold" in page.notice_text.object


def test_one_iteration_is_told_as_one(run, monkeypatch):
    page = RunPage(run)
    assert page.header.facts["iterations"] == "141 iterations recorded, 0 to 2,400"
    recorded = run.iterations[4:5]
    monkeypatch.setattr(Run, "iterations", recorded)
    page._write_header()
    last = f"{int(run.iterations[0]):,}"
    assert page.header.facts["iterations"] == f"1 iteration recorded, {last}"
    assert page.header.shown == f"iteration {last}"
