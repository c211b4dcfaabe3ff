"""Jobs: what hangs is tried elsewhere, what is lost is named, and the first result counts."""

import json
import threading
import time
from typing import ClassVar

import numpy as np
import pytest
from distributed import Client, LocalCluster
from job_tasks import (
    Moment,
    add,
    compile_something,
    end_the_worker,
    fail,
    fail_everywhere,
    fail_once_it_is_tried_elsewhere,
    fail_to_read,
    fail_when_released,
    hang_the_first_time,
    hang_until_released,
    process_and_value,
    square,
)

from deeptracker.errors import ClusterError
from deeptracker.pipeline.clusters import LocalSettings
from deeptracker.pipeline.running.job import Label, Status
from deeptracker.pipeline.running.jobs import Jobs
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.pipeline.running.shared_argument import Packed
from deeptracker.pipeline.running.task_log import TaskLog

QUICK = LocalSettings(straggler_seconds=1.0, straggler_factor=2.0)


def three_workers():
    return LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", silence_logs=50,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    with three_workers() as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def mortal():
    """A client of workers that a test may end; a task that ends one is not run again."""
    with three_workers() as cluster, Client(cluster, set_as_default=False) as client:
        cluster.scheduler.allowed_failures = 0
        yield client


@pytest.fixture
def released(tmp_path):
    """A file whose coming lets go of what hangs, so that the next test finds free workers."""
    path = tmp_path / "released"
    yield path
    path.touch()


def run(client, *submissions, limits=QUICK, log=None):
    with Jobs(client, limits, log) as jobs:
        for submission in submissions:
            jobs.submit(*submission)
        return list(jobs.finished())


def held(client):
    """Keys of the results that some worker holds."""
    return {key for key, workers in client.who_has().items() if workers}


def running(jobs):
    return [attempt for attempt in jobs._attempts() if attempt.status is Status.RUNNING]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_job_is_given_back_once_and_those_submitted_meanwhile_too(client):
    with Jobs(client, QUICK) as jobs:
        first = [jobs.submit(Label("square", str(n)), square, n) for n in range(20)]
        last = []
        seen = []
        for job in jobs.finished():
            seen.append(job)
            if set(seen) == set(first):
                last.append(jobs.submit(Label("add", ""), add, [job.result for job in first]))
        assert len(seen) == len(set(seen)) == 21
        assert last[0].result.result() == sum(n * n for n in range(20))


def test_progress_notes_that_a_worker_compiles(client):
    class Compilations(SilentProgress):
        kept: ClassVar[list[bool]] = []

        def compiling(self, kept):
            self.kept.append(kept)

    # Not QUICK: on a busy machine compiling takes seconds, and a retry would compile once more.
    with Jobs(client, LocalSettings(), progress=Compilations()) as jobs:
        jobs.submit(Label("square", ""), square, 2)
        assert len(list(jobs.finished())) == 1
        assert not jobs.compiled
        job = jobs.submit(Label("compile", ""), compile_something)
        assert len(list(jobs.finished())) == 1
        assert job.result.result() == 42
        assert jobs.compiled
    assert Compilations.kept == [True]


def test_a_task_that_hangs_is_tried_on_another_worker_and_its_result_is_dropped(
    client, tmp_path, released
):
    log = tmp_path / "tasks.jsonl"
    with TaskLog(log) as tasks, Jobs(client, QUICK, tasks) as jobs:
        for number in range(6):
            jobs.submit(Label("square", str(number)), square, number)
        hung = jobs.submit(
            Label("square", "hung"), hang_the_first_time, str(tmp_path / "m"), str(released), 12
        )
        assert hung in list(jobs.finished())
        assert hung.result.result() == 144
    lines = lines_of(log)
    retried = [line for line in lines if line["event"] == "retried"]
    assert [line["name"] for line in retried] == ["hung"]
    (ended,) = [line for line in lines if line["event"] == "ended" and line["name"] == "hung"]
    assert ended["attempt"] == 2
    assert ended["worker"] not in retried[0]["reason"]


def test_what_waits_behind_a_straggler_is_tried_elsewhere(client, tmp_path, released):
    with Jobs(client, QUICK) as jobs:
        hung = jobs.submit(
            Label("square", "hung"), hang_the_first_time, str(tmp_path / "m"), str(released), 12
        )
        deadline = time.monotonic() + 60
        while not (tmp_path / "m").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        others = [jobs.submit(Label("square", str(n)), square, n) for n in range(30)]
        assert set(jobs.finished()) == {hung, *others}


