"""Incidents of series that are made up: what is one, what leads it, and what is none."""

import numpy as np
import pytest

from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.incidents.find_incidents import find_incidents
from deeptracker.pipeline.measures.incidents.training_series import TrainingSeries

COLUMNS, AT = 80, 50
LAYERS = [f"layer{number}" for number in range(10)]
CLASSES = ["cat", "dog", "cow"]
STEPS = 10 * np.arange(COLUMNS)


def series(seed=0, **changes):
    """A calm training: noise in every series, a loss that decreases, a schedule."""
    random = np.random.default_rng(seed)
    rate = 0.05 * (1 + np.cos(np.pi * STEPS / STEPS[-1])) + 0.001
    known = {
        "iterations": STEPS,
        "snapshots": np.ones(COLUMNS, bool),
        "outcomes": np.ones(COLUMNS, bool),
        "layers": LAYERS,
        "update_ratio": rate * np.exp(random.normal(0, 0.15, (len(LAYERS), COLUMNS))),
        "parameters": [f"{name}.weight" for name in LAYERS],
        "nonfinite": np.zeros((len(LAYERS), COLUMNS)),
        "filter_layers": LAYERS,
        "anomalous": np.zeros((len(LAYERS), COLUMNS), int),
        "highest": random.normal(0, 1, (len(LAYERS), COLUMNS)),
        "filters": np.full(len(LAYERS), 10),
        "classes": CLASSES,
        "sizes": np.array([50, 50, 50]),
        "error": np.clip(0.1 + random.normal(0, 0.02, (3, COLUMNS)), 0, 1),
        "flips": random.integers(0, 4, (3, COLUMNS)),
        "scalar_iterations": STEPS,
        "scalars": {
            "train_loss": np.exp(-STEPS / 300 + random.normal(0, 0.2, COLUMNS)),
            "learning_rate": rate,
        },
    }
    return TrainingSeries(**{**known, **changes})


@pytest.mark.parametrize("seed", range(20))
def test_a_calm_training_has_none(seed):
    assert find_incidents(series(seed), []) == []


def test_a_learning_rate_never_seen_before_leads_what_it_moves():
    calm = series()
    rate = calm.scalars["learning_rate"].copy()
    rate[AT] *= 20
    ratios = calm.update_ratio.copy()
    ratios[:, AT] *= 12
    flips = calm.flips.copy()
    flips[1, AT] = 40
    scalars = {**calm.scalars, "learning_rate": rate}
    [found] = find_incidents(series(scalars=scalars, update_ratio=ratios, flips=flips), [])
    assert (found.iteration, found.lead.kind, found.lead.name) == (500, "scalar", "learning_rate")
    assert found.message.startswith("At 500 learning_rate rose 19-fold; 10 of 10 layers moved ")
    assert "images changed between right and wrong, most of class dog" in found.message
    assert found.message.endswith("over by 510")


def test_a_restart_of_the_schedule_is_its_habit():
    calm = series()
    rate = np.tile(np.linspace(0.1, 0.005, 20), COLUMNS // 20)
    ratios = calm.update_ratio / calm.scalars["learning_rate"] * rate
    assert (
        find_incidents(
            series(scalars={**calm.scalars, "learning_rate": rate}, update_ratio=ratios), []
        )
        == []
    )


def test_a_batch_with_a_high_loss_alone_is_none():
    calm = series()
    loss = calm.scalars["train_loss"].copy()
    loss[AT] *= 8
    assert find_incidents(series(scalars={**calm.scalars, "train_loss": loss}), []) == []


def test_a_loss_that_stays_high_is_one():
    calm = series()
    loss = calm.scalars["train_loss"].copy()
    loss[AT:] *= 20
    [found] = find_incidents(series(scalars={**calm.scalars, "train_loss": loss}), [])
    assert (found.iteration, found.lead.name) == (500, "train_loss")


def test_one_nan_is_one_error_that_the_loss_leads():
    calm = series()
    loss = calm.scalars["train_loss"].copy()
    loss[AT - 3 :] = np.nan
    nonfinite = calm.nonfinite.copy()
    nonfinite[4, AT:], nonfinite[:, AT + 1 :] = 1, 7
    ratios = calm.update_ratio.copy()
    ratios[:, AT + 1 :] = np.nan
    error = calm.error.copy()
    error[:, AT + 1 :] = 0.9
    spread = series(
        scalars={**calm.scalars, "train_loss": loss},
        scalar_nan={"train_loss": STEPS[AT - 3 :]},
        nonfinite=nonfinite,
        update_ratio=ratios,
        error=error,
    )
    [found] = find_incidents(spread, [])
    assert (found.severity, found.iteration, found.lead.name) == ("error", 470, "train_loss")
    assert "7 values" not in found.title
    assert found.last == STEPS[-1]


def test_a_class_that_is_lost_says_what_it_is_taken_for():
    calm = series()
    error = calm.error.copy()
    error[1, AT : AT + 12] = 0.8
    lost = series(error=error, taken_for=lambda class_, _column: (CLASSES[class_ + 1], 0.7))
    [found] = find_incidents(lost, [])
    assert (found.iteration, found.lead.kind, found.lead.name) == (500, "class_", "dog")
    assert "class dog was taken for cow" in found.message


def test_a_filter_that_stands_out_of_all_leads():
    calm = series()
    highest = calm.highest.copy()
    highest[3, AT] = 300
    ratios = calm.update_ratio.copy()
    ratios[3, AT] *= 30
    top = [("layer3.weight[7]", 300.0), ("layer1.weight[0]", 2.0)]
    [found] = find_incidents(
        series(highest=highest, update_ratio=ratios, top_filters=lambda _column: top), []
    )
    assert (found.iteration, found.lead.kind, found.lead.name) == (500, "filter", top[0][0])


def test_layers_that_stand_still_together_are_one_incident():
    frozen = [Finding("frozen_layer", "warning", f"layer{n}", "", 500, 30.0, "") for n in (7, 2, 5)]
    [found] = find_incidents(series(), frozen)
    assert (found.iteration, found.lead.kind, found.lead.name) == (500, "node", "layer2")
    assert found.message == "At 500 3 of 10 layers do not change, layer2 first"


def test_the_gravest_comes_first():
    calm = series()
    error = calm.error.copy()
    error[1, 20:32] = 0.9
    nonfinite = calm.nonfinite.copy()
    nonfinite[4, 70:] = 1
    found = find_incidents(series(error=error, nonfinite=nonfinite), [])
    assert [one.severity for one in found] == ["error", "warning"]
    assert [one.iteration for one in found] == [700, 200]
