"""The command line, as a person types it: real processes, real files, exit codes."""

import json
import shutil
import subprocess
import sys

import pytest


def deeptracker(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "deeptracker.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=300,
    )


def test_info_tells_what_the_store_holds(digits_store):
    result = deeptracker("info", digits_store, "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["snapshots"] >= 100
    assert told["images"] > 0
    assert told["classes"] == 10


def test_process_then_process_again_adds_nothing(digits_log, tmp_path):
    log = tmp_path / "digits"
    shutil.copytree(digits_log, log)
    for extra in sorted((log / "snapshots").iterdir())[4:]:
        extra.unlink()
    for extra in sorted((log / "outcomes").iterdir())[4:]:
        extra.unlink()
    first = deeptracker("process", log, "--workers", 1, "--quiet")
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "digits.dtstore").is_dir()
    again = deeptracker("process", log, "--workers", 1, "--quiet")
    assert again.returncode == 0, again.stderr
    assert "nothing new" in again.stdout.lower()


@pytest.mark.parametrize("command", ["process", "info", "serve"])
def test_a_missing_folder_is_one_line_that_names_it(command, tmp_path):
    result = deeptracker(command, tmp_path / "nowhere")
    assert result.returncode == 1
    assert "nowhere" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_unknown_config_key_names_the_file_and_the_key(digits_log, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("blok_bytes: 1000000\n", encoding="utf-8")
    result = deeptracker("process", digits_log, "--store", tmp_path / "s", "--config", config)
    assert result.returncode == 1
    assert "mine.yaml" in result.stderr
    assert "blok_bytes" in result.stderr
    assert not (tmp_path / "s").exists()


def test_wrong_usage_ends_with_two():
    assert deeptracker("process").returncode == 2


@pytest.mark.parametrize("options", [["--poll", "1"], ["--follow", "--report", "report.html"]])
def test_options_that_do_not_go_together_are_wrong_usage(digits_log, options):
    result = deeptracker("process", digits_log, *options)
    assert result.returncode == 2
    assert options[-2] in result.stderr
