"""Sentences on a network that changes during a training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deeptracker.wording import counted

__all__ = ["Life", "describe_changes", "lifetime_text"]

# Iterations of each kind of change that a sentence names.
SHOWN = 3


@dataclass(frozen=True)
class Life:
    """A parameter of one shape, and the iterations of the first and the last snapshot with it.

    Attributes
    ----------
    name : str
        In the snapshots.
    shape : str
        As in ``64x3x7x7``; ``""`` for a scalar.
    """

    name: str
    shape: str
    first: int
    last: int


def lifetime_text(first: int, last: int, span: tuple[int, int]) -> str:
    """Describe when something was in the snapshots: ``from 400 until 600``; empty if always.

    Parameters
    ----------
    first, last : int
        Iterations of the first and the last snapshot with it.
    span : (int, int)
        Iterations of the first and the last snapshot of the run.
    """
    begins = f"from {first}" if first > span[0] else ""
    ends = f"until {last}" if last < span[1] else ""
    return f"{begins} {ends}".strip()


def describe_changes(lives: Sequence[Life], known_until: int = -1) -> str:
    """Describe how a network changed, in one sentence; empty if it did not.

    Parameters
    ----------
    lives : sequence of Life
        All parameters of the run.
    known_until : int
        The iteration of a snapshot: only changes after it are described.

    Returns
    -------
    str
        As in ``1 parameter appears at 400, 1 changes its shape at 400 (head.weight 10x64 -> 20x64),
        2 end after 390``.
    """
    begin, end = min(life.first for life in lives), max(life.last for life in lives)
    if all(life.first == begin and life.last == end for life in lives):
        return ""
    by_name: dict[str, list[Life]] = {}
    for life in lives:
        by_name.setdefault(life.name, []).append(life)
    appear: dict[int, list[str]] = {}
    change: dict[int, list[str]] = {}
    ended: dict[int, list[str]] = {}
    for name, shapes in by_name.items():
        for life in shapes:
            before = [other for other in shapes if other.last < life.first]
            if life.first > max(begin, known_until):
                if before:
                    old = max(before, key=lambda other: other.last)
                    shown = f"{name} {_shown(old)} -> {_shown(life)}"
                    change.setdefault(life.first, []).append(shown)
                else:
                    appear.setdefault(life.first, []).append(name)
            followed = any(other.first > life.last for other in shapes)
            if known_until <= life.last < end and not followed:
                ended.setdefault(life.last, []).append(name)
    return ", ".join(
        [
            *_phrases(appear, "appears", "appear", "at"),
            *_phrases(change, "changes its shape", "change their shapes", "at", example=True),
            *_phrases(ended, "ends", "end", "after"),
        ]
    )


def _phrases(
    found: dict[int, list[str]], one: str, more: str, when: str, *, example: bool = False
) -> Iterable[str]:
    """Describe one kind of change, the parameters of an iteration together."""
    iterations = sorted(found)
    for iteration in iterations[:SHOWN]:
        names = found[iteration]
        verb = one if len(names) == 1 else more
        shown = f" ({names[0]}{', …' if len(names) > 1 else ''})" if example else ""
        yield f"{counted(len(names), 'parameter')} {verb} {when} {iteration}{shown}"
    rest = sum(len(found[iteration]) for iteration in iterations[SHOWN:])
    if rest:
        yield f"{counted(rest, 'parameter')} {one if rest == 1 else more} later"


def _shown(life: Life) -> str:
    return life.shape or "scalar"
