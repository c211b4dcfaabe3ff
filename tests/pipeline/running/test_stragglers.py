"""Stragglers: which attempts are late, and which workers delay what waits for them."""

import pytest

from deeptracker.pipeline.running.job import Job, Label
from deeptracker.pipeline.running.stragglers import Pace, delays, late_jobs, stragglers

PACE = Pace(factor=2, seconds=10)  # an attempt that reads nothing is late after 20 seconds


def job_started(**started):
    """A job whose attempts started at these times, or still wait where it is None."""
    job = Job(Label("score"), sum, ())
    for key, time in started.items():
        job.submit(key, None, 0.0)
        if time is not None:
            job.start(key, "tcp://1", time)
    return job


def test_an_attempt_is_a_straggler_once_its_time_is_over():
    job = job_started(a=0, b=5)
    assert stragglers(job.running, PACE, 20) == set()
    assert stragglers(job.running, PACE, 21) == {job.attempts["a"]}
    assert stragglers(job.running, PACE, 26) == job.running


def test_a_job_is_late_when_all_its_running_attempts_are():
    late, retried, waiting = job_started(a=0), job_started(a=0, b=30), job_started(a=None)
    half = job_started(a=0, b=None)
    jobs = [late, retried, waiting, half]
    running = set().union(*(job.running for job in jobs))
    assert late_jobs(jobs, stragglers(running, PACE, 21)) == [late, half]
    assert late_jobs(jobs, stragglers(running, PACE, 51)) == [late, retried, half]


def test_a_worker_delays_others_with_stragglers_or_by_doing_nothing_for_long():
    late, on_time = job_started(a=0).running, job_started(a=15).running
    assert delays(late, late, quiet=0, patience=10)
    assert not delays(late | on_time, late, quiet=99, patience=10)
    assert not delays(on_time, late, quiet=99, patience=10)
    assert not delays(set(), late, quiet=10, patience=10)
    assert delays(set(), late, quiet=11, patience=10)


class TestPace:
    """When a task counts as a straggler."""

    def test_a_young_task_is_never_a_straggler(self):
        pace = Pace(factor=3, seconds=60)
        pace.ended("measure", 0.1, 100)
        assert pace.limit("measure", 100) == 60

    def test_a_straggler_takes_so_many_times_the_median_of_its_kind(self):
        pace = Pace(factor=3, seconds=1)
        for seconds in (10, 12, 11, 300):
            pace.ended("measure", seconds, 100)
        assert pace.limit("measure", 100) == pytest.approx(3 * 11.5)
        assert pace.limit("score", 0) == 3

    def test_a_larger_task_may_take_longer_in_proportion(self):
        pace = Pace(factor=2, seconds=1)
        pace.ended("measure", 10, 100)
        assert pace.limit("measure", 400) == 80
        assert pace.limit("measure", 10) == 20

    def test_before_any_has_ended_the_bytes_give_the_time(self):
        assert Pace(factor=2, seconds=1).limit("measure", 10**9) == 2 * (1 + 100)
