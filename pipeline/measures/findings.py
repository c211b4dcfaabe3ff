"""Findings of the health rules: what is wrong in a training, where and when.

Each rule is one small function from series to findings; `find_all` runs them.
"""

from deeptracker.pipeline.measures.finding import Finding, FindingThresholds
from deeptracker.pipeline.measures.outcome_rules import (
    forgetting,
    loss_spike,
    mass_flip,
    saturated_class,
)
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.weight_rules import (
    dead_layer,
    exploding_update,
    not_finite,
    still_filter,
    still_layer,
)

__all__ = ["RULES", "find_all"]

SEVERITIES = {"error": 0, "warning": 1, "info": 2}
RULES = (
    not_finite,
    exploding_update,
    still_layer,
    dead_layer,
    saturated_class,
    mass_flip,
    loss_spike,
    forgetting,
)
# Rules of single filters, which `still_filter` finds in one walk.
FILTER_RULES = ("dead_filter", "frozen_filter")


def find_all(run: RunSeries, thresholds: FindingThresholds | None = None) -> list[Finding]:
    """Run every rule.

    Returns
    -------
    list of Finding
        The gravest first, then the strongest of each rule.
    """
    limits = thresholds or FindingThresholds()
    found: list[Finding] = []
    # The filters may be a generator over a long run: one walk serves both of their rules.
    filters = [finding for series in run.filters for finding in still_filter(series, limits)]
    for rule in RULES:
        ours = [*rule(run, limits)]
        found += sorted(ours, key=lambda finding: -abs(finding.value))[: limits.per_rule]
    for name in FILTER_RULES:
        found += [finding for finding in filters if finding.rule == name][: limits.per_rule]
    return sorted(found, key=lambda finding: SEVERITIES[finding.severity])
