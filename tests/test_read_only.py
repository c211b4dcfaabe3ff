"""An installation whose files are read-only, and a user without a home: a guarded container."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import kept
import pytest
from logs import LogWriter

ROOT = Path(__file__).parents[1]
# A mount namespace of its own: nobody else sees these folders read-only.
GUARDED = """
for folder in "$1" "$2"; do
  mount --bind "$folder" "$folder"
  mount -o remount,ro,bind "$folder"
done
shift 2
cd /
exec env -u NUMBA_CACHE_DIR HOME=/proc/none XDG_CACHE_HOME=/proc/none "$@"
"""
# One weight of each value on a screen of two pixels, and where Numba keeps what that takes.
DRAW = """
import numba, numpy, xarray
from deeptracker.dashboard.data.datashading import datashader
places = {"y": [0.0, 1.0], "x": [0.0, 1.0]}
values = xarray.DataArray(numpy.eye(2), places, ("y", "x"))
assert (datashader.Canvas(2, 2).raster(values).values == numpy.eye(2)).all()
print(numba.config.CACHE_DIR)
"""


@pytest.fixture
def guarded():
    """Run something there."""

    def run(*command):
        return subprocess.run(
            ["unshare", "--mount", "sh", "-euc", GUARDED, "sh", ROOT, sys.prefix, *command],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    tried = run("true")
    if tried.returncode:
        pytest.skip(f"no folder can be mounted read-only here: {tried.stderr.strip()}")
    assert run("touch", ROOT / "tests/written").returncode
    return run


def test_a_store_grows_by_scalars_and_is_told_of(guarded, tmp_path):
    """No weight is read: each kernel that is needed would be compiled for this run alone."""
    made = kept.float32_store()
    log, store = tmp_path / "log", tmp_path / "store"
    shutil.copytree(made.with_name("log"), log)
    shutil.copytree(made, store)
    with (log / "scalars.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"iteration": 100, "train_loss": 0.5}) + "\n")
    command = sys.executable, "-m", "deeptracker.cli"
    ended = guarded(*command, "process", log, "--store", store)
    assert ended.returncode == 0, ended.stderr
    assert "appended, 0 snapshots" in ended.stdout
    assert guarded(*command, "info", store).returncode == 0


@pytest.mark.slow
@pytest.mark.thorough
def test_a_log_is_processed_and_its_store_told_of(guarded, tmp_path):
    log = LogWriter(tmp_path / "log").iterations(range(0, 60, 10))
    store = tmp_path / "store"
    command = sys.executable, "-m", "deeptracker.cli"
    ended = guarded(*command, "process", log.path, "--store", store)
    assert ended.returncode == 0, ended.stderr
    assert "6 snapshots" in ended.stdout
    assert "NUMBA_CACHE_DIR" in ended.stderr  # the bar's notice: it will be as slow next time
    assert guarded(*command, "info", store).returncode == 0


def test_the_dashboard_has_a_folder_for_datashader_that_goes_with_it(guarded):
    ended = guarded(sys.executable, "-c", DRAW)
    assert ended.returncode == 0, ended.stderr
    folder = Path(ended.stdout.strip())
    assert folder.name.startswith("deeptracker-numba-")
    assert not folder.exists()


def test_where_not_even_a_temporary_folder_can_be_written_it_says_what_to_do(guarded):
    nowhere = "import tempfile; tempfile.tempdir = '/proc/none'\n"
    ended = guarded(
        sys.executable, "-c", nowhere + "import deeptracker.dashboard.data.weight_raster"
    )
    assert ended.returncode
    assert "DeepTrackerError" in ended.stderr
    assert "NUMBA_CACHE_DIR" in ended.stderr.splitlines()[-1]
