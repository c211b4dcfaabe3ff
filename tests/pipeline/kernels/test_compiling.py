"""Kernels are compiled once, anew when one of them changes, and whatever befalls their folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from logs import LogWriter
from numba import njit

from deeptracker.pipeline.kernels import compiling

PACKAGES = Path(compiling.__file__).parents[3]
# Squares of a part that has no snapshot before, and how many kernels were compiled.
SCRIPT = """
import numpy as np
from numba.core import event
from deeptracker.pipeline.kernels.compiling import kept_in
from deeptracker.pipeline.kernels.measuring.filter_totals import add_filters
with event.install_recorder("numba:compile") as compiled:
    squares = np.zeros((1, 1))
    before, ends = np.array([[-2]]), np.array([0, 1])
    add_filters(np.ones((2, 1, 7)), ends, before, np.zeros((1, 1, 7)), squares)
print(int(squares[0, 0]), sum(e.is_start for _, e in compiled.buffer))
print(kept_in())
"""


@pytest.fixture
def installed(tmp_path):
    """A copy of the package, as another installation."""
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGES / "deeptracker", tmp_path / "site" / "deeptracker", ignore=skipped)
    return tmp_path / "site"


def run(installed, **variables):
    """The squares; the kernels compiled; where they are kept."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=installed, capture_output=True, text=True, timeout=120, check=False,
        env={**environment, "PYTHONPATH": str(installed), **variables},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    counts, kept = ended.stdout.splitlines()
    squares, compiled = map(int, counts.split())
    return squares, compiled, None if kept == "None" else Path(kept)


def kept_files(folder, suffix):
    found = list(folder.rglob(f"*.{suffix}"))
    assert found
    return found


def test_a_kernel_is_compiled_once_and_kept_beside_the_sources(installed):
    squares, compiled, folder = run(installed)
    assert (squares, compiled) == (0, 1)
    assert folder.parent == installed / "deeptracker/pipeline/kernels/__pycache__"
    assert run(installed) == (0, 0, folder)


def test_a_change_in_another_file_than_the_kernels_compiles_it_anew(installed):
    _, _, before = run(installed)
    source = installed / "deeptracker/pipeline/kernels/measuring/filter_sums.py"
    text = source.read_text()
    source.write_text(text.replace("NOTHING, OUTSIDE = -2, -1", "NOTHING, OUTSIDE = -4, -1"))
    assert source.read_text() != text
    squares, compiled, folder = run(installed)
    assert (squares, compiled) == (1, 1)  # -2 is a snapshot like any other
    assert folder != before


@pytest.mark.parametrize(
    ("suffix", "left"),
    [
        ("nbi", 7),
        ("nbc", -1),
        *(
            pytest.param(*case, marks=pytest.mark.thorough)
            for case in [("nbi", 0), ("nbi", -1), ("nbc", 0), ("nbc", 7)]
        ),
    ],
)
def test_what_is_damaged_is_compiled_anew_and_mended(installed, suffix, left):
    _, _, folder = run(installed)
    for file in kept_files(folder, suffix):
        file.write_bytes(file.read_bytes()[:left])
    assert run(installed)[:2] == (0, 1)
    assert run(installed)[:2] == (0, 0)


def unwritable(installed):
    """No folder that is looked for can be made: there is a file in its place."""
    (installed / "deeptracker/pipeline/kernels/__pycache__").touch()
    file = installed / "file"
    file.touch()
    return {"XDG_CACHE_HOME": str(file), "PYTHONDONTWRITEBYTECODE": "1"}


def test_without_a_folder_that_can_be_written_each_process_compiles(installed):
    nowhere = unwritable(installed)
    assert run(installed, **nowhere) == (0, 1, None)
    assert run(installed, **nowhere) == (0, 1, None)


def test_the_users_own_folder_is_the_last_resort_and_a_chosen_one_the_first(installed, tmp_path):
    nowhere = unwritable(installed) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert run(installed, **nowhere)[2].parent == tmp_path / "cache/deeptracker"
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "chosen")}
    assert run(installed, **nowhere, **chosen)[2].parent == tmp_path / "chosen"
    assert run(installed, **nowhere, **chosen)[:2] == (0, 0)


def test_a_disk_without_room_for_kernels_costs_no_run(installed):
    script = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    script += "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n" + SCRIPT
    ended = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=installed, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    counts, kept = ended.stdout.splitlines()
    assert counts == "0 1"
    assert not list(Path(kept).rglob("*.nb?"))


def test_what_other_versions_kept_goes_after_a_month(installed):
    place = installed / "deeptracker/pipeline/kernels/__pycache__"
    old, recent = place / f"{compiling.FOLDER}old", place / f"{compiling.FOLDER}recent"
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "kernel.nbc").touch()
    os.utime(old, (0, 0))
    run(installed)
    assert not old.exists()
    assert recent.exists()


PROCESS = """
import sys
from deeptracker.pipeline import open_store, process, processing
from deeptracker.pipeline.forecast.run_plan import RATE_ATTRIBUTE
processing.MIN_RATE_SECONDS = 0
process(sys.argv[1], sys.argv[2])
print('numba.np.arraymath' in sys.modules, 'scipy.linalg' in sys.modules)
print(RATE_ATTRIBUTE in open_store(sys.argv[2]).root().attrs)
"""


@pytest.mark.slow
def test_a_run_that_compiles_tells_no_rate_and_the_next_loads_nothing_that_compiles(tmp_path):
    log = LogWriter(tmp_path / "log").iterations(range(0, 120, 10)).path
    # All that this checkout keeps but the kernels of one module, which are soon compiled.
    kept = compiling.kept_in()
    shutil.copytree(kept, tmp_path / "kernels" / kept.name)
    for path in (tmp_path / "kernels").rglob("outcomes.*"):
        path.unlink()
    told = []
    for store in ("first", "next"):
        ended = subprocess.run(
            [sys.executable, "-c", PROCESS, log, tmp_path / store],
            cwd=PACKAGES, capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")},
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        told.append(ended.stdout.split())
    assert told == [["True", "True", "False"], ["False", "False", "True"]]


def test_compiling_is_noticed_once_at_its_beginning():
    @njit
    def twice(values):
        return 2 * values.sum()

    heard = []
    with compiling.noticed_compiling(lambda: heard.append(twice.signatures)):
        assert twice(np.ones(3)) == 6
        assert twice(np.ones(4)) == 8
    assert heard == [[]]


def test_numbas_own_folder_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))

    @njit(cache=True)
    def theirs(value):
        return value + 1

    @compiling.kernel()
    def ours(value):
        return value + 1

    assert ours(1) == theirs(1) == 2
    assert str(theirs.stats.cache_path).startswith(str(tmp_path))
    assert not str(ours.stats.cache_path).startswith(str(tmp_path))


def test_kernels_kept_for_modules_of_other_names_are_not_used(monkeypatch):
    """What is kept names the modules of the kernels that it calls."""
    today = compiling._digest()
    monkeypatch.setattr(compiling, "__name__", "pipeline.kernels.compiling")
    assert compiling._digest() != today
