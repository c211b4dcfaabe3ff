"""A state: parameters that a person chooses, and the keys under which a link carries them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Self

import param

__all__ = ["State", "together"]


class State(param.Parameterized):
    """A person's choices for the whole page or for one view.

    Attributes
    ----------
    KEYS : mapping of str to str
        The key of each parameter in a link, short, so that a link can be pasted anywhere. All
        states of a page have different parameters and different keys. A parameter without a key is
        not part of a link.
    WORDS : mapping of str to str
        Names of parameters in notices, where the parameter's own name is unclear.
    """

    KEYS: ClassVar[Mapping[str, str]] = {}
    WORDS: ClassVar[Mapping[str, str]] = {}

    def copied(self) -> Self:
        """Make a state of the same values, without watchers."""
        return type(self)(**{name: getattr(self, name) for name in self.KEYS})

    @classmethod
    def sift(cls, _run: Any, _values: dict[str, Any]) -> list[str]:
        """Remove from a link's values names that the run does not have.

        Parameters
        ----------
        run : Run
        values : dict
            By the parameters of all states; changed in place.

        Returns
        -------
        list of str
            The removed values, in words.
        """
        return []


@contextmanager
def together(*states: State) -> Iterator[None]:
    """Delay watchers of several states until all values are set; call the last state's first."""
    with ExitStack() as stack:
        for state in states:
            stack.enter_context(param.parameterized.batch_call_watchers(state))
        yield
