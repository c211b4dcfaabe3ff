"""The view of docs/extending.md is added by its folder and one line, and is part of links."""

import json
import subprocess
import sys

import numpy as np
import pytest
from extending.blocks import added_lines, blocks, write_blocks
from extending.checkout import checked_out, environment

from deeptracker.dashboard.data.run import Run

# Opens a page by a link, clicks the first change, and says what it saw.
OPEN = """
import json, sys
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.shell.page import RunPage

page = RunPage(Run(sys.argv[1]), sys.argv[2])
tabs = page.panes.heads[0].tabs
view = page.frames["changes"].view
table = view.table().to_dict("list")
csv = page.frames["changes"].csv()["csv"]
written = page.linked.to_query()
listed = view.links.groups[0]["links"]
view.links.event = {"key": listed[0]["key"], "shift": False, "count": 1}
clicked = page.linked.to_query()
page._apply_link(sys.argv[2])
seen = [tabs, table, csv, written, listed, clicked, page.linked.to_query(), page.selection.notice]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    folder = checked_out(tmp_path_factory.mktemp("extended"))
    write_blocks("A view", folder)
    return folder


def opened(folder, store, link):
    """Open a page of the extended code, and give what `OPEN` says."""
    command = [sys.executable, "-c", OPEN, str(store), link]
    done = subprocess.run(
        command, env=environment(folder), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_view_is_a_folder_and_a_line():
    assert {name.rpartition("/")[0] for name in blocks("A view")} == {"dashboard/views/changes"}
    ((place, lines),) = added_lines("A view").items()
    assert place == ("dashboard/views/registry.py", "VIEWS")
    assert len(lines.splitlines()) == 1


def test_a_link_with_a_new_views_own_key_opens_it(extended, digits_store):
    tabs, table, csv, written, listed, clicked, again, notice = opened(
        extended, digits_store, "v=changes&w=[1000,2000]&mc=3"
    )
    assert tabs[-1] == ["changes", "Changes", "The snapshots at which the network changed most"]
    assert len(tabs) == 8

    run = Run(str(digits_store))
    ratios = run.array("nodes/update_ratio")[0]
    within = (run.iterations >= 1000) & (run.iterations <= 2000)
    greatest = np.argsort(-np.where(within, np.nan_to_num(ratios), 0))[:3]
    assert table["iteration"] == run.iterations[greatest].tolist()
    assert [link["key"] for link in listed] == table["iteration"]
    assert len(csv.splitlines()) == 1 + 3

    assert written == again == "v=changes&w=[1000,2000]&mc=3"
    assert clicked == f"v=layers&w=[1000,2000]&i=[{table['iteration'][0]}]&e=change&mc=3"
    assert notice == ""


def test_a_garbled_value_of_a_new_key_is_left_out_and_named(extended, digits_store):
    seen = opened(extended, digits_store, "v=changes&mc=1000")
    assert seen[-2:] == [
        "v=changes",
        "Ignored invalid values in this link: most changes.",
    ]
    assert len(seen[1]["iteration"]) == 10
