"""What an incident is called, and how it is told."""

from collections.abc import Iterator, Sequence

import numpy as np

from deeptracker.pipeline.measures.incidents.incident import Move, times
from deeptracker.pipeline.measures.incidents.training_series import TrainingSeries
from deeptracker.wording import counted

__all__ = ["message_of", "title_of"]

MOST_NAMES = 3


def title_of(lead: Move) -> str:
    """Name an incident in a few words, after its lead."""
    if np.isinf(lead.z):
        return f"{lead.name}: NaN or infinity"
    if lead.kind == "scalar" and lead.evidence == "schedule":
        return f"{lead.name} out of range" if lead.covers else f"Jump of {lead.name}"
    if lead.kind == "scalar":
        return f"{lead.name} rose" if " rose " in lead.text else f"Nothing learned: {lead.name}"
    titles = {
        "filter": f"Filter {lead.name}",
        "node": f"Layer {lead.name}",
        "class_": f"Class {lead.name}",
        "images": "Many images changed at once",
    }
    return titles[lead.kind]


def message_of(series: TrainingSeries, lead: Move, followers: Sequence[Move]) -> str:
    """Tell an incident in one sentence: what moved first, what followed, how it ended."""
    begun = len(series.iterations) and lead.lasts and lead.iteration <= series.iterations[:2][-1]
    when = "From the start" if begun else f"At {lead.iteration:,}"
    parts = [f"{when} {lead.text}", *_followed(series, lead, followers)]
    return "; ".join([*parts, *_ended(series, lead, followers)])


def _followed(series: TrainingSeries, lead: Move, followers: Sequence[Move]) -> Iterator[str]:
    layers = [move for move in followers if move.is_burst]
    if lead.is_burst and layers:
        others = len({move.name for move in layers} - {lead.name})
        if others:
            yield f"{counted(others, 'other layer')} moved more than usual too"
    elif layers:
        strongest = _first_of_each(layers)
        yield _moved(strongest, len(series.layers))
    for kind in ("filter", "images", "scalar"):
        some = [move for move in followers if move.kind == kind]
        yield from (move.text for move in _first_of_each(some)[:MOST_NAMES])
    states = [m for m in followers if m.kind == "node" and not m.is_burst]
    if states:
        yield states[0].text + (f", and {len(states) - 1} others" if len(states) > 1 else "")
    classes = _first_of_each([move for move in followers if move.kind == "class_"])
    yield from (move.text for move in classes[:MOST_NAMES])
    if len(classes) > MOST_NAMES:
        yield f"{len(classes) - MOST_NAMES} further classes"


def _moved(layers: Sequence[Move], of: int) -> str:
    """Tell how many layers moved, how much, and which most."""
    factors = sorted(move.factor for move in layers)
    if len(layers) == 1:
        return layers[0].text
    low, high = times(factors[0]), times(factors[-1])
    spread = low if low == high else f"{low} to {high}"
    return (
        f"{len(layers)} of {of} layers moved {spread} times as much as usual, {layers[0].name} most"
    )


def _ended(series: TrainingSeries, lead: Move, followers: Sequence[Move]) -> Iterator[str]:
    if any(move.lasts for move in (lead, *followers)):
        return
    last = max(move.last for move in (lead, *followers))
    later = series.iterations[series.iterations > last]
    if later.size:
        yield f"over by {later[0]:,}"


def _first_of_each(moves: Sequence[Move]) -> list[Move]:
    """Give the first move of each name, the strongest first.

    A later one may be the way back: images that were wrong are right again.
    """
    found: dict[str, Move] = {}
    for move in sorted(moves, key=lambda move: (move.iteration, -move.z)):
        found.setdefault(move.name, move)
    return sorted(found.values(), key=lambda move: -move.z)
