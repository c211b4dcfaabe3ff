"""A file has at most 400 lines, a function at most 60.

biome holds both limits for JavaScript too, where node is installed; see biome.json.
"""

import ast
import json
from pathlib import Path

TOP = Path(__file__).parents[1]
FILE_LINES = 400
FUNCTION_LINES = 60
FOLDERS = [
    "deeptracker",
    "pipeline",
    "dashboard",
    "benchmarks",
    "examples",
    "configs",
    "docs",
    "tests",
]
# Functions that may be longer, each with its reason.
LONGER = {
    # Compiled by numba. A call with so many arrays would cost a tenth of a span's time.
    "pipeline/kernels/measuring/tile.py: measure_tile",
}


def files(suffix: str) -> list[Path]:
    """All files with that suffix. The links in `deeptracker` are skipped: they lead to rooms."""
    found = [path for name in FOLDERS for path in sorted((TOP / name).rglob(f"*{suffix}"))]
    return [path for path in found if path == path.resolve()]


def longer_files(paths: list[Path]) -> dict[str, int]:
    """Number of lines of each file over the limit, by its path in the checkout."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return {
        str(path.relative_to(TOP)): count for path, count in counts.items() if count > FILE_LINES
    }


def longer_functions(path: Path) -> list[str]:
    """Functions of a Python file over the limit. Docstrings count, decorators do not."""
    return [
        f"{path.relative_to(TOP)}: {node.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]


def test_a_python_file_has_at_most_400_lines():
    paths = files(".py")
    assert len(paths) > 300
    assert longer_files(paths) == {}


def test_a_javascript_file_has_at_most_400_lines():
    paths = files(".js")
    assert len(paths) > 70
    assert longer_files(paths) == {}


def test_a_python_function_has_at_most_60_lines_but_for_those_listed():
    longer = {function for path in files(".py") for function in longer_functions(path)}
    assert longer == LONGER  # one that has become short leaves the list


def test_biome_holds_the_same_limits_for_javascript():
    biome = json.loads((TOP / "biome.json").read_text(encoding="utf-8"))
    rules = biome["linter"]["rules"]
    for rule, limit in (
        (rules["style"]["noExcessiveLinesPerFile"], FILE_LINES),
        (rules["complexity"]["noExcessiveLinesPerFunction"], FUNCTION_LINES),
    ):
        assert (rule["level"], rule["options"]["maxLines"]) == ("error", limit)
    assert {"dashboard/**/*.js", "tests/**/*.test.js"} <= {*biome["files"]["includes"]}
    scripts = files(".js")
    silenced = [path for path in scripts if "noExcessiveLines" in path.read_text(encoding="utf-8")]
    assert silenced == []
