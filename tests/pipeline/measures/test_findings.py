"""Each health rule speaks of its case, at the right place and time, and is silent in a calm run."""

import re
from pathlib import Path

import numpy as np
import pytest

from deeptracker.pipeline.measures.findings import find_all
from deeptracker.pipeline.measures.rule_inputs import (
    ClassSeries,
    FilterSeries,
    NodeSeries,
    RunSeries,
)
from deeptracker.pipeline.measures.rules.registry import RULES, FindingConfig, section_of
from deeptracker.pipeline.measures.rules.rule import Limits, RunRule

DOCS = Path(__file__).parents[3] / "docs"
COLUMNS = 40
ITERATIONS = np.arange(COLUMNS) * 100


class Calm:
    """A training in which nothing happens; a test spoils one thing."""

    def __init__(self):
        random = np.random.default_rng(0)
        self.update = random.uniform(0.009, 0.011, (2, COLUMNS))
        self.norm = random.uniform(9.9, 10.1, (2, COLUMNS))
        self.nonfinite = np.zeros((2, COLUMNS))
        self.error = np.linspace(0.9, 0.1, COLUMNS) * np.ones((3, 1))
        self.flips = random.poisson(2, (3, COLUMNS))
        self.filter_norm = random.uniform(0.9, 1.1, (6, COLUMNS)).astype(np.float32)
        self.filter_change = random.uniform(0.01, 0.02, (6, COLUMNS)).astype(np.float32)
        self.loss = random.uniform(0.95, 1.05, COLUMNS)

    def findings(self, limits=None):
        statistics = {
            "update_ratio": self.update,
            "norm2": self.norm,
            "nonfinite": self.nonfinite,
        }
        nodes = NodeSeries(["conv", "conv.weight"], ["layer", "parameter"], ITERATIONS, statistics)
        sizes = np.array([100, 100, 100])
        classes = ClassSeries(["cat", "dog", "fox"], sizes, ITERATIONS, self.error, self.flips)
        filters = FilterSeries(
            "conv.weight",
            27,
            ITERATIONS,
            {"norm2": self.filter_norm, "change_euclidean": self.filter_change},
        )
        scalars = {"train_loss": self.loss}
        run = RunSeries(nodes, classes, [filters], ITERATIONS, scalars)
        return find_all(run, limits)


@pytest.fixture
def calm():
    return Calm()


def test_a_calm_training_has_no_findings(calm):
    assert calm.findings() == []


def not_finite(run):
    run.nonfinite[1, 12:20] = 5
    return "not_finite", "error", "conv.weight", "", 1200


def exploding_update(run):
    run.update[0, 25] = 0.8
    return "exploding_update", "warning", "conv", "", 2500


def frozen_layer(run):
    run.update[0, 20:35] = 0
    return "frozen_layer", "warning", "conv", "", 2000


def vanishing_update(run):
    run.update[0, 20:35] = 1e-9
    return "vanishing_update", "warning", "conv", "", 2000


def dead_layer(run):
    run.norm[0, 30:] = 0
    return "dead_layer", "error", "conv", "", 3000


def saturated_class(run):
    run.error[1, :] = 1.0
    return "saturated_class", "warning", "", "dog", 0


def mass_flip(run):
    run.flips[:, 22] = 30
    return "mass_flip", "warning", "", "", 2200


def loss_spike(run):
    run.loss[17] = 9
    return "loss_spike", "warning", "", "", 1700


def forgetting(run):
    run.error[2, 30:] = 0.8
    return "forgetting", "warning", "", "fox", 2900


def dead_filter(run):
    run.filter_norm[4, 25:] = 0
    return "dead_filter", "info", "conv", "", 2500


def frozen_filter(run):
    run.filter_change[4, 25:] = 0
    return "frozen_filter", "info", "conv", "", 2500


@pytest.mark.parametrize(
    "spoil",
    [
        not_finite,
        exploding_update,
        frozen_layer,
        vanishing_update,
        dead_layer,
        saturated_class,
        mass_flip,
        loss_spike,
        forgetting,
        dead_filter,
        frozen_filter,
    ],
)
def test_a_rule_speaks_once_of_its_case_and_no_other_does(calm, spoil):
    expected = spoil(calm)
    found = [(f.rule, f.severity, f.node, f.class_, f.iteration) for f in calm.findings()]
    assert found == [expected]


def test_forgetting_tells_both_errors_and_where_the_least_stands(calm):
    calm.error[2] = 0.4
    calm.error[2, 5:] = 0.125
    calm.error[2, 30:] = 0.75
    (finding,) = calm.findings()
    assert finding.message == (
        "class fox: the error rose from 12% at iteration 500, its least, to 75% at the end"
    )
    assert (finding.iteration, finding.value) == (500, 0.625)


def test_a_loss_that_falls_and_a_first_large_update_are_no_findings(calm):
    calm.loss = np.geomspace(10, 0.01, COLUMNS)
    calm.update[0, :3] = 0.9
    assert calm.findings() == []


def test_the_gravest_come_first_and_no_rule_floods_the_list(calm):
    calm.filter_change[:, 20:] = 0
    not_finite(calm)
    found = calm.findings(FindingConfig(per_rule=4))
    assert [finding.severity for finding in found] == ["error"] + ["info"] * 4


def test_thresholds_decide(calm):
    calm.update[0, 25] = 0.2
    assert calm.findings() == []
    limits = FindingConfig(exploding_update_ratio=0.1)
    assert [finding.rule for finding in calm.findings(limits)] == ["exploding_update"]


def documented():
    """The rows of the table of rules, as their cells."""
    lines = (DOCS / "findings.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_the_docs_list_every_rule_as_it_is_declared():
    rows = documented()
    assert sorted(rows) == sorted(rule.name for rule in RULES)
    shared = Limits.model_fields
    for rule in RULES:
        severity, speaks, keys, source = rows[rule.name]
        assert (severity, speaks, source) == (rule.severity, rule.speaks, rule.source), rule.name
        for key in rule.limits.model_fields:
            if key not in shared:
                assert f"`{key}`" in keys, rule.name
        for key, default in re.findall(r"`(\w+)` ([\d.e-]+)", keys):
            assert float(default) == rule.limits.model_fields[key].default, rule.name


def test_a_threshold_belongs_to_one_rule():
    class Others(Limits):
        loss_spike_factor: int = 7

    other = RunRule(
        name="other", severity="info", speaks="", source="", limits=Others, find=lambda *_: iter(())
    )
    assert section_of(RULES).model_fields.keys() == FindingConfig.model_fields.keys()
    with pytest.raises(
        ValueError, match="rule 'other': the threshold 'loss_spike_factor' belongs to"
    ):
        section_of((*RULES, other))
