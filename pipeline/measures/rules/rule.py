"""A health rule: its name, condition, limits and inputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from deeptracker.pipeline.measures.rule_inputs import FilterSeries, RunSeries
from deeptracker.settings_section import MOST, FiniteSection

__all__ = ["Case", "FilterRule", "Limits", "Rule", "RunRule", "Severity"]

Severity = Literal["error", "warning", "info"]


class Limits(FiniteSection):
    """Thresholds that several rules share; subclasses add the thresholds of one rule."""

    still_snapshots: int = Field(
        default=10, ge=2, le=MOST, description="snapshots without learning"
    )
    history: int = Field(
        default=20, ge=5, le=MOST, description="snapshots that a value is compared with"
    )
    per_rule: int = Field(default=50, ge=1, le=MOST, description="findings of one rule at most")


@dataclass(frozen=True)
class Case:
    """One match of a rule.

    Attributes
    ----------
    iteration : int
        Iteration at which it began.
    value : float
        The measured value; if there are many cases, those of the greatest magnitude are kept.
    message : str
        Description in one sentence.
    node, class_, filter_name : str
        Where it is; empty if it does not apply. A filter is ``PARAMETER[INDEX]``.
    """

    iteration: int
    value: float
    message: str
    node: str = ""
    class_: str = ""
    filter_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The attributes of every rule.

    Attributes
    ----------
    name : str
        Name of the rule in its findings.
    severity : {"error", "warning", "info"}
    speaks : str
        Its condition, for the table in the docs.
    source : str
        Where the rule is described; ``ours`` if it is DeepTracker's.
    limits : type
        Its thresholds. Each is a key of ``findings:`` in a config.
    """

    name: str
    severity: Severity
    speaks: str
    source: str
    limits: type[Limits] = Limits


@dataclass(frozen=True, kw_only=True)
class RunRule(Rule):
    """A rule about the whole run.

    Attributes
    ----------
    find : callable
        Yields a `Case` for every match in a run, by its limits.
    statistics : tuple of str
        The node statistics that it reads, by their names in the store; ``grad_…`` exist if
        gradients were recorded.
    """

    find: Callable[[RunSeries, Any], Iterator[Case]]
    statistics: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FilterRule(Rule):
    """A rule about single filters at the end of the training.

    Attributes
    ----------
    find : callable
        Yields a `Case` for every match among the filters of one parameter.
    measures : tuple of str
        The filter measures that it reads.
    concerns : callable
        Whether the last `still_snapshots` columns of a parameter's filters may match. Only then are
        the whole series read.
    """

    find: Callable[[FilterSeries, Any], Iterator[Case]]
    measures: tuple[str, ...]
    concerns: Callable[[FilterSeries, Any], bool]
