"""What was planted in a training, and what an incident must say to be the right one."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["CLEAN", "FROM_START", "MODEL_KINDS", "Truth"]

CLEAN = "clean"
# Snapshots within which a fault from the start must be told: a third of a training.
FROM_START = 33
# Kinds of leads; `scalar` is a recorded scalar, `images` the validation images together.
MODEL_KINDS = ("node", "filter")


@dataclass(frozen=True)
class Truth:
    """The fault of a training.

    Attributes
    ----------
    fault : str
        The operator's name; `CLEAN` without a fault.
    onset : int
        The first iteration whose step the fault changes.
    from_start : bool
        Whether the whole training is faulty; `onset` is then 0.
    within : int
        An incident is near the fault from the snapshot before the onset up to this number of
        snapshots from the onset on.
    leads : tuple of (kind, name)
        What was planted. A lead is the planted one if it is one of these.
    evidence : tuple of str
        Kinds of leads by which the fault may be told.
    places : tuple of str
        Layers that a lead of the kind node or filter must belong to; any if empty.
    symptoms : tuple of str
        Names of `scoring.SYMPTOMS`, one of which the text must have; any text if empty.
    lasts : bool
        Whether the fault goes on after the onset, so that later incidents may follow from it.
    detail : dict
        The drawn settings, for the reader.
    """

    fault: str
    onset: int = 0
    from_start: bool = False
    within: int = 3
    leads: tuple[tuple[str, str], ...] = ()
    evidence: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    lasts: bool = True
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was planted."""
        return self.fault == CLEAN

    def to_json(self) -> str:
        """Give one line of JSON."""
        return json.dumps(asdict(self))
