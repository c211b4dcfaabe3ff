"""A real Slurm of one node: its jobs are our workers, and one that is cancelled costs only time."""

import json
import sys
import time
from pathlib import Path

import pytest
from logs import LogWriter
from slurmnode import SlurmNode
from stores import assert_equal

from deeptracker.errors import ConfigError
from deeptracker.pipeline import process
from deeptracker.pipeline.clusters import AdaptiveSettings, SlurmSettings
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.running.progress import SilentProgress

pytestmark = pytest.mark.slow
TOP = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    node = SlurmNode(tmp_path_factory.mktemp("slurm"))
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture
def settings(slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", str(slurm.conf))
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    return SlurmSettings(
        kind="slurm",
        queue="batch",
        jobs=2,
        memory="2GiB",
        interface="lo",
        python=sys.executable,
        log_directory=str(tmp_path),
        prologue=(f"export SLURM_CONF={slurm.conf}",),
        connect_seconds=120,
    )


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log"
    return LogWriter(path, images=30).iterations(range(0, 320, 5)).path


@pytest.fixture(scope="module")
def undisturbed(log, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "store"
    process(log, path, config=Config(columns_per_chunk=4))
    return path


class CancelsAJob(SilentProgress):
    """Cancels the job of a worker as soon as a block has been measured."""

    def __init__(self, slurm):
        self.slurm = slurm
        self.cancelled = None

    def advance(self, done_bytes):
        if done_bytes and self.cancelled is None:
            self.cancelled = self.slurm.jobs()[0]
            self.slurm.told("scancel", self.cancelled)


def within(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def test_jobs_of_slurm_process_a_log_and_are_gone_afterwards(
    slurm, settings, log, undisturbed, tmp_path
):
    config = Config(columns_per_chunk=4, cluster=settings)
    process(log, tmp_path / "store", config=config, task_log=tmp_path / "tasks")
    assert_equal(tmp_path / "store", undisturbed)
    lines = [json.loads(line) for line in (tmp_path / "tasks").read_text().splitlines()]
    assert {line["worker"].rpartition(":")[0] for line in lines} == {"tcp://127.0.0.1"}
    assert within(30, lambda: not slurm.jobs("RUNNING,PENDING"))


def test_a_job_that_is_cancelled_in_the_middle_costs_only_time(
    slurm, settings, log, undisturbed, tmp_path
):
    progress = CancelsAJob(slurm)
    config = Config(columns_per_chunk=4, cluster=settings)
    process(log, tmp_path / "store", config=config, progress=progress)
    assert progress.cancelled is not None
    assert "CANCELLED" in slurm.told("scontrol", "show", "job", progress.cancelled)
    assert_equal(tmp_path / "store", undisturbed)


def test_jobs_that_come_with_the_work_end_the_same(slurm, settings, log, undisturbed, tmp_path):
    adaptive = settings.model_copy(update={"adaptive": AdaptiveSettings(minimum=0, maximum=2)})
    config = Config(columns_per_chunk=4, cluster=adaptive)
    process(log, tmp_path / "store", config=config)
    assert_equal(tmp_path / "store", undisturbed)
    assert within(30, lambda: not slurm.jobs("RUNNING,PENDING"))


def test_jobs_that_start_beside_a_users_own_modules_measure(
    slurm, settings, log, undisturbed, tmp_path, monkeypatch
):
    for name in ("pipeline.py", "dashboard.py"):
        (tmp_path / name).write_text("raise RuntimeError('the module of a user')\n")
    monkeypatch.chdir(tmp_path)  # where Slurm starts the jobs as well
    config = Config(columns_per_chunk=4, cluster=settings)
    process(log, "store", config=config)
    assert_equal(tmp_path / "store", undisturbed)


def test_a_job_that_slurm_does_not_take_is_answered_with_its_reason(settings, log, tmp_path):
    wrong = settings.model_copy(update={"queue": "nowhere"})
    with pytest.raises(ConfigError, match=r"Slurm refuses the job: .*[Ii]nvalid partition"):
        process(log, tmp_path / "store", config=Config(cluster=wrong))
