"""Runs on clusters that change during a run, and the reports to its watchers."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster
from logs import LogWriter
from stores import assert_equal

import deeptracker.pipeline.running.jobs
from deeptracker.errors import ClusterError, ConfigError, LogError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.clusters import AdaptiveSettings, LocalSettings
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.pipeline.running.task_log import TaskLog

CONFIG = Config(columns_per_chunk=4)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log"
    return LogWriter(path, images=30).iterations(range(0, 160, 5)).path


@pytest.fixture(scope="module")
def undisturbed(log, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "store"
    process(log, path, config=CONFIG)
    return path


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        yield cluster


class Callbacks(SilentProgress):
    """Calls back once, when so many bytes have been measured."""

    def __init__(self, *callbacks):
        self.callbacks = list(callbacks)
        self.links = []

    def cluster(self, dashboard):
        self.links.append(dashboard)

    def advance(self, done_bytes):
        if done_bytes and self.callbacks:
            self.callbacks.pop(0)()


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)


def workers_now():
    """The worker processes under this one."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_tasks_that_run_twice_leave_the_same_store(
    log, undisturbed, cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr(deeptracker.pipeline.running.jobs, "TICK_SECONDS", 0.001)
    impatient = LocalSettings(straggler_seconds=1e-6, straggler_factor=1.000001)
    config = CONFIG.model_copy(update={"cluster": impatient})
    process(
        log, tmp_path / "store", config=config, scheduler=cluster.scheduler_address,
        task_log=tmp_path / "tasks",
    )  # fmt: skip
    retried = [line for line in lines_of(tmp_path / "tasks") if line["event"] == "retried"]
    assert any(line["task"] == "measure" for line in retried)
    assert_equal(tmp_path / "store", undisturbed)


@pytest.mark.thorough
def test_a_cluster_that_grows_and_shrinks_meanwhile_ends_the_same(log, undisturbed, tmp_path):
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        steps = [lambda count=count: cluster.scale(count) for count in (3, 1, 2, 1)]
        process(
            log, tmp_path / "store", config=CONFIG, scheduler=cluster.scheduler_address,
            progress=Callbacks(*steps),
        )  # fmt: skip
    assert_equal(tmp_path / "store", undisturbed)


def test_an_adaptive_cluster_ends_the_same(log, undisturbed, tmp_path):
    adaptive = LocalSettings(adaptive=AdaptiveSettings(minimum=0, maximum=2))
    config = CONFIG.model_copy(update={"cluster": adaptive})
    process(log, tmp_path / "store", config=config)
    assert_equal(tmp_path / "store", undisturbed)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_worker_that_stands_still_is_given_up_and_the_run_ends_the_same(
    log, undisturbed, tmp_path
):
    before = set(workers_now())
    stopped = []

    def stop_one():
        stopped.append(next(worker for worker in workers_now() if worker not in before))
        stopped[0].suspend()

    settings = LocalSettings(workers=2, worker_ttl_seconds=10, timeout_seconds=12)
    config = CONFIG.model_copy(update={"cluster": settings})
    process(log, tmp_path / "store", config=config, progress=Callbacks(stop_one))
    assert not stopped[0].is_running()
    assert_equal(tmp_path / "store", undisturbed)


