"""A store keeps up with its log: batches as they come, one cluster, a clean end."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import LogError, StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.compaction_schedule import CompactionSchedule
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.following import LogPoller
from deeptracker.pipeline.store.run_store import open_writer

ROOT = Path(__file__).parents[2]
TRAINING = """
import sys
import numpy as np
from deeptracker import Recorder

random = np.random.default_rng(0)
weights = {"a.weight": random.standard_normal((6, 5, 3), np.float32)}
labels = np.arange(12, dtype=np.int32) % 3
with Recorder(sys.argv[1], images={"label": labels}) as recorder:
    for iteration in range(0, 40, 10):
        assert sys.stdin.readline()
        weights["a.weight"] *= 1.1
        recorder.snapshot(iteration, weights)
        recorder.outcomes(iteration, (labels + iteration) % 3, loss=np.ones(12, np.float32))
        recorder.scalars(iteration, train_loss=1 / (1 + iteration))
        print(iteration, flush=True)
"""


class Follower:
    """`deeptracker process --follow` in a process of its own; its lines as they come."""

    def __init__(self, log, store):
        command = [sys.executable, "-m", "deeptracker.cli", "process", str(log)]
        command += ["--store", str(store), "--follow", "--poll", "0.1", "--workers", "1", "--json"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._out, self._err = queue.Queue(), queue.Queue()
        for stream, lines in ((self.process.stdout, self._out), (self.process.stderr, self._err)):
            threading.Thread(target=self._pass_on, args=(stream, lines), daemon=True).start()

    @staticmethod
    def _pass_on(stream, lines):
        for line in stream:
            lines.put(line)

    def commits_until(self, iterations):
        """Summaries of the commits up to the one with as many iterations."""
        found = []
        while not found or found[-1]["iterations"] < iterations:
            found.append(json.loads(self._out.get(timeout=120)))
        return found

    def notice(self, *words):
        """The next notice that holds the words."""
        while True:
            line = self._err.get(timeout=120)
            if all(word in line for word in words):
                return line

    def rest(self):
        """Lines on standard error that nobody has asked for."""
        return [self._err.get_nowait() for _ in range(self._err.qsize())]

    def workers(self):
        children = psutil.Process(self.process.pid).children(recursive=True)
        return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}

    def stop(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=120)


@pytest.fixture
def follow():
    running = []

    def follow(log, store):
        running.append(Follower(log, store))
        return running[-1]

    yield follow
    for follower in running:
        if follower.process.poll() is None:
            for child in psutil.Process(follower.process.pid).children(recursive=True):
                child.kill()
            follower.process.kill()
            follower.process.wait()


@pytest.mark.slow
def test_a_training_is_followed_from_before_its_first_snapshot_to_a_clean_end(follow, tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    follower = follow(log, store)
    follower.notice("there is no such folder")
    training = subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    workers = []
    for count in (1, 2, 3, 4):
        training.stdin.write("go on\n")
        training.stdin.flush()
        training.stdout.readline()
        commits = follower.commits_until(count)
        assert all(commit["action"] in ("created", "appended") for commit in commits)
        workers.append(follower.workers())
    training.communicate(timeout=60)
    assert len(workers[0]) == 1
    assert workers == [workers[0]] * 4
    assert follower.stop(signal.SIGTERM) == 0
    assert not any(map(psutil.pid_exists, workers[0]))
    assert not (tmp_path / ".store.lock").exists()
    process(log, tmp_path / "whole")
    assert_equal(store, tmp_path / "whole")


@pytest.mark.slow
def test_what_is_half_written_waits_and_what_changed_behind_is_said(follow, tmp_path):
    log = LogWriter(tmp_path / "log", images=20).iterations([0, 10])
    follower = follow(log.path, tmp_path / "store")
    follower.commits_until(2)
    # A recorder's temporary file, and one of a writer that does not rename.
    log.iteration(20)
    whole = log.path / "snapshots" / "000000020.safetensors"
    content = whole.read_bytes()
    whole.with_name(".000000030.safetensors.1.partial").write_bytes(content[:100])
    whole.write_bytes(content[: len(content) // 2])
    follower.notice("000000020.safetensors", "truncated")
    assert 20 not in open_store(tmp_path / "store").root()["iteration"][...]
    whole.write_bytes(content)
    follower.commits_until(3)
    before = open_store(tmp_path / "store").root()["nodes/norm2"][...]
    log.snapshot(0, stem__bias=before[:6, 0].astype("f4"))
    follower.notice("snapshots of iteration 0", "rewritten")
    (log.path / "snapshots" / "000000010.safetensors").unlink()
    follower.notice("snapshots of iteration 10", "removed")
    log.iteration(40)
    assert follower.commits_until(4)[-1]["action"] == "appended"
    assert follower.stop(signal.SIGINT) == 0
    kept = open_store(tmp_path / "store").root()["nodes/norm2"][:, :3]
    assert (kept == before).all()


@pytest.mark.slow
def test_told_to_stop_within_a_batch_it_commits_nothing_of_it(follow, tmp_path):
    log = LogWriter(tmp_path / "log", images=20).iterations(range(20))
    follower = follow(log.path, tmp_path / "store")
    deadline = time.monotonic() + 60
    while not follower.workers():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert follower.stop(signal.SIGINT) == 130
    assert not (tmp_path / ".store.lock").exists()
    with pytest.raises(StoreError, match="nothing was committed"):
        open_store(tmp_path / "store")


HOLDER = """
import sys
from deeptracker.pipeline.store.run_store import open_writer

