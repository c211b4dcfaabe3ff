"""What a system tells of a run: the store's incidents, or its findings, each as an incident."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Recorded", "Told", "findings_of", "incidents_of", "recorded_of"]

FILTER = re.compile(r"^(?P<parameter>\S+): filter (?P<row>\d+) ")


@dataclass(frozen=True)
class Told:
    """One incident: where it begins, how grave it is, what it is led by, and its text.

    Attributes
    ----------
    lead_kind : {"scalar", "node", "filter", "class", "images"}
    lead : str
        A scalar's or a node's name, ``PARAMETER[INDEX]`` of a filter, a class's name.
    span : int
        Iterations in which it may have begun, where a system looks once an epoch.
    """

    iteration: int
    severity: str
    title: str
    message: str
    lead_kind: str
    lead: str
    span: int = 0

    @property
    def until(self) -> int:
        """The last iteration at which it may have begun."""
        return self.iteration + self.span

    @property
    def is_grave(self) -> bool:
        """Whether it is a warning or an error."""
        return self.severity in ("warning", "error")


def incidents_of(tree: Any) -> list[Told] | None:
    """Read a store's incidents, gravest first; None from a store without the group."""
    if "incidents" not in tree.children:
        return None
    table = tree["incidents"].to_dataset()
    names = ("at_iteration", "severity", "title", "message", "lead_kind", "lead")
    columns = [table[name].values for name in names]
    return [
        Told(int(at), *map(str, (severity, title, message)), _kind(str(kind)), str(lead))
        for at, severity, title, message, kind, lead in zip(*columns, strict=True)
    ]


def findings_of(tree: Any) -> list[Told]:
    """Read a store's findings, in the order of the store, each taken for an incident."""
    table = tree["health"].to_dataset()
    names = ("at_iteration", "severity", "rule", "message", "node", "class_")
    found = []
    for at, *words in zip(*(table[name].values for name in names), strict=True):
        severity, rule, message, node, class_ = map(str, words)
        kind, lead = _lead(rule, message, node, class_)
        found.append(Told(int(at), severity, rule, message, kind, lead))
    return found


def _kind(kind: str) -> str:
    return kind.rstrip("_")


def _lead(rule: str, message: str, node: str, class_: str) -> tuple[str, str]:
    """Find what a finding is about: its filter and its scalar are in its message alone."""
    filter_ = FILTER.match(message)
    if filter_:
        return "filter", f"{filter_['parameter']}[{filter_['row']}]"
    if class_:
        return "class", class_
    if node:
        return "node", node
    return ("images", "") if rule == "mass_flip" else ("scalar", message.split(" ", 1)[0])


@dataclass(frozen=True)
class Recorded:
    """What is known of a processed run beside its incidents.

    Attributes
    ----------
    snapshots : int64 [snapshot]
        The iterations of its snapshots.
    error : float
        The share of the validation images that are wrong at the end; NaN if the loss was.
    """

    snapshots: np.ndarray
    error: float


def recorded_of(tree: Any) -> Recorded:
    """Read the iterations of the snapshots and the last validation error."""
    iterations = tree["iteration"].values[tree["has_snapshot"].values]
    errors = tree["scalars"]["validation_error"].values
    return Recorded(iterations, float(errors[np.isfinite(errors)][-1]))
