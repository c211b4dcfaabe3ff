"""A finding: one thing that is wrong in a training."""

from dataclasses import dataclass

from deeptracker.pipeline.measures.rules.rule import Severity

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    rule : str
        The rule's name.
    severity : {"error", "warning", "info"}
    node, class_ : str
        Where; empty where it does not apply.
    iteration : int
        When it began.
    value : float
        The number behind it.
    message : str
        A sentence.
    """

    rule: str
    severity: Severity
    node: str
    class_: str
    iteration: int
    value: float
    message: str
