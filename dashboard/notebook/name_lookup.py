"""Look up names that a person typed; an error suggests similar names."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from deeptracker.errors import UnknownNameError

__all__ = ["checked_name", "checked_names"]

SHOWN = 3


def checked_name(name: Any, names: Iterable[Any], what: str) -> str:
    """Return a name if it is one of some names.

    Parameters
    ----------
    what : str
        The kind of the name, for the error.

    Raises
    ------
    UnknownNameError
        When the name is unknown; the message gives the most similar names.
    """
    texts = [str(other) for other in names]
    text = str(name)
    if text in texts:
        return text
    near = get_close_matches(text, texts, SHOWN, 0.5)
    near += [other for other in texts if text and text in other and other not in near]
    if near:
        hint = f"did you mean {' or '.join(repr(other) for other in near[:SHOWN])}?"
    else:
        listed = ", ".join(repr(other) for other in texts[:SHOWN])
        more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
        hint = f"there are {listed}{more}" if texts else "this run has none"
    raise UnknownNameError(f"there is no {what} {text!r}; {hint}")


def checked_names(names: str | Iterable[Any], allowed: Iterable[Any], what: str) -> list[str]:
    """Return several names, or one name as a list."""
    given = [names] if isinstance(names, str) else list(names)
    listed = list(allowed)
    return [checked_name(name, listed, what) for name in given]
