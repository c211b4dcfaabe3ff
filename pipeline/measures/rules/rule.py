"""A health rule: what it is called, when it speaks, and what it looks at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from deeptracker.pipeline.measures.rule_inputs import FilterSeries, RunSeries
from deeptracker.settings_section import MOST, FiniteSection

__all__ = ["Case", "FilterRule", "Limits", "Rule", "RunRule", "Severity"]

Severity = Literal["error", "warning", "info"]


class Limits(FiniteSection):
    """Thresholds of several rules; those of one alone stand in a class of its own, made of this."""

    still_snapshots: int = Field(
        default=10, ge=2, le=MOST, description="snapshots without learning"
    )
    history: int = Field(
        default=20, ge=5, le=MOST, description="snapshots that a value is compared with"
    )
    per_rule: int = Field(default=50, ge=1, le=MOST, description="findings of one rule at most")


@dataclass(frozen=True)
class Case:
    """One case of what a rule looks for.

    Attributes
    ----------
    iteration : int
        When it began.
    value : float
        The number behind it; of many cases those of the greatest magnitudes are kept.
    message : str
        A sentence.
    node, class_ : str
        Where; empty where it does not apply.
    """

    iteration: int
    value: float
    message: str
    node: str = ""
    class_: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all rules declare.

    Attributes
    ----------
    name : str
        Of its findings.
    severity : {"error", "warning", "info"}
    speaks : str
        When it speaks, in the docs' table.
    source : str
        Who described it, or that it is our own.
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
        Yields a `Case` for each of what it looks for in a run, by its limits.
    statistics : tuple of str
        The statistics of nodes that it reads, as the store names them; ``grad_…`` are there where
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
        Yields a `Case` for each of what it looks for among the filters of one parameter.
    measures : tuple of str
        The measures of filters that it reads.
    concerns : callable
        Whether the last `still_snapshots` columns of a parameter's filters may be such a case: only
        then is the whole of their series read.
    """

    find: Callable[[FilterSeries, Any], Iterator[Case]]
    measures: tuple[str, ...]
    concerns: Callable[[FilterSeries, Any], bool]
