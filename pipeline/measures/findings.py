"""Findings of the health rules: problems in a training, where and when."""

from collections import defaultdict
from collections.abc import Iterable

from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.registry import (
    FILTER_RULES,
    RULES,
    RUN_RULES,
    FindingConfig,
)
from deeptracker.pipeline.measures.rules.rule import Case, Limits, Rule

__all__ = ["find_all"]

SEVERITIES = {"error": 0, "warning": 1, "info": 2}


def find_all(run: RunSeries, limits: Limits | None = None) -> list[Finding]:
    """Run every rule.

    Parameters
    ----------
    limits : FindingConfig, optional
        All thresholds; the defaults if omitted.

    Returns
    -------
    list of Finding
        By severity, the most severe first; the strongest of each rule first.
    """
    limits = limits or FindingConfig()
    cases: dict[str, list[Case]] = defaultdict(list)
    # The filters may be a generator over a long run: one pass serves all of their rules.
    for series in run.filters:
        for of_filters in FILTER_RULES:
            cases[of_filters.name] += of_filters.find(series, limits)
    for of_run in RUN_RULES:
        cases[of_run.name] += of_run.find(run, limits)
    found = [
        finding for rule in RULES for finding in _strongest(rule, cases[rule.name], limits.per_rule)
    ]
    return sorted(found, key=lambda finding: SEVERITIES[finding.severity])


def _strongest(rule: Rule, cases: Iterable[Case], most: int) -> Iterable[Finding]:
    for case in sorted(cases, key=lambda case: -abs(case.value))[:most]:
        yield Finding(
            rule.name,
            rule.severity,
            case.node,
            case.class_,
            case.iteration,
            case.value,
            case.message,
            case.filter_name,
        )