def test_a_worker_that_hangs_holds_up_nothing_that_comes_later(client, tmp_path, released):
    with Jobs(client, QUICK) as jobs:
        for stage in range(3):
            hang = (hang_the_first_time, str(tmp_path / "m"), str(released), 12)
            jobs.submit(Label("square", "hung"), *hang)
            for number in range(6):
                jobs.submit(Label(f"stage{stage}", str(number)), square, number)
            assert len(list(jobs.finished())) == 7
            # As a task of another client may, this one finds the worker free.
            client.cancel([a.future for a in jobs._attempts() if a.future])


def test_where_every_worker_hangs_the_run_ends_and_says_what_each_does(client, released):
    limits = QUICK.model_copy(update={"stall_seconds": 3.0})
    hung = [(Label("hang", str(n)), hang_until_released, str(released)) for n in range(6)]
    with pytest.raises(ClusterError, match="no task has begun or ended for") as caught:
        run(client, *hung, limits=limits)
    for worker in client.scheduler_info()["workers"]:
        assert f"{worker} (runs hang-" in str(caught.value)


def test_tasks_that_wait_behind_those_of_others_are_no_standstill(client, cluster, released):
    limits = QUICK.model_copy(update={"stall_seconds": 1.0})
    with Client(cluster, set_as_default=False) as other:
        theirs = other.map(hang_until_released, [str(released)] * 30, pure=False)
        deadline = time.monotonic() + 30
        while sum(map(bool, client.processing().values())) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        threading.Timer(4, released.touch).start()
        with Jobs(client, limits) as jobs:
            job = jobs.submit(Label("square", ""), square, 12)
            assert list(jobs.finished()) == [job]
            assert jobs.results([job]) == [144]
        other.cancel(theirs)


def test_a_result_of_a_worker_that_is_gone_is_computed_again(client):
    with Jobs(client, QUICK) as jobs:
        first = [jobs.submit(Label("square", str(n)), square, n) for n in range(6)]
        list(jobs.finished())
        holder = next(iter(client.who_has([first[0].result]).values()))[0]
        client.restart_workers([holder])
        total = jobs.submit(Label("add", ""), add, [job.result for job in first])
        list(jobs.finished())
        assert total.result.result() == 55


def test_what_is_shared_lies_on_every_worker_until_jobs_need_it(client):
    client.amm.stop()  # which drops what lies on more workers than it is waited for
    try:
        with Jobs(client, QUICK) as jobs:
            shared = jobs.share(Label("share"), 12, 5)
            [holders] = client.who_has([shared.result]).values()
            assert set(holders) == set(client.scheduler_info()["workers"])
            squares = [jobs.submit(Label("square"), square, shared.result) for _ in range(3)]
            list(jobs.finished())
            assert jobs.results(squares) == [144] * 3
    finally:
        client.amm.start()


def test_what_is_shared_outlives_every_worker_that_held_it(client):
    with Jobs(client, QUICK) as jobs:
        shared = jobs.share(Label("share"), 12, 5)
        client.restart_workers(list(client.scheduler_info()["workers"]))
        job = jobs.submit(Label("square"), square, shared.result)
        list(jobs.finished())
        assert jobs.results([job]) == [144]


def test_what_could_not_be_spread_is_shared_all_the_same(client, monkeypatch):
    def without_workers(*_, **__):
        raise ValueError("Can not use replicate to delete data")  # as Dask says it

    with Jobs(client, QUICK) as jobs:
        monkeypatch.setattr(client, "replicate", without_workers)
        shared = jobs.share(Label("share"), 12, 5)
        job = jobs.submit(Label("square"), square, shared.result)
        list(jobs.finished())
        assert jobs.results([job]) == [144]


def test_what_is_packed_is_opened_once_by_each_worker(client):
    packed = Packed.of(Moment())
    with Jobs(client, QUICK) as jobs:
        asked = [jobs.submit(Label("asked"), process_and_value, packed) for _ in range(12)]
        list(jobs.finished())
        opened = jobs.results(asked)
    assert len({worker for worker, _ in opened}) == len(set(opened)) <= 3


