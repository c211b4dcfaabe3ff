"""Statistics and measures are declared once: the docs name each, and a formula is compiled anew."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shared_kernels import share_kernels

import deeptracker
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS

TOP = Path(__file__).parents[3]
# Of one filter of the weights 3 and 4, without a snapshot before.
SCRIPT = """
import numpy as np
from deeptracker.pipeline.kernels.measuring.filter_sums import NOTHING, GatheredFilters
from deeptracker.pipeline.measures.filter_measures.measuring import measured_filters
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
line = [7.0, 25.0, 7.0, 0.0, 0.0, 0.0, 2.0]
found = measured_filters(
    GatheredFilters(
        np.array([[line], [line]]), np.array([0]), np.array([0]), np.array([[NOTHING]])
    )
)
print(dict(zip(FILTER_MEASURES, found[:, 0, 0].tolist()))["norm2"])
"""


def named_in(page, row):
    """The names in the first cell of a table's row, or in the row itself, in their order."""
    text = (TOP / "docs" / page).read_text("utf-8")
    [found] = [line for line in text.splitlines() if line.startswith("|") and row in line]
    return re.findall(r"`(\w+)`", found)


def test_the_docs_of_the_store_name_every_statistic_of_nodes():
    assert sorted(named_in("store.md", "`update_ratio`")) == sorted(NODE_STATISTICS)


def test_the_docs_of_the_store_name_the_measures_of_filters_in_their_order():
    assert named_in("store.md", "`change_manhattan`")[1:] == list(FILTER_MEASURES)


def test_the_docs_define_every_statistic_and_measure():
    text = (TOP / "docs" / "measures.md").read_text("utf-8")
    defined = {name for line in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in
               re.findall(r"`(\w+)`", line)}  # fmt: skip
    assert {*NODE_STATISTICS, *FILTER_MEASURES} <= defined


def test_names_are_told_apart_and_none_is_empty():
    for registry in (NODE_STATISTICS, FILTER_MEASURES):
        labels = [each.label for each in registry.values()]
        assert len(set(labels)) == len(labels)
        assert all(labels)


def test_names_and_meanings_are_read_without_numba():
    program = (
        "import sys, deeptracker.pipeline.store.schema, deeptracker.dashboard.data.quantities\n"
        "print('numba' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ended.stdout.split() == [b"False"]


@pytest.fixture
def installed(tmp_path):
    """A copy of the package, as another installation that has run before."""
    package, skipped = tmp_path / "site" / "deeptracker", shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(deeptracker.__file__).parent, package, ignore=skipped)
    share_kernels(package)
    return package.parent


def test_a_change_of_a_formula_compiles_it_anew(installed):
    def norm():
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=installed, capture_output=True, text=True,
            check=True, env={**os.environ, "PYTHONPATH": str(installed)},
        )  # fmt: skip
        return float(ended.stdout)

    assert norm() == 5
    file = installed / "deeptracker/pipeline/measures/filter_measures/size.py"
    text = file.read_text()
    file.write_text(
        text.replace("return np.sqrt(sums.squares)", "return 2 * np.sqrt(sums.squares)")
    )
    assert file.read_text() != text
    assert norm() == 10
