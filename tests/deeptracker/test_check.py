"""`deeptracker check`: the verdict as text, as JSON and as an exit code."""

import json

import pytest
from logs import LogWriter
from typer.testing import CliRunner

from deeptracker.cli import app
from deeptracker.pipeline import process

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    LogWriter(folder / "log").iterations(range(4))
    process(folder / "log", folder / "store")
    return str(folder / "store")


def test_incidents_are_printed_and_fail(digits_store):
    shown = RUNNER.invoke(app, ["check", str(digits_store)])
    assert shown.exit_code == 3
    assert shown.stdout.splitlines()[0].endswith("2 incidents up to iteration 2,400 of digits")
    assert "  warning: At 1,400 learning_rate rose 29-fold; " in shown.stdout


def test_what_is_less_grave_than_asked_for_does_not_fail(digits_store):
    shown = RUNNER.invoke(app, ["check", str(digits_store), "--fail-on", "error", "--json"])
    assert shown.exit_code == 0
    found = json.loads(shown.stdout)
    assert (found["run"], found["last_iteration"]) == ("digits", 2400)
    assert [one["lead_kind"] for one in found["incidents"]] == ["filter", "scalar"]


def test_a_calm_run_passes(calm):
    shown = RUNNER.invoke(app, ["check", calm])
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"{calm}: no incident up to iteration 3 of ")


def test_what_is_no_store_is_one_line(tmp_path):
    shown = RUNNER.invoke(app, ["check", str(tmp_path / "nothing")])
    assert shown.exit_code == 1
    assert len(shown.stderr.splitlines()) == 1
