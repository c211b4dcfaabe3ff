"""Names that a person types: found, or refused with the near ones."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from deeptracker.errors import UnknownNameError

__all__ = ["known", "known_all"]

SHOWN = 3


def known(name: Any, names: Iterable[Any], what: str) -> str:
    """Give a name back when it is one of some names.

    Parameters
    ----------
    what : str
        What the name is of, for the error.

    Raises
    ------
    UnknownNameError
        Naming the nearest names that there are.
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


def known_all(names: str | Iterable[Any], there_are: Iterable[Any], what: str) -> list[str]:
    """Give several names back, or one as a list."""
    asked = [names] if isinstance(names, str) else list(names)
    listed = list(there_are)
    return [known(name, listed, what) for name in asked]
