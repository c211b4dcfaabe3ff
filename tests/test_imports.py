"""Imports go one way, as docs/architecture.md draws the rooms; two modules stand above them all.

These are the command line and `deeptracker.open`: each imports a room only when it is asked to.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
ABOVE_ALL = {"deeptracker.cli", "deeptracker.open_run"}
# A room of the first five imports only those before it, and `deeptracker`.
GROUND = ["locations", "sources", "kernels", "measures", "store"]
# Each floor of the dashboard imports only the floors before it.
FLOORS = [
    {"look", "selection"},
    {"data"},
    {"widgets"},
    {"views"},
    {"shell", "notebook"},
    {"server"},
]
# Folders that several views share; they are no views themselves.
SHARED_BY_VIEWS = {"images", "filters"}
# What a JavaScript module takes from another one, types in comments with it.
FROM = re.compile(r"""(?:\bfrom |\bimport\()["'](\.[^"']+)["']""")


def modules() -> dict[str, Path]:
    """Every module of ours by its name; links are followed once, by their own names."""
    found = {}
    for room in ("deeptracker", "pipeline", "dashboard"):
        for path in (TOP / room).rglob("*.py"):
            parts = path.relative_to(TOP).with_suffix("").parts
            if parts[:2] in (("deeptracker", "pipeline"), ("deeptracker", "dashboard")):
                continue  # where rglob follows links
            full = parts if room == "deeptracker" else ("deeptracker", *parts)
            found[".".join(full).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports_of(name: str) -> Iterator[str]:
    """The modules of ours that a module imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: relative imports hide the room"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from (found for found in (full, node.module or "") if found in MODULES)


def room_of(name: str) -> tuple[str, ...]:
    """The package and room of a module: ("pipeline", "store"); of `deeptracker` its module."""
    _, *rest = name.split(".")
    return tuple(rest[:2]) if rest and rest[0] in ("pipeline", "dashboard") else tuple(rest[:1])


def wrong_imports(is_wrong) -> dict[str, list[str]]:
    """Imports that a rule forbids, by module."""
    wrong = defaultdict(list)
    for name in MODULES.keys() - ABOVE_ALL:
        for imported in imports_of(name):
            if is_wrong(room_of(name), room_of(imported)):
                wrong[name].append(imported)
    return dict(wrong)


def test_every_module_is_found_under_its_installed_name():
    assert len(MODULES) > 200
    assert "deeptracker.pipeline.store.schema" in MODULES
    assert "deeptracker.dashboard.shell.page" in MODULES


def test_the_training_side_imports_neither_pipeline_nor_dashboard():
    def is_wrong(room, imported):
        ours = room[:1] not in (("pipeline",), ("dashboard",))
        return ours and imported[:1] in (("pipeline",), ("dashboard",))

    assert wrong_imports(is_wrong) == {}


def test_the_recorder_imports_only_its_own_room_and_the_errors():
    wrong = {
        name: [other for other in imports_of(name) if room_of(other)[:1] not in (
            ("record",), ("errors",), ("wording",), ())]
        for name in MODULES
        if name.startswith("deeptracker.record")
    }  # fmt: skip
    assert len(wrong) > 5
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_pipeline_never_imports_the_dashboard():
    assert (
        wrong_imports(lambda room, other: room[:1] == ("pipeline",) and other[:1] == ("dashboard",))
        == {}
    )


@pytest.mark.parametrize("ground", GROUND)
def test_a_ground_room_of_the_pipeline_imports_only_rooms_before_it(ground):
    allowed = GROUND[: GROUND.index(ground) + 1]

    def is_wrong(room, imported):
        inside = room == ("pipeline", ground) and imported[:1] == ("pipeline",)
        return inside and imported[1:] not in [(name,) for name in allowed]

    assert (TOP / "pipeline" / ground).is_dir()
    assert wrong_imports(is_wrong) == {}


def test_the_dashboard_knows_the_stores_contract_and_never_the_engine():
    known = [("pipeline", name) for name in ("locations", "sources", "measures", "store")]

    def is_wrong(room, imported):
        return (
            room[:1] == ("dashboard",) and imported[:1] == ("pipeline",) and imported not in known
        )

    assert wrong_imports(is_wrong) == {}


def floor_of(room: tuple[str, ...]) -> int | None:
    return next((n for n, floor in enumerate(FLOORS) if {*room[1:]} & floor), None)


def test_a_floor_of_the_dashboard_imports_only_floors_before_it():
    rooms = {room_of(name)[1] for name in MODULES if name.count(".") > 2 and "dashboard" in name}
    assert rooms == set().union(*FLOORS)

    def is_wrong(room, imported):
        if room[:1] != ("dashboard",) or imported[:1] != ("dashboard",) or room == imported:
            return False
        mine, theirs = floor_of(room), floor_of(imported)
        return mine is not None and (theirs is None or theirs >= mine)

    assert wrong_imports(is_wrong) == {}


def test_no_view_imports_another_view():
    wrong = []
    for name in MODULES:
        parts = name.split(".")
        if parts[:3] != ["deeptracker", "dashboard", "views"] or len(parts) < 5:
            continue
        for imported in imports_of(name):
            other = imported.split(".")
            if (
                other[:3] == parts[:3]
                and len(other) > 3
                and other[3] not in {parts[3], *SHARED_BY_VIEWS}
            ):
                wrong.append((name, imported))
    assert wrong == []


def scripts_imported() -> dict[Path, list[Path]]:
    """What each JavaScript module of the dashboard imports, by their paths in its folder."""
    folder = TOP / "dashboard"
    return {
        path.relative_to(folder): [
            (path.parent / target).resolve().relative_to(folder)
            for target in FROM.findall(path.read_text(encoding="utf-8"))
        ]
        for path in folder.rglob("*.js")
    }


def test_scripts_import_only_scripts_of_their_own_floor_or_floors_before_it():
    imported = scripts_imported()
    assert len(imported) > 60
    assert sum(map(len, imported.values())) > 200
    wrong = [
        (str(path), str(other))
        for path, others in imported.items()
        for other in others
        if floor_of(("dashboard", other.parts[0])) > floor_of(("dashboard", path.parts[0]))
        or not (TOP / "dashboard" / other).is_file()
    ]
    assert wrong == []


def test_no_script_of_a_view_imports_one_of_another_view():
    wrong = [
        (str(path), str(other))
        for path, others in scripts_imported().items()
        for other in others
        if path.parts[0] == other.parts[0] == "views"
        and other.parts[1] not in {path.parts[1], *SHARED_BY_VIEWS}
    ]
    assert wrong == []


def test_rooms_import_each_other_in_no_circle():
    arrows = defaultdict(set)
    for name in MODULES.keys() - ABOVE_ALL:
        for imported in imports_of(name):
            if len(room_of(imported)) == 2 and room_of(name) != room_of(imported):
                arrows[room_of(name)].add(room_of(imported))

    def reached_from(room):
        seen, left = set(), [room]
        while left:
            for other in arrows[left.pop()] - seen:
                seen.add(other)
                left.append(other)
        return seen

    assert [room for room in list(arrows) if room in reached_from(room)] == []


def test_what_stands_above_all_imports_rooms_only_inside_functions():
    for name in ABOVE_ALL:
        top_level = ast.parse(MODULES[name].read_text(encoding="utf-8")).body
        imports = [node for node in top_level if isinstance(node, ast.Import | ast.ImportFrom)]
        named = {getattr(node, "module", None) or node.names[0].name for node in imports}
        assert [each for each in named if "pipeline" in each or "dashboard" in each] == [], name


def modules_loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in result.stdout.split()}


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
    assert loaded & {"dask", "panel", "bokeh", "xarray", "zarr", "numba", "numpy"} == set()
