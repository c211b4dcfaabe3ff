"""Whatever is killed, the store opens at its last commit, and a rerun ends where it should."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster
from lengths import IS_LONG
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.run_store import open_writer

CONFIG = Config(columns_per_chunk=4)
KILLS = 10 if IS_LONG else 2
PROGRAM = """
import sys
from deeptracker.pipeline import process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.running.progress import SilentProgress

class StagePrinter(SilentProgress):
    def stage(self, name):
        print(name, flush=True)

if __name__ == "__main__":
    print("begun", flush=True)
    config = Config(columns_per_chunk=4)
    process(sys.argv[1], sys.argv[2], config=config, workers=2, progress=StagePrinter())
    print("done", flush=True)
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return LogWriter(tmp_path_factory.mktemp("log") / "log", images=30).iterations(range(0, 80, 5))


@pytest.fixture(scope="module")
def undisturbed(log, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "store"
    process(log.path, path, config=CONFIG)
    return path


@pytest.fixture
def begin(tmp_path):
    """Start the pipeline as a process of its own; whatever is left of it is ended."""
    program = tmp_path / "run.py"
    program.write_text(PROGRAM)
    started = []

    def begin(log, store):
        process = subprocess.Popen(
            [sys.executable, str(program), str(log), str(store)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        started.append(process)
        assert process.stdout.readline() == "begun\n"
        return process

    yield begin
    for running in started:
        for child in descendants(running.pid):
            child.kill()
        running.kill()
        running.communicate()


def descendants(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone_within(processes, seconds):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def workers_of(process):
    """Wait until the pipeline has started its workers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [child for child in descendants(process.pid) if "spawn_main" in cmdline(child)]
        if len(found) >= 2:
            return found
        time.sleep(0.02)
    raise AssertionError("no workers")


def cmdline(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.slow
def test_killed_at_any_moment_the_store_keeps_its_commit_and_a_rerun_ends_the_same(
    log, undisturbed, begin, tmp_path
):
    small = LogWriter(tmp_path / "small", images=30).iterations(range(0, 40, 5))
    first = tmp_path / "first"
    committed = process(small.path, first, config=CONFIG).commit
    small.iterations(range(40, 80, 5))
    store = tmp_path / "store"
    shutil.copytree(first, store)
    started = time.monotonic()
    begin(small.path, shutil.copytree(first, tmp_path / "timed")).communicate(timeout=60)
    seconds = time.monotonic() - started
    moments = random.Random(5)
    unfinished = 0
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        for part in range(KILLS):
            running = begin(small.path, store)
            time.sleep(seconds * (part + moments.random()) / KILLS)
            workers = descendants(running.pid)
            running.kill()
            running.communicate()
            assert gone_within(workers, 30)
            reader = open_store(store)
            columns = reader.root()["nodes/norm2"][...].shape[1]
            assert (columns, reader.snapshot_id == committed) in [(8, True), (16, False)]
            unfinished += columns == 8
            rerun = shutil.copytree(store, tmp_path / f"rerun{part}")
            process(small.path, rerun, config=CONFIG, scheduler=cluster.scheduler_address)
            assert_equal(rerun, undisturbed)
            if columns == 16:
                shutil.rmtree(store)
                shutil.copytree(first, store)
    assert unfinished >= KILLS // 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)]
)
def test_a_terminated_run_takes_its_workers_with_it_and_frees_the_store(
    log, begin, tmp_path, number
):
    store = tmp_path / "store"
    running = begin(log.path, store)
    workers = workers_of(running)
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert gone_within(workers, 20)
    assert not (tmp_path / ".store.lock").exists()
    with pytest.raises(StoreError, match="nothing was committed"):
        open_store(store)
    with open_writer(str(store)):
        pass


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(log, undisturbed, begin, tmp_path):
    running = begin(log.path, tmp_path / "store")
    while running.stdout.readline() != "measuring\n":
        assert running.poll() is None
    workers_of(running)[-1].kill()
    out, error = running.communicate(timeout=120)
    assert out.endswith("done\n"), error
    assert_equal(tmp_path / "store", undisturbed)


def test_a_second_writer_gets_the_name_of_the_first(log, begin, tmp_path):
    running = begin(log.path, tmp_path / "store")
    workers_of(running)
    with pytest.raises(StoreError, match=f"written by process {running.pid} on"):
        process(log.path, tmp_path / "store", config=CONFIG)
    out, error = running.communicate(timeout=60)
    assert out.endswith("done\n"), error


@pytest.mark.thorough
def test_an_existing_scheduler_gives_the_same_store(log, undisturbed, tmp_path):
    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, host="127.0.0.1",
        dashboard_address=None, silence_logs=50,
    ) as cluster:  # fmt: skip
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
        process(log.path, tmp_path / "store", config=CONFIG, scheduler=cluster.scheduler_address)
        assert len(cluster.scheduler_info["workers"]) == 2
    assert_equal(tmp_path / "store", undisturbed)
