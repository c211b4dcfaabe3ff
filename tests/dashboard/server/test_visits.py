"""People who have gone leave nothing behind in the server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

VISITS = Path(__file__).parents[3] / "benchmarks" / "visits.py"


@pytest.mark.slow
def test_no_page_outlives_its_visit_and_a_bare_request_makes_none(digits_store):
    sizes = ["--visits=3", "--gets=4", "--warm-up=1"]
    command = [sys.executable, VISITS, f"--store={digits_store}", *sizes, "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=400)
    found = json.loads(told.stdout)
    # Bokeh and Panel have documents of their own, which belong to no visit.
    own = found["before"]["Document"]
    for when in ("before", "after_visits", "after_gets"):
        found[when].pop("bytes")
        nothing = {"RunPage": 0, "RunAddress": 0, "ServerSession": 0}
        assert found[when] == {**nothing, "Document": own}, found