def test_a_result_that_is_needed_no_more_is_let_go_by_the_workers(client):
    with Jobs(client, QUICK) as jobs:
        first = [jobs.submit(Label("square", str(n)), square, n) for n in range(6)]
        list(jobs.finished())
        total = jobs.submit(Label("add", ""), add, [job.result for job in first])
        for job in first:
            job.result = None
        list(jobs.finished())
        deadline = time.monotonic() + 30
        while held(client) != {total.result.key}:
            assert time.monotonic() < deadline, client.who_has()
            time.sleep(0.05)


def test_a_task_that_ends_every_worker_is_named(client):
    with pytest.raises(ClusterError, match=r"measure-w: 4 workers ended .* raise that of the w"):
        run(client, (Label("measure", "w"), end_the_worker), limits=LocalSettings())
    client.wait_for_workers(3, timeout=60)


def test_a_task_that_fails_raises_what_it_raised_and_takes_the_others_back(client):
    sleeps = [(Label("sleep", str(number)), time.sleep, 0.2) for number in range(20)]
    with pytest.raises(ValueError, match="of its own"):
        run(client, *sleeps, (Label("fail", ""), fail))
    deadline = time.monotonic() + 30
    while any(client.processing().values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (fail_to_read, "the file server is gone"),
        (end_the_worker, "measure-lagging: 1 workers ended while they ran it"),
    ],
)
def test_a_try_that_fails_leaves_the_others_of_its_job_alone(mortal, tmp_path, end, reason):
    folder, log = tmp_path / "came", tmp_path / "tasks.jsonl"
    folder.mkdir()
    with TaskLog(log) as tasks, Jobs(mortal, QUICK, tasks) as jobs:
        for number in range(6):
            jobs.submit(Label("measure", str(number)), square, number)
        label = Label("measure", "lagging")
        job = jobs.submit(label, fail_once_it_is_tried_elsewhere, folder, end, log)
        assert job in list(jobs.finished())
        assert jobs.results([job]) == [144]
        assert Status.FAILED in {attempt.status for attempt in job.attempts.values()}
        won = next(key for key, attempt in job.attempts.items() if attempt is job.winner)
    lines = [line for line in lines_of(log) if line["name"] == "lagging"]
    events = [line["event"] for line in lines]
    assert (events[0], events[-1]) == ("retried", "ended")
    assert lines[events.index("failed")]["reason"].startswith(reason)
    assert lines[-1]["attempt"] == job.number(won)


def test_the_last_try_that_fails_ends_the_run(client, tmp_path):
    folder, log = tmp_path / "came", tmp_path / "tasks.jsonl"
    folder.mkdir()
    with TaskLog(log) as tasks, pytest.raises(OSError, match="the file server is gone"):
        run(client, (Label("measure", "0"), fail_everywhere, folder), log=tasks)
    events = [line["event"] for line in lines_of(log)]
    assert events.count("failed") == events.count("retried") > 0


def test_a_straggler_that_fails_after_another_try_won_counts_as_late_no_longer(
    client, tmp_path, released
):
    folder = tmp_path / "came"
    folder.mkdir()
    with Jobs(client, QUICK) as jobs:
        jobs.submit(Label("square", "hung"), fail_when_released, folder, released)
        list(jobs.finished())
        assert running(jobs)
        released.touch()
        jobs.submit(Label("sleep", ""), time.sleep, 2)
        list(jobs.finished())
        assert not running(jobs)


def test_a_lost_scheduler_is_named():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp",
        host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        client = Client(cluster.scheduler_address, set_as_default=False, timeout=1)
        address = cluster.scheduler_address
        threading.Timer(1, cluster.close).start()
        with pytest.raises(ClusterError, match=f"scheduler at {address} was lost"):
            run(client, (Label("sleep", ""), time.sleep, 5))
        client.close()


def test_bytes_are_logged_of_tasks_that_read_the_log_not_of_merges(client, tmp_path):
    log = tmp_path / "tasks.jsonl"
    with TaskLog(log) as tasks, Jobs(client, QUICK, tasks) as jobs:
        first = jobs.submit(Label("measure", "w", None, 800), np.zeros, 100)
        list(jobs.finished())
        jobs.submit(Label("combine", ""), np.copy, first.result)
        list(jobs.finished())
    assert {line["task"]: line["bytes"] for line in lines_of(log)} == {"measure": 800, "combine": 0}
