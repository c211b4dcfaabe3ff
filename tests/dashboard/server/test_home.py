"""The page that lists the runs."""

import shutil

import numpy as np
import pytest

from deeptracker.dashboard.data import commits
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.server.home import Home
from deeptracker.dashboard.server.home_row import row_cells


def cells_of(run):
    header, table = Home({"digits": run.location}).panel().objects
    assert header.facts["iterations"] == "1 run"
    titles = [column["title"] for column in table.columns]
    (row,) = table.rows
    return dict(zip(titles, row, strict=True))


def test_a_row_tells_what_a_run_holds(run):
    cells = cells_of(run)
    assert cells["run"] == {"value": "digits", "href": "./digits"}
    assert cells["network"] == "DigitsResNet"
    assert cells["iterations"] == len(run.iterations)
    assert cells["weights"] == 15034
    assert cells["classes"] == 10
    found = len(run.array("incidents/title"))
    assert found > 1
    assert cells["incidents"]["counts"] == {"warning": f"{found} warnings"}


@pytest.mark.parametrize(
    ("title", "name"), [("loss", "validation_loss"), ("error", "validation_error")]
)
def test_a_curve_ends_at_the_last_value_and_fills_its_square(run, title, name):
    cell = cells_of(run)[title]
    values = run.array(f"scalars/{name}")
    last = values[np.isfinite(values)][-1]
    assert cell["value"] == pytest.approx(float(last))
    assert name.replace("_", " ") in cell["title"]
    points = np.array(cell["points"])
    assert points.min(axis=0).tolist() == [0, 0]
    assert points.max(axis=0).tolist() == [1, 1]
    assert (np.diff(points[:, 0]) > 0).all()


def test_without_the_scalar_the_error_is_that_of_the_outcomes(run, monkeypatch):
    recorded = row_cells(run)[5]
    monkeypatch.setattr(Run, "scalar_names", lambda _: [])
    cells = row_cells(run)
    assert cells[4] is None
    assert "of the outcomes" in cells[5]["title"]
    assert cells[5]["value"] == pytest.approx(recorded["value"], abs=1e-6)


def test_a_store_that_is_gone_has_a_line_that_says_so(run, tmp_path):
    gone = str(tmp_path / "gone.dtstore")
    _, table = Home({"digits": run.location, "gone": gone}).panel().objects
    assert table.rows[1][0] == {"value": "gone", "href": "./gone"}
    assert len(table.rows[1]) == 2
    assert gone in table.rows[1][1]


def test_it_follows_a_run_that_comes_and_tells_of_others_as_before(run, tmp_path, digits_store):
    coming = tmp_path / "coming.dtstore"
    page = Home({"digits": run.location, "coming": str(coming)})
    _, table = page.panel().objects
    before = table.rows
    page.follow()
    assert table.rows is before
    shutil.copytree(digits_store, coming)
    page.follow()
    assert table.rows[0] == before[0]
    assert table.rows[1][1:] == before[0][1:]


def test_it_follows_a_run_that_goes_away_and_says_so_in_our_words(
    run, tmp_path, digits_store, monkeypatch
):
    monkeypatch.setattr(commits, "CHECK_SECONDS", 0)
    going = tmp_path / "going.dtstore"
    shutil.copytree(digits_store, going)
    page = Home({"digits": run.location, "going": str(going)})
    _, table = page.panel().objects
    before = table.rows
    shutil.rmtree(going)
    page.follow()
    assert table.rows[0] == before[0]
    assert table.rows[1][1:] == [
        f"{going}: there is no such store; make it with: deeptracker process"
    ]
    shutil.copytree(digits_store, going)
    page.follow()
    assert table.rows == before
