"""A view that is opened when its store is lost says that, and keeps the trace for a report."""

import shutil

from deeptracker.dashboard.data import commits
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.shell.page import RunPage


def test_a_view_of_a_lost_store_says_so_in_a_sentence(digits_store, tmp_path, monkeypatch):
    monkeypatch.setattr(commits, "CHECK_SECONDS", 0.0)
    store = tmp_path / "digits.dtstore"
    shutil.copytree(digits_store, store)
    page = RunPage(Run(str(store)), "v=validation")
    store.rename(tmp_path / "away")
    page.selection.view = "layers"
    told = page.frames["layers"].place.objects[0].object
    shown, folded = told.split("<details>")
    assert "<h3>This run cannot be shown</h3>" in shown
    assert f"The store is expected at <code>{store}</code>" in shown
    assert "icechunk" not in shown
    assert "Details for a bug report" in folded
    assert "Traceback" in folded
    page.follow()
    assert page.header.live["state"] == "lost"
    assert "there is no such store" in page.header.live["title"]
    assert "icechunk" not in page.header.live["title"]
    (tmp_path / "away").rename(store)
    page.frames["layers"].place.objects[1].clicks += 1
    assert page.frames["layers"].view is not None


def test_of_an_error_with_a_trace_of_its_own_the_first_line_is_told(run, monkeypatch):
    def stumble():
        raise RuntimeError("the disk is full\n  |-> at block 7\n  `-> of 9")

    page = RunPage(run)
    monkeypatch.setattr(page.frames["layers"], "_make", stumble)
    page.selection.view = "layers"
    shown, folded = page.frames["layers"].place.objects[0].object.split("<details>")
    assert "<p>the disk is full</p>" in shown
    assert "at block 7" in folded
