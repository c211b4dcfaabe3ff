"""A run whose log and store lie in a bucket is shown as one on disk is."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import read_window
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.pipeline import process

LARGE = "layer3.0.conv2.weight"
SNAPSHOTS = 6


@pytest.fixture
def store(digits_log, bucket, tmp_path):
    """A run of which nothing lies on disk."""
    log = tmp_path / "digits"
    shutil.copytree(digits_log, log)
    for folder in ("snapshots", "outcomes"):
        for path in sorted((log / folder).iterdir())[SNAPSHOTS:]:
            path.unlink()
    return process(bucket.upload(log, "digits")).store


def test_its_page_opens_and_single_weights_come_with_few_requests(store, recorded, proxy):
    run = Run(store)
    assert RunPage(run).panel() is not None
    matrix = recorded(LARGE)[:, :SNAPSHOTS]
    window = read_window(run, LARGE, (100, 160), (0, SNAPSHOTS), height=400, width=800)
    assert (window.level, window.note) == (0, "")
    np.testing.assert_array_equal(window.values, matrix[100:160])
    proxy.passed.clear()
    window = read_window(run, LARGE, (200, 220), (0, SNAPSHOTS), height=400, width=800)
    np.testing.assert_array_equal(window.values, matrix[200:220])
    assert len(proxy.passed) == SNAPSHOTS
    told = subprocess.run(
        [sys.executable, "-m", "deeptracker.cli", "info", store, "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert json.loads(told.stdout)["snapshots"] == SNAPSHOTS