@pytest.mark.slow
def test_where_all_workers_stand_still_the_run_ends_by_naming_them_and_a_rerun_ends_the_same(
    log, undisturbed, tmp_path
):
    small = tmp_path / "small"
    shutil.copytree(log, small)
    for name in ("snapshots", "outcomes"):
        for path in sorted((small / name).iterdir())[8:]:
            path.unlink()
    committed = process(small, tmp_path / "store", config=CONFIG).commit
    before = set(workers_now())
    stopped = []

    def stop_all():
        stopped.extend(worker for worker in workers_now() if worker not in before)
        for worker in stopped:
            worker.suspend()

    settings = LocalSettings(workers=2, stall_seconds=3.0, worker_ttl_seconds=3600)
    config = CONFIG.model_copy(update={"cluster": settings})
    with pytest.raises(ClusterError, match=r"has begun or ended for \d sec") as caught:
        process(log, tmp_path / "store", config=config, progress=Callbacks(stop_all))
    assert len(stopped) == 2
    assert not any(worker.is_running() for worker in stopped)
    assert str(caught.value).count("tcp://127.0.0.1:") == 2
    # They may be suspended before they have begun a task.
    assert "measure-" in str(caught.value) or "runs nothing" in str(caught.value)
    assert open_store(tmp_path / "store").snapshot_id == committed
    process(log, tmp_path / "store", config=CONFIG)
    assert_equal(tmp_path / "store", undisturbed)


def test_a_read_that_hangs_on_one_worker_is_done_by_another(
    log, undisturbed, tmp_path, monkeypatch
):
    hangs = shutil.copytree(log, tmp_path / "log")
    snapshot = hangs / "snapshots" / "000000155.safetensors"  # of one task alone
    aside, pipe = tmp_path / "aside", tmp_path / "pipe"
    tasks = tmp_path / "tasks"

    def hang():
        """Whoever opens the snapshot now waits for a writer of the pipe that never comes."""
        os.link(snapshot, aside)
        os.mkfifo(pipe)
        pipe.replace(snapshot)

    record = TaskLog.retried

    def answer_again(self, **retry):
        """Before the other worker begins: it finds the file again."""
        if aside.exists():
            aside.replace(snapshot)
        record(self, **retry)

    monkeypatch.setattr(TaskLog, "retried", answer_again)

    class Hang(SilentProgress):
        def stage(self, name):
            if name == "measuring":
                hang()

    settings = LocalSettings(workers=2, straggler_seconds=1.0, straggler_factor=2.0)
    config = CONFIG.model_copy(update={"cluster": settings})
    process(hangs, tmp_path / "store", config=config, progress=Hang(), task_log=tasks)
    retried = [line for line in lines_of(tasks) if line["event"] == "retried"]
    assert "measure" in {line["task"] for line in retried}
    assert_equal(tmp_path / "store", undisturbed)


