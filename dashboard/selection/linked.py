"""The selection and the views' states together: all that a link reproduces."""

from collections.abc import Callable, Sequence
from typing import Any

from deeptracker.dashboard.selection.link import link_notice, read_link, written_link
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import State, together

__all__ = ["Linked"]

Sift = Callable[[dict[str, Any]], list[str]]


class Linked:
    """The selection and any number of states as one set of values, by parameter name.

    `Selection.open` requests a view with values; this class sets them on their states.

    Parameters
    ----------
    selection : Selection
    states : sequence of State
        One of each class.
    first_keys : sequence of str
        Keys that stand first in a link.

    Raises
    ------
    ValueError
        Two states have a parameter or a key of the same name.
    """

    def __init__(
        self, selection: Selection, states: Sequence[State], first_keys: Sequence[str] = ()
    ) -> None:
        self.selection = selection
        self.states = tuple(states)
        self._all: tuple[State, ...] = (selection, *states)
        self._first_keys = first_keys
        self._owners: dict[str, State] = {}
        keys: dict[str, str] = {}
        for state in self._all:
            for name, key in state.KEYS.items():
                if name in self._owners or key in keys:
                    other = self._owners.get(name) or self._owners[keys[key]]
                    raise ValueError(
                        f"{type(state).__name__} and {type(other).__name__} both have a parameter "
                        f"{name} or a key {key}: rename one, so that links are unambiguous"
                    )
                self._owners[name], keys[key] = state, name
        selection.param.watch(lambda event: self.update(**event.new), "request", onlychanged=False)

    @property
    def values(self) -> dict[str, Any]:
        """The value of every parameter that a link carries, by its name."""
        return {name: getattr(state, name) for name, state in self._owners.items()}

    def of(self, view: Any) -> tuple[State, ...]:
        """Give the selection and the states that a view class names in its `states`."""
        by_class = {type(state): state for state in self._all}
        return (self.selection, *(by_class[wanted] for wanted in view.states))

    def update(self, **values: Any) -> None:
        """Set each value on the state that has its parameter; call watchers after all are set.

        Parameters
        ----------
        **values
            By the names of parameters. A callable is called with the present value.
        """
        by_state: dict[State, dict[str, Any]] = {}
        for name, value in values.items():
            state = self._owners.get(name, self.selection)
            found = value(getattr(state, name)) if callable(value) else value
            by_state.setdefault(state, {})[name] = found
        # The selection's watchers are called last: they may show a view that needs its values set.
        with together(self.selection, *by_state):
            for state, changed in by_state.items():
                state.param.update(**changed)

    def watch(self, act: Callable[[], None]) -> None:
        """Call `act` after each change of a value that a link carries."""
        for state in self._all:
            if state.KEYS:
                state.param.watch(lambda *_: act(), list(state.KEYS))

    def to_query(self) -> str:
        """Write all values that differ from the defaults as a query string, without "?"."""
        return written_link(self._all, self._first_keys)

    def from_query(self, query: str, sift: Sift | None = None) -> None:
        """Set all values from a query string; parameters that it does not name get defaults.

        An invalid entry leaves its parameter at the default, and `Selection.notice` names it.

        Parameters
        ----------
        sift : callable, optional
            Removes values that do not exist, and gives their names in words.
        """
        values, invalid = read_link(query, self._all)
        missing = sift(values) if sift else []
        self.update(**values, notice=link_notice(invalid, missing))