with open_writer(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that writes the store until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate()


@pytest.mark.slow
def test_while_another_process_writes_the_store_following_waits_and_says_so_once(
    follow, writer, tmp_path
):
    log = LogWriter(tmp_path / "log", images=20).iterations([0, 10])
    follower = follow(log.path, tmp_path / "store")
    follower.notice(f"is being written by process {writer.pid} on", "following continues")
    time.sleep(1)  # ten looks of the follower
    assert follower.process.poll() is None
    with pytest.raises(StoreError, match="nothing was committed"):
        open_store(tmp_path / "store")
    writer.communicate("end\n")
    assert follower.commits_until(2)[-1]["action"] == "created"
    assert follower.stop(signal.SIGTERM) == 0
    assert follower.rest() == []
    assert not (tmp_path / ".store.lock").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.thorough), signal.SIGTERM]
)
def test_told_to_stop_while_it_waits_for_another_process_it_ends_cleanly(
    follow, writer, tmp_path, number
):
    log = LogWriter(tmp_path / "log", images=20).iterations([0])
    follower = follow(log.path, tmp_path / "store")
    follower.notice(f"process {writer.pid} on")
    assert follower.stop(number) == 0
    assert json.loads((tmp_path / ".store.lock").read_text())["pid"] == writer.pid


@pytest.mark.slow
def test_a_store_that_is_followed_is_compacted(follow, tmp_path):
    log = LogWriter(tmp_path / "log", images=20).iterations([0, 10])
    process(log.path, tmp_path / "store")
    # Chunks of a run that was killed two days ago.
    left = tmp_path / "store" / "chunks" / "0123456789ABCDEFGHJG"
    left.write_bytes(b"x" * 5000)
    two_days_ago = time.time() - 2 * 86400
    os.utime(left, (two_days_ago, two_days_ago))
    log.iteration(20)
    follower = follow(log.path, tmp_path / "store")
    assert follower.commits_until(3)[-1]["action"] == "appended"
    follower.notice("0 commits forgotten", "freed", "1 chunks")
    assert not left.exists()
    assert follower.stop(signal.SIGTERM) == 0
    process(log.path, tmp_path / "whole")
    assert_equal(tmp_path / "store", tmp_path / "whole")