@pytest.mark.slow
def test_a_scheduler_that_is_killed_ends_the_run_in_one_line_and_a_rerun_ends_the_same(
    log, undisturbed, tmp_path
):
    scheduler = subprocess.Popen(
        [
            sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
            "--port", "0", "--no-dashboard", "--scheduler-file", tmp_path / "scheduler.json",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(tmp_path / "scheduler.json")
    address = json.loads((tmp_path / "scheduler.json").read_text())["address"]
    worker = subprocess.Popen(
        [
            sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1",
            "--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--death-timeout", "5",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        with pytest.raises(
            ClusterError, match=f"scheduler at {address} was lost; earlier commits are"
        ):
            process(
                log, tmp_path / "store", scheduler=address, progress=Callbacks(scheduler.kill),
                config=CONFIG.model_copy(update={"cluster": LocalSettings(connect_seconds=60)}),
                report=tmp_path / "report.html",
            )  # fmt: skip
    finally:
        scheduler.kill()
        scheduler.wait()
        worker.terminate()
        worker.wait(timeout=60)
    assert not (tmp_path / ".store.lock").exists()
    process(log, tmp_path / "store", config=CONFIG)
    assert_equal(tmp_path / "store", undisturbed)


def test_the_log_has_a_line_for_every_block_with_what_it_read_and_where(log, cluster, tmp_path):
    callbacks = Callbacks()
    summary = process(
        log, tmp_path / "store", config=CONFIG, scheduler=cluster.scheduler_address,
        task_log=tmp_path / "tasks", progress=callbacks,
    )  # fmt: skip
    lines = lines_of(tmp_path / "tasks")
    blocks = [line for line in lines if line["task"] == "measure"]
    assert [line["iterations"] for line in sorted(blocks, key=lambda line: line["iterations"])] == [
        [first, first + 15] for first in range(0, 160, 20)
    ]
    assert sum(line["bytes"] for line in lines) == summary.nbytes
    assert {line["worker"] for line in blocks} <= set(cluster.scheduler_info["workers"])
    assert all(line["seconds"] > 0 and line["memory_bytes"] > 2**20 for line in blocks)
    assert {line["task"] for line in lines} == {
        "measure", "nodes", "outcomes", "share", "score", "anomalies",
    }  # fmt: skip
    assert callbacks.links == [cluster.dashboard_link]


def test_the_report_is_written(log, cluster, tmp_path):
    report = tmp_path / "report.html"
    process(
        log, tmp_path / "store", config=CONFIG, scheduler=cluster.scheduler_address, report=report
    )
    text = report.read_text()
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "measure" in text


def test_the_report_is_written_when_the_run_fails(cluster, tmp_path):
    log = LogWriter(tmp_path / "log").iterations(range(0, 40, 5))
    report = tmp_path / "report.html"

    class Truncate(SilentProgress):
        def stage(self, name):
            if name == "measuring":
                os.truncate(log.path / "snapshots" / "000000035.safetensors", 5000)

    with pytest.raises(LogError, match=r"000000035.safetensors: ended while it was read"):
        process(
            log.path, tmp_path / "store", config=CONFIG, scheduler=cluster.scheduler_address,
            report=report, progress=Truncate(),
        )  # fmt: skip
    assert "measure" in report.read_text()


@pytest.mark.parametrize("option", ["report", "task_log"])
def test_a_file_that_cannot_be_written_is_named_before_anything_is_done(log, tmp_path, option):
    with pytest.raises(ConfigError, match=r"nowhere/file: the (report|task log) cannot be written"):
        process(log, tmp_path / "store", **{option: tmp_path / "nowhere" / "file"})
    assert not (tmp_path / "store").exists()


def test_the_command_line_prints_the_dashboards_link_unless_it_is_quiet(tmp_path):
    log = LogWriter(tmp_path / "log").iterations(range(0, 20, 5)).path
    small = [sys.executable, "-m", "deeptracker.cli", "process", log]
    command = [*small, "--workers", "1"]
    ended = subprocess.run(
        [*command, "--store", tmp_path / "a"], capture_output=True, text=True, check=True
    )
    assert "Dask dashboard: http://127.0.0.1:" in ended.stderr
    # In threads of one process nothing is behind the link.
    ended = subprocess.run(
        [*small, "--store", tmp_path / "c"], capture_output=True, text=True, check=True
    )
    assert "Dask dashboard" not in ended.stderr
    quiet = subprocess.run(
        [*command, "--store", tmp_path / "b", "--quiet"], capture_output=True, text=True, check=True
    )
    assert quiet.stderr == ""


def test_a_command_that_is_terminated_ends_with_130_and_says_what_is_left(log, tmp_path):
    tasks = tmp_path / "tasks"
    command = [
        sys.executable, "-m", "deeptracker.cli", "process", log, "--store", tmp_path / "store",
        "--workers", "1", "--quiet", "--log", tasks,
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        wait_for(tasks)
        running.terminate()
        _, error = running.communicate(timeout=60)
    assert running.returncode == 130, error
    assert error.startswith("interrupted: earlier commits are intact")


def test_an_interrupt_as_workers_start_is_one_line(log, tmp_path):
    code = """
import asyncio, os, signal
from distributed.nanny import Nanny
interrupts = [signal.SIGINT]
async def interrupted(self):
    if interrupts:
        os.kill(os.getpid(), interrupts.pop())
    await asyncio.sleep(60)
Nanny.instantiate = interrupted
from deeptracker.cli import main
main()
"""
    options = ["--store", tmp_path / "store", "--workers", "2", "--quiet"]
    command = [sys.executable, "-c", code, "process", log, *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 130, ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
