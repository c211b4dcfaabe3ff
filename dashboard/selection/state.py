"""A state: parameters that a person chooses, and the keys under which a link carries them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Self

import param

__all__ = ["State", "together"]


class State(param.Parameterized):
    """What a person has chosen of one thing: of the whole page, or of one view.

    Attributes
    ----------
    KEYS : mapping of str to str
        The key of each parameter in a link, short, so that a link can be pasted anywhere. All
        states of a page have different parameters and different keys. A parameter without a key is
        not part of a link.
    WORDS : mapping of str to str
        What a notice calls a parameter where its own name says too little.
    """

    KEYS: ClassVar[Mapping[str, str]] = {}
    WORDS: ClassVar[Mapping[str, str]] = {}

    def copied(self) -> Self:
        """Make a state of the same values that nobody watches."""
        return type(self)(**{name: getattr(self, name) for name in self.KEYS})

    @classmethod
    def sift(cls, _run: Any, _values: dict[str, Any]) -> list[str]:
        """Take out of a link's values what the run does not have.

        Parameters
        ----------
        run : Run
        values : dict
            By the parameters of all states; changed in place.

        Returns
        -------
        list of str
            What was taken out, in words.
        """
        return []


@contextmanager
def together(*states: State) -> Iterator[None]:
    """Call the watchers of several states only when all values are set, the last state's first."""
    with ExitStack() as stack:
        for state in states:
            stack.enter_context(param.parameterized.batch_call_watchers(state))
        yield
