"""Compaction frees what nobody can hold: never a commit that was the newest in the grace period."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import StoreError
from deeptracker.pipeline import process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.compaction import compact
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, open_store, open_writer

VALUES = 50_000
# Incompressible float64 values: what one commit's array takes at least.
ARRAY_BYTES = 8 * VALUES * 9 // 10


def values(number):
    return np.random.default_rng(number).random(VALUES)


def publish(store, number):
    with open_writer(store) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION})
        writer.root().create_array("x", data=values(number), chunks=(VALUES // 5,), overwrite=True)
        writer.stage("Staged: arrays")
        writer.root().attrs.update({"value": number})
        return writer.publish(f"value {number}")


def abandon(store):
    """Write as a run does that is killed: chunks, and a staging branch that refers to some."""
    with pytest.raises(KeyboardInterrupt), open_writer(store) as writer:  # noqa: PT012
        writer.root().create_array("y", data=values(99), chunks=(VALUES // 5,))
        raise KeyboardInterrupt


@pytest.fixture(params=["on disk", "in a bucket"])
def store(request, tmp_path):
    if request.param == "on disk":
        return str(tmp_path / "store")
    return request.getfixturevalue("bucket").url("store")


def later(**passed):
    """The time as it will be."""
    return datetime.now(UTC) + timedelta(**passed)


def assert_holds(reader, number):
    assert reader.root().attrs["value"] == number
    np.testing.assert_array_equal(reader.root()["x"][:], values(number))


def test_old_commits_and_the_chunks_of_killed_runs_go_and_the_newest_stays(store):
    for number in range(3):
        publish(store, number)
    abandon(store)
    freed = compact(store, now=later(days=3))
    assert (freed.forgotten, freed.kept) == (2, 1)
    assert freed.freed_bytes > 3 * ARRAY_BYTES
    assert freed.freed_chunks >= 15
    assert_holds(open_store(store), 2)
    assert open_store(store).history() == ["value 2"]
    again = compact(store, now=later(days=3))
    assert (again.forgotten, again.kept, again.freed_bytes) == (0, 1, 0)
    publish(store, 3)
    assert_holds(open_store(store), 3)


def test_within_the_grace_period_nothing_goes(store):
    for number in range(3):
        publish(store, number)
    abandon(store)
    freed = compact(store, now=later(hours=23))
    assert (freed.forgotten, freed.kept, freed.freed_bytes) == (0, 3, 0)


def test_a_reader_of_a_commit_that_was_superseded_lately_reads_on_however_old_it_is(store):
    publish(store, 0)
    superseding = publish(store, 1)
    reader = open_store(store)
    before = datetime.now(UTC)
    publish(store, 2)
    # As if the first two had come long ago, and the third just now.
    freed = compact(store, grace=timedelta(0), now=before)
    assert (freed.forgotten, freed.kept) == (1, 2)
    assert reader.snapshot_id == superseding
    assert_holds(reader, 1)
    reader.refresh()
    assert_holds(reader, 2)


def test_a_history_is_kept_for_as_long_as_asked(store):
    for number in range(3):
        publish(store, number)
    freed = compact(store, now=later(days=3), keep=timedelta(days=7))
    assert (freed.forgotten, freed.kept) == (0, 3)
    assert open_store(store).history() == ["value 2", "value 1", "value 0"]


def test_while_a_run_is_at_work_it_is_refused(store):
    publish(store, 0)
    with open_writer(store) as writer:
        writer.root().create_array("x", data=values(1), overwrite=True)
        # This process may take its own local lock again, so another one must ask.
        program = (
            "import sys; from datetime import timedelta\n"
            "from deeptracker.pipeline.store.compaction import compact\n"
            "compact(sys.argv[1], grace=timedelta(0))"
        )
        refused = subprocess.run(
            [sys.executable, "-c", program, store],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert refused.returncode
        assert f"is being written by process {os.getpid()}" in refused.stderr
        writer.root().attrs.update({"value": 1})
        writer.publish("value 1")
    assert_holds(open_store(store), 1)


def test_a_compacted_store_is_appended_to_as_any_other(scheduler, tmp_path):
    log = LogWriter(tmp_path / "log", images=20).iterations(range(0, 30, 10))
    config = Config(columns_per_chunk=4)
    for _ in range(3):
        last = process(log.path, tmp_path / "store", config=config, scheduler=scheduler)
        compact(tmp_path / "store", now=later(days=3))
        log.iterations([30 + 10 * last.iterations])
    process(log.path, tmp_path / "store", config=config, scheduler=scheduler)
    process(log.path, tmp_path / "expected", config=config, scheduler=scheduler)
    assert len(open_store(tmp_path / "store").history()) == 2
    assert_equal(tmp_path / "store", tmp_path / "expected")


def test_the_command_line_tells_what_was_freed(tmp_path):
    store = str(tmp_path / "store")
    publish(store, 0)
    result = subprocess.run(
        [sys.executable, "-m", "deeptracker.cli", "compact", store, "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    told = json.loads(result.stdout)
    assert (told["store"], told["kept"], told["freed_bytes"]) == (store, 1, 0)


def test_what_is_no_store_is_left_alone(tmp_path):
    with pytest.raises(StoreError, match="no such store"):
        compact(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
    with open_writer(str(tmp_path / "empty")):
        pass
    with pytest.raises(StoreError, match="nothing was committed"):
        compact(tmp_path / "empty")
