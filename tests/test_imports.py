"""Imports go one way: deeptracker, pipeline, dashboard; two modules stand above them all.

These are the command line and `deeptracker.open`: each imports a room only when it is asked to.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
ROOMS = ["deeptracker", "pipeline", "dashboard"]
ABOVE_ALL = {TOP / "deeptracker" / "cli.py", TOP / "deeptracker" / "opening.py"}


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_before_it(room):
    later = set(ROOMS[ROOMS.index(room) + 1 :])
    files = [path for path in (TOP / room).rglob("*.py") if path not in ABOVE_ALL]
    assert files
    wrong = {
        str(path.relative_to(TOP)): sorted(imported_packages(path) & later)
        for path in files
        if imported_packages(path) & later
    }
    assert wrong == {}


def test_what_stands_above_all_imports_rooms_only_inside_functions():
    later = {"pipeline", "dashboard"}
    for path in ABOVE_ALL:
        top_level = ast.parse(path.read_text(encoding="utf-8")).body
        imports = [node for node in top_level if isinstance(node, ast.Import | ast.ImportFrom)]
        named = {getattr(node, "module", None) or node.names[0].name for node in imports}
        assert {name.split(".")[0] for name in named} & later == set(), path


def modules_loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in result.stdout.split()}


def test_the_command_line_says_how_many_threads_numpy_has_before_it_is_loaded():
    assert "numpy" not in modules_loaded_by("import deeptracker.cli")
    threads = modules_loaded_by(
        "from deeptracker.cli import _loading\nwith _loading(): import numpy\n"
        "import os; sys.modules[f'threads-{len(os.listdir(\"/proc/self/task\"))}'] = None"
    )
    assert "threads-1" in threads


def test_the_recorder_needs_numpy_and_safetensors_only():
    loaded = modules_loaded_by("from deeptracker import Recorder, open")
    heavy = {
        "dask",
        "distributed",
        "panel",
        "bokeh",
        "torch",
        "xarray",
        "zarr",
        "typer",
        "pydantic",
    }
    assert loaded & heavy == set()


def test_help_imports_no_heavy_package():
    loaded = modules_loaded_by(
        "from typer.testing import CliRunner; from deeptracker.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert loaded & {"dask", "panel", "bokeh", "xarray", "zarr", "numba"} == set()
