"""A job and its attempts: every change of status, and every change that is refused."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.pipeline.running.job import Job, Label, Status

FUTURE = "the future of "  # a job keeps and hands on futures, and asks them nothing


def job_with(*keys):
    job = Job(Label("measure", "w", (0, 5), 100), sum, ([1, 2],))
    for seconds, key in enumerate(keys):
        job.submit(key, FUTURE + key, float(seconds))
    return job


def statuses(job):
    return [attempt.status for attempt in job.attempts.values()]


def test_a_job_waits_until_a_worker_starts_an_attempt():
    job = job_with("a")
    assert (job.status, statuses(job), job.submitted) == (Status.WAITING, [Status.WAITING], 0)
    job.start("a", "tcp://1", 7.0)
    assert (job.status, statuses(job)) == (Status.RUNNING, [Status.RUNNING])
    (attempt,) = job.running
    assert (attempt.worker, attempt.started, attempt.reported) == ("tcp://1", 7, False)


def test_a_second_start_restarts_the_time_on_the_worker_that_repeats_the_task():
    job = job_with("a")
    job.start("a", "tcp://1", 7.0)
    job.start("a", "tcp://2", 9.0)
    (attempt,) = job.running
    assert (attempt.worker, attempt.started) == ("tcp://2", 9)


def test_a_reported_end_alone_does_not_end_the_job():
    job = job_with("a")
    job.start("a", "tcp://1", 7.0)
    job.end("a")
    assert (job.status, statuses(job)) == (Status.WAITING, [Status.DONE])
    assert job.attempts["a"].reported
    assert job.result is None


def test_the_first_result_ends_the_job_and_releases_its_arguments():
    job = job_with("a")
    job.start("a", "tcp://1", 7.0)
    assert job.succeed("a")
    assert job.status is Status.DONE
    assert job.winner is job.attempts["a"]
    assert (job.result, job.attempts["a"].future) == (FUTURE + "a", None)
    assert job.arguments == ()


def test_a_result_may_arrive_before_the_start_and_the_end_of_its_task():
    job = job_with("a")
    assert job.succeed("a")
    assert not job.attempts["a"].reported
    job.start("a", "tcp://1", 7.0)
    assert (job.status, statuses(job)) == (Status.DONE, [Status.RUNNING])
    job.end("a")
    assert (job.status, statuses(job)) == (Status.DONE, [Status.DONE])
    assert job.attempts["a"].reported


def test_a_result_that_was_lost_is_computed_again_and_the_job_stays_done():
    job = job_with("a")
    job.start("a", "tcp://1", 7.0)
    job.end("a")
    job.succeed("a")
    job.start("a", "tcp://2", 9.0)
    assert (job.status, statuses(job)) == (Status.DONE, [Status.RUNNING])


def test_a_later_result_is_not_the_jobs():
    job = job_with("a", "b")
    assert job.succeed("b")
    assert not job.succeed("a")
    assert job.result == FUTURE + "b"
    assert job.attempts["a"].future == FUTURE + "a"  # still to be cancelled
    assert [job.number(key) for key in ("a", "b")] == [1, 2]


def test_a_job_lives_while_one_attempt_has_not_failed():
    job = job_with("a", "b")
    job.start("a", "tcp://1", 7.0)
    job.fail("a")
    assert (job.status, statuses(job)) == (Status.WAITING, [Status.FAILED, Status.WAITING])
    assert job.attempts["a"].future is None
    job.fail("b")
    assert job.status is Status.FAILED


def test_an_attempt_that_fails_after_another_gave_the_result_harms_nothing():
    job = job_with("a", "b")
    job.start("a", "tcp://1", 7.0)
    job.succeed("b")
    job.fail("a")
    assert (job.status, statuses(job)) == (Status.DONE, [Status.FAILED, Status.DONE])


def test_an_attempt_whose_result_was_lost_may_fail():
    job = job_with("a")
    job.end("a")
    job.fail("a")
    assert job.status is Status.FAILED


def test_a_retry_waits_until_it_starts():
    job = job_with("a")
    assert not job.retry_waits
    job.submit("b", FUTURE + "b", 5.0)
    assert (job.retry_waits, job.submitted) == (True, 5)
    job.start("b", "tcp://2", 7.0)
    assert not job.retry_waits


@pytest.mark.parametrize("change", ["start", "end", "succeed", "fail"])
def test_an_attempt_that_has_failed_changes_no_more(change):
    job = job_with("a", "b")
    job.fail("a")
    with pytest.raises(ValueError, match="a: cannot change from failed to"):
        CHANGES[change](job, "a")
    assert statuses(job) == [Status.FAILED, Status.WAITING]


def test_the_attempt_that_gave_the_result_cannot_fail():
    job = job_with("a")
    job.succeed("a")
    with pytest.raises(ValueError, match="a: cannot change from done to failed"):
        job.fail("a")
    assert job.status is Status.DONE


@pytest.mark.parametrize(("end", "status"), [("succeed", "done"), ("fail", "failed")])
def test_a_job_that_has_ended_takes_no_further_attempt(end, status):
    job = job_with("a")
    CHANGES[end](job, "a")
    with pytest.raises(ValueError, match=f"b: cannot be submitted, its job is {status}"):
        job.submit("b", FUTURE + "b", 5.0)
    assert list(job.attempts) == ["a"]


def test_an_attempt_is_submitted_once():
    job = job_with("a")
    with pytest.raises(ValueError, match="a: cannot be submitted"):
        job.submit("a", "another future", 5.0)
    assert (job.attempts["a"].future, job.submitted) == (FUTURE + "a", 0)


@pytest.mark.parametrize("change", ["start", "end", "succeed", "fail"])
def test_an_attempt_of_another_job_is_refused(change):
    with pytest.raises(ValueError, match="b: no attempt of job measure-w-it0-5"):
        CHANGES[change](job_with("a"), "b")


CHANGES = {
    "submit": lambda job, key: job.submit(key, FUTURE + key, 1.0),
    "start": lambda job, key: job.start(key, "tcp://1", 2.0),
    "end": Job.end,
    "succeed": Job.succeed,
    "fail": Job.fail,
}


@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from("abc"))))
def test_in_any_order_a_refused_change_leaves_the_job_as_it_was_and_an_end_is_final(changes):
    job = job_with("a")
    for change, key in changes:
        before, status = deepcopy(vars(job)), job.status
        try:
            CHANGES[change](job, key)
        except ValueError:
            assert repr(vars(job)) == repr(before)
        if status in {Status.DONE, Status.FAILED}:
            assert job.status is status
        assert (job.winner is not None) == (job.status is Status.DONE) == (job.result is not None)
        assert job.running or job.status is not Status.RUNNING
