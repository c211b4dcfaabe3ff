"""Compare what was told of a run with what was planted in it.

An incident is *near* the fault if it begins from the snapshot before the onset up to a number of
snapshots from the onset on (`Truth.within`: 3 to 8, and 33 of a fault from the start). It is
*compatible* if its lead is of a kind that can show the fault, in the layer of the fault where
the fault has one, and its text has one of the fault's symptoms. It is *right* if it is both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planted.told import Told
from planted.truth import MODEL_KINDS, Truth

__all__ = ["FIRST", "SYMPTOMS", "Score", "is_compatible", "is_near", "is_taken_for", "score"]

# The right incident must be among so many.
FIRST = 3
# Words by which a text is taken to speak of a symptom; a fault accepts one or several of them.
SYMPTOMS = {
    "still": r"fr[oe]ez|frozen|unchanged|not.?(change|move|learn|update)|still|stall|no update|"
    r"stop|never.?(change|move|update)|vanish|nothing moved|slow conv|unmoved",
    "zero": r"zero|dead|dying|died",
    "not finite": r"\bnan\b|not.?finite|non-?finite|infin|exploding.?tensor",
    "rate": r"learning.?rate|update.?ratio|update per step",
    "slow": r"not.?(decreas|learn|improv|fall)|slow|plateau|stall|never.?(learn|recogni)|saturated|"
    r"chance|vanish|overtrain",
    "rises": r"diverg|explod|spike|rose|ris(e|es|ing)\b|jump|times|oscillat|too.?(large|high)|grew|"
    r"flip|variance|poor|initiali|overfit|huge",
    "class": r"class|confus|label|recogni|saturated",
}


@dataclass(frozen=True)
class Score:
    """How well one run was told.

    Attributes
    ----------
    rank : int, optional
        Place of the first right incident, from 1; None without one.
    lead_is_planted : bool, optional
        Whether the right incident is told, and its lead is what was planted; None where what was
        planted has no place.
    grave : int
        Warnings and errors.
    unrelated : int
        Warnings and errors that do not belong to the fault; of a clean run all of them.
    """

    rank: int | None
    lead_is_planted: bool | None
    grave: int
    unrelated: int

    @property
    def is_told(self) -> bool:
        """Whether the right incident is among the first three."""
        return self.rank is not None and self.rank <= FIRST


def score(told: Sequence[Told], truth: Truth, snapshots: np.ndarray) -> Score:
    """Score the incidents of one run, gravest first.

    Parameters
    ----------
    snapshots : int64 [snapshot]
        The iterations of the run's snapshots, ascending.
    """
    grave = [one for one in told if one.is_grave]
    if truth.is_clean:
        return Score(None, None, len(grave), len(grave))
    right = [is_near(one, truth, snapshots) and is_compatible(one, truth) for one in told]
    rank = right.index(True) + 1 if any(right) else None
    unrelated = sum(not _belongs(one, truth, snapshots) for one in grave)
    if not truth.leads:
        return Score(rank, None, len(grave), unrelated)
    lead = told[rank - 1] if rank is not None and rank <= FIRST else None
    is_planted = lead is not None and (lead.lead_kind, lead.lead) in truth.leads
    return Score(rank, is_planted, len(grave), unrelated)


def is_near(one: Told, truth: Truth, snapshots: np.ndarray) -> bool:
    """Whether an incident begins near the fault."""
    first = int(np.searchsorted(snapshots, truth.onset))
    last = min(first + truth.within - 1, len(snapshots) - 1)
    return bool(one.iteration <= snapshots[last] and one.until >= snapshots[max(first - 1, 0)])


def is_compatible(one: Told, truth: Truth) -> bool:
    """Whether an incident speaks of such a fault, at such a place."""
    if one.lead_kind not in truth.evidence or not _has_symptom(one, truth.symptoms):
        return False
    if truth.places and one.lead_kind in MODEL_KINDS:
        return any(one.lead == place or one.lead.startswith(f"{place}.") for place in truth.places)
    return True


def is_taken_for(one: Told, truth: Truth) -> bool:
    """Whether a warning on a clean run would tell such a fault somewhere in the network."""
    return one.is_grave and one.lead_kind in truth.evidence and _has_symptom(one, truth.symptoms)


def _belongs(one: Told, truth: Truth, snapshots: np.ndarray) -> bool:
    """Whether an incident is near the fault, or may follow from a fault that lasts."""
    if is_near(one, truth, snapshots):
        return True
    return truth.lasts and one.iteration >= truth.onset and is_compatible(one, truth)


def _has_symptom(one: Told, symptoms: Sequence[str]) -> bool:
    text = f"{one.title} {one.message}".lower()
    return not symptoms or any(re.search(SYMPTOMS[name], text) for name in symptoms)
