"""Pages share what they read, and each goes on to a new commit by itself."""

import threading
import time

import numpy as np
import pytest
from logs import LogWriter

from deeptracker.dashboard.data import commits
from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline import process


def test_pages_share_one_read_only_array(digits_store):
    one, other = Run(str(digits_store)), Run(str(digits_store))
    values = one.array("nodes/norm2")
    assert other.array("nodes/norm2") is values
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 0


def test_the_cache_keeps_to_its_bytes(digits_store, monkeypatch):
    root = Run(str(digits_store)).root
    monkeypatch.setattr(commits, "CACHE_BYTES", root["nodes/norm1"].nbytes)
    commit = commits.OpenCommit(root, "")
    one = commit.array("nodes/norm1")
    assert commit.array("nodes/norm1") is one
    other = commit.array("nodes/norm2")
    assert commit.array("nodes/norm2") is other
    assert commit.array("nodes/norm1") is not one
    np.testing.assert_array_equal(commit.array("nodes/norm1"), one)


def test_an_array_larger_than_the_cache_is_kept_alone(digits_store, monkeypatch):
    monkeypatch.setattr(commits, "CACHE_BYTES", 1)
    commit = commits.OpenCommit(Run(str(digits_store)).root, "")
    one = commit.array("nodes/norm1")
    assert commit.array("nodes/norm1") is one
    commit.array("nodes/norm2")
    assert commit.array("nodes/norm1") is not one


def test_what_follows_from_a_commit_is_found_once_by_many_threads(digits_store):
    commit = commits.OpenCommit(Run(str(digits_store)).root, "")
    given = []

    def ask():
        given.append(commit.fact("a list", lambda: [time.monotonic()]))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(fact) for fact in given}) == 1


def test_a_page_goes_on_to_a_new_commit_and_another_stays_until_it_asks(tmp_path, monkeypatch):
    monkeypatch.setattr(commits, "CHECK_SECONDS", 0.0)
    log = LogWriter(tmp_path / "log", images=10).iterations([0, 5])
    process(log.path, tmp_path / "store")
    one, other = Run(str(tmp_path / "store")), Run(str(tmp_path / "store"))
    log.iterations([10])
    process(log.path, tmp_path / "store")
    newer = one.newer()
    assert list(one.iterations) == [0, 5]
    one.move_to(newer)
    assert one.newer() is None
    assert list(one.iterations) == [0, 5, 10]
    assert list(other.iterations) == [0, 5]
    other.move_to(other.newer())
    assert other.array("nodes/norm2") is one.array("nodes/norm2")
