"""A finding: one problem in a training."""

from dataclasses import dataclass

from deeptracker.pipeline.measures.rules.rule import Severity

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One problem in a training.

    Attributes
    ----------
    rule : str
        The rule's name.
    severity : {"error", "warning", "info"}
    node, class_ : str
        Where the problem is; empty if it does not apply.
    iteration : int
        Iteration at which it began.
    value : float
        The measured value.
    message : str
        Description in one sentence.
    filter_name : str
        ``PARAMETER[INDEX]`` of a filter, else empty.
    """

    rule: str
    severity: Severity
    node: str
    class_: str
    iteration: int
    value: float
    message: str
    filter_name: str = ""
