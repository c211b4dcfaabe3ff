"""An incident: findings and moves that belong together, with the one that came first."""

from dataclasses import dataclass
from typing import Literal

from deeptracker.pipeline.measures.rules.rule import Severity

__all__ = ["Evidence", "Incident", "LeadKind", "Move", "times"]

LeadKind = Literal["scalar", "node", "filter", "class_", "images"]
# What a move is evidence of. Two kinds together make an incident of what alone may be noise.
Evidence = Literal["schedule", "weights", "training", "validation"]


@dataclass(frozen=True)
class Move:
    """Something that left its own past, or a bound.

    Attributes
    ----------
    kind : {"scalar", "node", "filter", "class_", "images"}
    name : str
        Of the scalar, the node or the class; ``PARAMETER[INDEX]`` of a filter; empty for images.
    iteration, last : int
        Where it began, and the last iteration at which it lasted.
    z : float
        How far it lies from its past, in robust standard deviations.
    text : str
        What happened, as a part of a sentence.
    evidence : {"schedule", "weights", "training", "validation"}
    severity : {"error", "warning", "info"}
    alone : bool
        Whether it is an incident without other evidence.
    lasts : bool
        Whether it goes on to the end of the training.
    covers : bool
        Whether all that comes later is its consequence.
    factor : float
        Of a layer: how many times as much as usual it moved; 0 where nothing is compared.
    """

    kind: LeadKind
    name: str
    iteration: int
    last: int
    z: float
    text: str
    evidence: Evidence
    severity: Severity = "warning"
    alone: bool = False
    lasts: bool = False
    covers: bool = False
    factor: float = 0.0

    @property
    def is_burst(self) -> bool:
        """Whether a layer moved more than usual."""
        return self.kind == "node" and self.factor > 0


@dataclass(frozen=True)
class Incident:
    """What happened at one time.

    Attributes
    ----------
    iteration : int
        The onset: that of its lead.
    first, last : int
        Of all its moves.
    severity : {"error", "warning", "info"}
    title, message : str
        A few words, and one or two sentences.
    lead : Move
        What moved first.
    followers : tuple of Move
        The others, in the order in which they moved.
    score : float
        The greatest of the moves' z: of equal severity the greater is the graver.
    """

    iteration: int
    first: int
    last: int
    severity: Severity
    title: str
    message: str
    lead: Move
    followers: tuple[Move, ...]
    score: float


def times(factor: float) -> str:
    """Write how many times as much: 2.4, 30, over 1,000."""
    if factor > 1000:
        return "over 1,000"
    return f"{factor:,.0f}" if factor >= 9.5 else f"{factor:.1f}"
