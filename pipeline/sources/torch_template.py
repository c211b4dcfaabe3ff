"""What a checkpoint has in common with the one before: its tensors, where only numbers differ.

Checkpoints of one training differ in their values and in a few numbers of their pickles, such as
the count of steps. Those that are no part of a tensor are known, so that of a thousand checkpoints
few pickles are interpreted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from deeptracker.pipeline.sources.pickle_values import PickleValue
from deeptracker.pipeline.sources.state_dict import ITERATION_KEYS, ModelTensors, stated_iteration

__all__ = ["Masked", "TorchTemplate"]


@dataclass(frozen=True)
class Masked:
    """Bytes of which some do not matter.

    Attributes
    ----------
    free : numpy.ndarray
        bool [byte]: which may be others.
    """

    content: bytes
    free: np.ndarray

    @classmethod
    def of(cls, content: bytes, free: Iterable[tuple[int, int]]) -> Self:
        """Mask some bytes.

        Parameters
        ----------
        free : iterable of (int, int)
            The first byte and the length of each piece that does not matter.
        """
        mask = np.zeros(len(content), np.bool_)
        for place, length in free:
            mask[place : place + length] = True
        return cls(content, mask)

    def is_like(self, other: bytes) -> bool:
        """Whether other bytes differ only where it does not matter."""
        if len(other) != len(self.content):
            return False
        mine, theirs = (np.frombuffer(each, np.uint8) for each in (self.content, other))
        return bool(self.free[mine != theirs].all())


@dataclass(frozen=True)
class TorchTemplate:
    """A checkpoint's pickle, and what was found in it.

    Attributes
    ----------
    place : (int, int) or None
        Where the iteration stands, and its bytes; None where the checkpoint states none.
    """

    pickle: Masked
    found: ModelTensors
    place: tuple[int, int] | None

    @classmethod
    def of(cls, content: bytes, value: PickleValue, found: ModelTensors) -> Self | None:
        """Make a template of a pickle; None where one cannot be made."""
        top = value.root if isinstance(value.root, dict) else getattr(value.root, "state", {})
        key = next((key for key in ITERATION_KEYS if key in top), None)
        place = value.placed.get(key) if key is not None else None
        # A number of another kind could become an iteration, or none.
        if value.free is None or (key is not None and place is None):
            return None
        return cls(Masked.of(content, value.free), found, place)

    def iteration(self, content: bytes) -> int | None:
        """Read the iteration from a pickle that is like this."""
        if self.place is None:
            return None
        first, length = self.place
        # Only the integer of four bytes has a sign.
        value = int.from_bytes(content[first : first + length], "little", signed=length == 4)
        return stated_iteration({ITERATION_KEYS[0]: value})
