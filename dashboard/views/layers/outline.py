"""The architecture's outline: the nodes that the tree shows, and their positions."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.layers.state import LayersState

__all__ = ["LEVELS", "Item", "Outline", "has_filters", "is_open", "opened", "outline_of", "toggled"]

# Levels to which the tree is unfolded; deeper nodes stay folded until a person unfolds them.
LEVELS = {
    "network": "the network",
    "stage": "stages",
    "block": "blocks",
    "layer": "layers",
    "parameter": "parameters",
    "filter": "filters",
}
RANKS = {name: rank for rank, name in enumerate(LEVELS)}
GAP = 4


@dataclass(frozen=True)
class Item:
    """One row of the tree.

    Attributes
    ----------
    id : str
        ``node:NAME``, or ``filters:PARAMETER`` for the filters of an unfolded parameter.
    node : int
        Index in the architecture's table.
    top, height : float
        CSS pixels from the tree's upper end.
    toggle : {"open", "closed", ""}
        Whether it is unfolded; ``""`` if it cannot be unfolded.
    """

    id: str
    node: int
    top: float
    height: float
    toggle: str

    @property
    def is_filters(self) -> bool:
        """Whether this is a chart of filters, not a node."""
        return self.id.startswith("filters:")

    @property
    def name(self) -> str:
        """Name of the node or parameter."""
        return self.id.partition(":")[2]


@dataclass(frozen=True)
class Outline:
    """Every row of the tree with its position, from the names and kinds of the nodes alone.

    Attributes
    ----------
    items : tuple of Item
        From top to bottom.
    """

    items: tuple[Item, ...]

    @property
    def height(self) -> float:
        """Height of all rows together, in CSS pixels."""
        return self.items[-1].top + self.items[-1].height + GAP if self.items else 0.0

    def between(self, top: float, bottom: float) -> tuple[Item, ...]:
        """Give the rows that lie at least partly between two heights."""
        first = bisect_left(self._bottoms, top)
        return self.items[first : bisect_right(self._tops, bottom)]

    def find(self, row: str) -> Item | None:
        """Give the row of an id; None if it is not shown."""
        return self._by_id.get(row)

    @property
    def nodes(self) -> list[int]:
        """Indices of the nodes that are shown."""
        return [item.node for item in self.items if not item.is_filters]

    @cached_property
    def _tops(self) -> list[float]:
        return [item.top for item in self.items]

    @cached_property
    def _bottoms(self) -> list[float]:
        return [item.top + item.height for item in self.items]

    @cached_property
    def _by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}


def outline_of(
    run: Run,
    state: LayersState,
    node_height: Callable[[int], float],
    filters_height: Callable[[int], float],
) -> Outline:
    """Lay out the tree: its nodes in depth-first order, without nodes inside folded ones.

    Parameters
    ----------
    node_height, filters_height : callable
        CSS pixels of a node's row, and of its filters' chart, by the node's index.
    """
    wanted = _found(run, state.layer_search)
    items: list[Item] = []
    top = float(GAP)
    waiting = [0] if len(run.nodes["name"]) else []
    while waiting:
        node = waiting.pop()
        if wanted is not None and not wanted[node]:
            continue
        name = str(run.nodes["name"][node])
        children = run.children[node]
        filtered = has_filters(run, node)
        # A search unfolds all nodes above a match.
        leads = wanted is not None and any(wanted[child] for child in children)
        unfolded = is_open(run, state, node) or leads
        toggle = ("open" if unfolded else "closed") if children or filtered else ""
        height = node_height(node)
        items.append(Item(f"node:{name}", node, top, height, toggle))
        top += height + GAP
        if unfolded and filtered:
            height = filters_height(node)
            items.append(Item(f"filters:{name}", node, top, height, ""))
            top += height + 2 * GAP
        if unfolded:
            waiting += reversed(children)
    return Outline(tuple(items))


def has_filters(run: Run, node: int) -> bool:
    """Whether a node is a parameter of two dimensions or more."""
    return "x" in str(run.nodes["shape"][node])


def is_open(run: Run, state: LayersState, node: int) -> bool:
    """Whether a node is unfolded, by itself or by the level that the tree is unfolded to."""
    name = str(run.nodes["name"][node])
    if name in state.closed_nodes:
        return False
    return name in (state.open_nodes or ()) or _by_level(run, state, node)


def toggled(run: Run, state: LayersState, node: int) -> dict[str, Any]:
    """Give the state's values that toggle a node between folded and unfolded."""
    name = str(run.nodes["name"][node])
    opened, closed = set(state.open_nodes or ()), set(state.closed_nodes)
    by_level = _by_level(run, state, node)
    if is_open(run, state, node):
        opened.discard(name)
        if by_level:
            closed.add(name)
    else:
        closed.discard(name)
        if not by_level:
            opened.add(name)
        # Unfolding a layer with one matrix of weights shows its filters at once.
        filtered = [child for child in run.children[node] if has_filters(run, child)]
        if run.nodes["kind"][node] == "layer" and len(filtered) == 1:
            opened.add(str(run.nodes["name"][filtered[0]]))
    return {"open_nodes": sorted(opened) or None, "closed_nodes": sorted(closed)}


def opened(run: Run, state: LayersState, name: str) -> dict[str, Any]:
    """Give the state's values under which a node is in sight and unfolded."""
    node = run.node(name)
    opened, closed = set(state.open_nodes or ()), set(state.closed_nodes)
    while node is not None and node >= 0:
        above = str(run.nodes["name"][node])
        closed.discard(above)
        if not _by_level(run, state, node):
            opened.add(above)
        node = int(run.nodes["parent"][node])
    return {"open_nodes": sorted(opened) or None, "closed_nodes": sorted(closed)}


def _by_level(run: Run, state: LayersState, node: int) -> bool:
    """Whether the level unfolds a node: the level reaches the kind of one of its children."""
    wanted = RANKS[state.open_level]
    kind = str(run.nodes["kind"][node])
    children = run.children[node]
    if kind == "parameter":
        return wanted > RANKS["parameter"]
    if not children:
        return False
    nearest = min(RANKS[str(run.nodes["kind"][child])] for child in children)
    # The unfolded network shows its children, of any kind.
    return wanted >= nearest or (kind == "network" and wanted > RANKS["network"])


def _found(run: Run, search: str) -> np.ndarray | None:
    """Find the nodes that a search shows, bool [node]; None without a search.

    Every word must occur in a node's name, type or shape; a word after a minus must not. All
    nodes above a match are shown too.
    """
    # Shapes are stored with the letter x and shown with a multiplication sign.
    words = search.lower().replace("\u00d7", "x").split()
    if not words:
        return None
    nodes = run.nodes
    found = np.zeros(len(nodes["name"]), bool)
    for node, fields in enumerate(zip(nodes["name"], nodes["type"], nodes["shape"], strict=True)):
        described = " ".join(map(str, fields)).lower()
        found[node] = all(
            word[1:] not in described if _excludes(word) else word in described for word in words
        )
    # In depth-first order every child comes after its parent.
    for node in reversed(range(1, len(found))):
        found[int(nodes["parent"][node])] |= found[node]
    return found


def _excludes(word: str) -> bool:
    return word.startswith("-") and len(word) > 1
