"""Standstill: when a cluster may have other work, and what the error says of each worker."""

import pytest

from deeptracker.pipeline.running.job import Job, Label
from deeptracker.pipeline.running.standstill import serves_others, standstill


@pytest.mark.parametrize(
    ("keys", "silent", "serves"),
    [
        (["ours"], 0.0, False),
        (["ours", "theirs"], 0.0, True),
        (["theirs"], 31.0, False),  # a worker that is silent does nothing for anybody
        ([("theirs", 0)], 0.0, True),
        ([], 0.0, False),
    ],
)
def test_a_live_worker_with_tasks_of_others_lets_ours_wait(keys, silent, serves):
    assert serves_others({"tcp://1": keys}, {"tcp://1": silent}, {"ours"}) == serves


def test_a_worker_that_has_just_come_counts_as_silent():
    assert not serves_others({"tcp://2": ["theirs"]}, {"tcp://1": 0.0}, {"ours"})


def test_the_error_names_each_worker_what_it_runs_and_how_long_it_is_silent():
    job = Job(Label("measure", "conv1.weight", (0, 15)), sum, ())
    job.submit("a", None, 0.0)
    job.start("a", "tcp://1", 100.0)
    error = str(standstill(61.4, {"tcp://1": 1.0, "tcp://2": 45.0}, job.running, 160.0))
    assert error.startswith("no task has begun or ended for 61 seconds, all workers hang: ")
    assert "tcp://1 (runs measure-conv1.weight-it0-15 for 60 s), " in error
    assert "tcp://2 (runs nothing, silent for 45 s); earlier commits are intact" in error
    assert error.endswith("raise stall_seconds of the cluster")


def test_of_many_workers_eight_are_named():
    silent = {f"tcp://{number}": 0.0 for number in range(11)}
    error = str(standstill(61.0, silent, [], 0.0))
    assert error.count("tcp://") == 8
    assert " and 3 more; " in error