class TestCompactionSchedule:
    @pytest.fixture
    def store(self, tmp_path):
        """A store of two commits."""
        log = LogWriter(tmp_path / "log", images=20).iterations([0, 10])
        process(log.path, tmp_path / "store")
        log.iteration(20)
        process(log.path, tmp_path / "store")
        return tmp_path / "store"

    def test_it_is_done_after_a_commit_and_then_when_its_time_has_come(self, store):
        compactions = CompactionSchedule(str(store), Config())
        assert compactions.compact_if_due() is None
        compactions.note_commit()
        assert compactions.compact_if_due().forgotten == 0
        compactions.note_commit()
        assert compactions.compact_if_due() is None

    def test_what_readers_had_time_to_leave_is_forgotten(self, store):
        compactions = CompactionSchedule(str(store), Config(follow={"grace_hours": 2}))
        compactions.note_commit()
        freed = compactions.compact_if_due(datetime.now(UTC) + timedelta(hours=3))
        assert (freed.forgotten, freed.kept) == (1, 1)
        assert open_store(store).root()["iteration"].shape == (3,)

    def test_it_waits_while_the_store_is_written(self, store):
        compactions = CompactionSchedule(str(store), Config())
        compactions.note_commit()
        with open_writer(str(store)):
            assert compactions.compact_if_due() is None
        assert compactions.compact_if_due() is not None

    def test_it_can_be_turned_off(self, store):
        compactions = CompactionSchedule(str(store), Config(follow={"compact_hours": None}))
        compactions.note_commit()
        assert compactions.compact_if_due() is None


class TestLogPoller:
    @pytest.fixture
    def log(self, tmp_path):
        return LogWriter(tmp_path / "log", images=20).iterations([0, 10])

    @pytest.fixture
    def poller(self, log, tmp_path):
        config = Config(follow={"settle_seconds": 3600})
        return LogPoller(str(log.path), str(tmp_path / "store"), config)

    def test_an_unchanged_log_is_looked_into_once(self, poller):
        assert poller.poll().iterations == (0, 10)
        assert poller.poll() is None

    def test_the_newest_iteration_waits_for_its_outcomes(self, log, poller):
        log.snapshot(20)
        assert poller.poll().iterations == (0, 10)
        assert poller.poll() is None
        log.outcomes(20)
        assert poller.poll().iterations == (0, 10, 20)

    def test_the_newest_iteration_waits_for_its_snapshot(self, log, poller):
        log.outcomes(20)
        assert poller.poll().iterations == (0, 10)

    def test_the_first_iteration_waits_for_outcomes_of_the_images_that_are_there(self, tmp_path):
        log = LogWriter(tmp_path / "young", images=20)
        poller = LogPoller(str(log.path), str(tmp_path / "store"), Config())
        log.snapshot(0)
        assert poller.poll() is None
        log.outcomes(0)
        assert poller.poll().iterations == (0,)

    def test_a_later_iteration_ends_the_waiting(self, log, poller):
        log.snapshot(20)
        poller.poll()
        log.iteration(30)
        assert poller.poll().iterations == (0, 10, 20, 30)

    def test_the_waiting_ends_after_the_time_to_settle(self, log, tmp_path):
        log.snapshot(20)
        config = Config(follow={"settle_seconds": 0.2})
        poller = LogPoller(str(log.path), str(tmp_path / "store"), config)
        assert poller.poll().iterations == (0, 10)
        time.sleep(0.3)
        assert poller.poll().iterations == (0, 10, 20)
        assert poller.poll() is None

    def test_scalars_that_go_on_do_not_lengthen_the_waiting(self, log, tmp_path):
        log.snapshot(20)
        config = Config(follow={"settle_seconds": 0.5, "scalars_seconds": 0})
        poller = LogPoller(str(log.path), str(tmp_path / "store"), config)
        deadline = time.monotonic() + 10
        while poller.poll().iterations == (0, 10):
            assert time.monotonic() < deadline
            time.sleep(0.1)
            log.scalars(20)

    def test_new_scalars_alone_wait_for_a_while(self, log, tmp_path):
        config = Config(follow={"scalars_seconds": 0.5})
        poller = LogPoller(str(log.path), str(tmp_path / "store"), config)
        poller.poll()
        log.scalars(11)
        assert poller.poll() is None
        time.sleep(0.6)
        assert poller.poll().scalars().iterations[-1] == 11
        log.scalars(12)
        assert poller.poll() is None
        log.iteration(20)
        assert poller.poll().scalars().iterations[-1] == 20

    def test_what_the_store_has_is_not_held_back(self, log, poller, tmp_path):
        log.snapshot(20)
        process(log.path, tmp_path / "store")
        assert poller.poll().iterations == (0, 10, 20)

    def test_a_log_that_is_not_there_yet_is_named(self, tmp_path):
        poller = LogPoller(str(tmp_path / "no-log"), str(tmp_path / "store"), Config())
        with pytest.raises(LogError, match="there is no such folder"):
            poller.poll()
