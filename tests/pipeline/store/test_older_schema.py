"""A store that an older DeepTracker has written, with its log: `older/schema_3.tar.xz`.

Three iterations of two parameters and six images, processed by the last version that wrote schema
3.
"""

import tarfile
from pathlib import Path

import pytest

from deeptracker.errors import StoreError
from deeptracker.pipeline import process
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, open_store
from deeptracker.pipeline.summary import describe_store

ARCHIVE = Path(__file__).parent / "older" / "schema_3.tar.xz"
REASON = f"the store has schema 3, this DeepTracker writes {SCHEMA_VERSION}"


@pytest.fixture
def older(tmp_path):
    """The folder with `log` and `store`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "schema_3"


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_info_tells_of_it_and_no_view_opens_it(older):
    found = describe_store(older / "store")
    assert (found.run, found.snapshots, found.first_iteration, found.last_iteration) == (
        "small",
        3,
        0,
        20,
    )
    with pytest.raises(StoreError, match="schema 3"):
        open_store(older / "store")


def test_it_is_made_again_from_a_log_that_has_all_its_snapshots(older, tmp_path):
    again = process(older / "log", older / "store")
    assert (again.action, again.reason, again.problems) == ("rebuilt", REASON, ())
    process(older / "log", tmp_path / "new")
    rebuilt, new = (open_store(each).root() for each in (older / "store", tmp_path / "new"))
    assert rebuilt["nodes/norm2"][...].tolist() == new["nodes/norm2"][...].tolist()
    assert rebuilt["weights/1/weight"][...].tolist() == new["weights/1/weight"][...].tolist()


@pytest.mark.parametrize("gone", ["snapshots", "outcomes"])
def test_making_it_again_is_refused_where_the_log_has_lost_some_of_it(older, tmp_path, gone):
    (older / "log" / gone / "000000010.safetensors").unlink()
    before = content(older / "store")
    with pytest.raises(StoreError) as refused:
        process(older / "log", older / "store")
    assert REASON in str(refused.value)
    assert f"the {gone} of iteration 10 were removed" in str(refused.value)
    assert "another store" in str(refused.value)
    assert content(older / "store") == before
    assert describe_store(older / "store").snapshots == 3
    # What the line advises.
    assert process(older / "log", tmp_path / "another").action == "created"
