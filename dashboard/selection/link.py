"""A link: the values of some states as a query string, and back."""

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

import param

from deeptracker.dashboard.selection.state import State

__all__ = ["link_notice", "read_link", "written_link"]

MOST_NAMED = 8


def written_link(states: Sequence[State], first_keys: Sequence[str] = ()) -> str:
    """Write all values that differ from the defaults as a query string, without question mark.

    Parameters
    ----------
    states : sequence of State
    first_keys : sequence of str
        Keys that stand before all others, in this order. The others follow in the order of the
        states and of their `KEYS`.
    """
    written = {}
    for state in states:
        for name, key in state.KEYS.items():
            value = getattr(state, name)
            if value != state.param[name].default:
                written[key] = f"{key}={quote(_written(value), safe=',.:[]')}"
    ranks = {key: rank for rank, key in enumerate(first_keys)}
    return "&".join(
        written[key] for key in sorted(written, key=lambda key: ranks.get(key, len(ranks)))
    )


def read_link(query: str, states: Sequence[State]) -> tuple[dict[str, Any], list[str]]:
    """Read a query string; it may name parameters by their keys or in full.

    Parameters
    ----------
    query : str
        With or without a question mark. Keys that no state has are ignored.
    states : sequence of State
        They are not changed.

    Returns
    -------
    values : dict
        The value of every parameter that has a key. A parameter that is missing or invalid in the
        query has its default.
    invalid : list of str
        The invalid entries of the query, in words.
    """
    owners = {name: state for state in states for name in state.KEYS}
    names = {key: name for state in states for name, key in state.KEYS.items()}
    names |= {name: name for name in owners}
    values = {name: owner.param[name].default for name, owner in owners.items()}
    trials = {state: state.copied() for state in states}
    invalid = []
    given = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    for key, text in given.items():
        name = names.get(key)
        if name is None:
            continue
        owner = owners[name]
        try:
            value = _read(text, owner.param[name])
            setattr(trials[owner], name, value)
        except (ValueError, TypeError, RecursionError):
            invalid.append(owner.WORDS.get(name, name.replace("_", " ")))
        else:
            values[name] = value
    return values, invalid


def link_notice(invalid: Sequence[str], missing: Sequence[str]) -> str:
    """Name the ignored parts of a link: invalid entries, and names that the run does not have."""
    notices = []
    if invalid:
        notices.append(f"Ignored invalid values in this link: {_listed(invalid)}.")
    if missing:
        notices.append(f"This run does not have: {_listed(missing)}.")
    return " ".join(notices)


def _listed(words: Sequence[str]) -> str:
    """Join words with commas and "and"; cut a long list."""
    shown = list(words[:MOST_NAMED])
    if more := len(words) - len(shown):
        shown.append(f"{more:,} more")
    return " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _read(text: str, parameter: param.Parameter) -> Any:
    if isinstance(parameter, param.Boolean):
        return {"1": True, "0": False}[text] if text in ("0", "1") else _refuse(text)
    if isinstance(parameter, param.Selector | param.String):
        return text
    value = json.loads(text)
    if isinstance(parameter, param.Tuple):
        if not isinstance(value, list) or not all(_is_number(entry) for entry in value):
            _refuse(text)
        return tuple(value)
    return value


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _refuse(text: str) -> Any:
    raise ValueError(text)
