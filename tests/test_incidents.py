"""The two incidents of the shipped run are found, through the store."""

import numpy as np
import pytest
from examples_truth import (
    LOG,
    RESET_FILTER,
    RESET_ITERATION,
    RESET_PARAMETER,
    SPIKE_ITERATION,
)

from deeptracker.pipeline import open_store


@pytest.fixture(scope="module")
def tree(digits_store):
    return open_store(digits_store).tree()


def test_both_incidents_are_among_the_three_most_anomalous_iterations(tree):
    score = tree["cube/iteration_score"]
    order = np.argsort(-np.nan_to_num(score.values, nan=-np.inf))[:3]
    top = tree["iteration"].values[order].tolist()
    assert {SPIKE_ITERATION, RESET_ITERATION} <= set(top)


def test_the_reinitialised_filter_leads_every_filter_of_its_iteration(tree):
    table, filters = tree["parameters"].ds, tree["filters"].ds
    scores = filters["anomaly_score"].sel(iteration=RESET_ITERATION).values
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    owner = int(filters["parameter"][order[0]])
    best = str(table["name"].values[owner]), int(order[0] - table["first_filter"].values[owner])
    assert best == (RESET_PARAMETER, RESET_FILTER)
    assert scores[order[0]] > 10 * scores[order[1]]


def test_the_spike_touches_more_filters_than_any_other_iteration(tree):
    filters = tree["cube/anomalous_filters"].sum("layer")
    assert int(filters["iteration"][int(filters.values.argmax())]) == SPIKE_ITERATION


def test_both_incidents_are_found_by_a_health_rule(tree):
    assert {SPIKE_ITERATION, RESET_ITERATION} <= set(tree["health/at_iteration"].values.tolist())


def test_the_shipped_log_keeps_its_promises(tree):
    nbytes = sum(path.stat().st_size for path in LOG.rglob("*") if path.is_file())
    assert nbytes <= 12_000_000
    assert int(tree["has_snapshot"].sum()) >= 100
    final = tree["scalars"].ds
    assert float(final["validation_error"].dropna("iteration_s")[-1]) < 0.05


def test_the_two_incidents_are_told_and_nothing_else(tree):
    told = tree["incidents"].ds
    found = zip(
        told["at_iteration"].values, told["lead_kind"].values, told["lead"].values, strict=True
    )
    assert sorted(found) == [
        (SPIKE_ITERATION, "scalar", "learning_rate"),
        (RESET_ITERATION, "filter", f"{RESET_PARAMETER}[{RESET_FILTER}]"),
    ]
    assert told["message"].values[1].startswith("At 1,400 learning_rate rose 29-fold; ")


def test_the_numbers_of_an_incident_are_those_of_its_onset(tree):
    correct = tree["images/correct"].sel(iteration=[SPIKE_ITERATION - 25, SPIKE_ITERATION]).values
    changed = int((correct[:, 0] != correct[:, 1]).sum())
    message = str(tree["incidents/message"].values[1])
    # As many and two more changed back at the snapshot after.
    assert f"; {changed} of {len(correct)} images changed between right and wrong" in message
