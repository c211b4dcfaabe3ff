"""The architecture tree, read from dotted parameter names."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from deeptracker.garbage import uncollected
from deeptracker.pipeline.sources.manifest import Parameter

__all__ = ["Architecture", "Kind", "Node", "architecture_of", "in_order", "weights_below"]

DIGITS = re.compile(r"(\d+)")
Kind = Literal["network", "stage", "block", "layer", "parameter"]


class Node(NamedTuple):
    """One row of the tree.

    Attributes
    ----------
    name : str
        Dotted; ``""`` for the network. Of a parameter that has changed its shape, the later ones
        carry theirs: ``head.weight 20x64``.
    label : str
        The name's last component, and the shape where a parameter has had several; the network's
        name for the root.
    parent : int
        The parent's index, -1 for the root.
    depth : int
        0 for the root.
    kind : str
        A leaf is a parameter, a module that owns parameters a layer; a layer's other ancestors are
        stages directly under the network and blocks further down.
    type : str
        The module's type if the log has it, else ``""``.
    parameter : Parameter or None
        For leaves.
    size : int
        Weights at and below.
    """

    name: str
    label: str
    parent: int
    depth: int
    kind: Kind
    type: str
    parameter: Parameter | None
    size: int

    @property
    def shape(self) -> str:
        """A parameter's shape, as in ``64x3x7x7``; ``""`` for a module or a scalar."""
        return self.parameter.shape_text if self.parameter else ""


@dataclass(frozen=True)
class Architecture:
    """The tree as a flat table; node 0 is the network.

    The nodes of the first network stand in depth-first pre-order. Those that later snapshots add
    stand behind them, snapshot by snapshot, so that no node ever moves. A parent always stands
    before its children.
    """

    nodes: tuple[Node, ...]

    @classmethod
    @uncollected()
    def of(
        cls,
        generations: Sequence[Sequence[Parameter]],
        network: str,
        modules: Mapping[str, str] | None = None,
    ) -> Self:
        """Build the tree of a network that may have changed.

        Parameters
        ----------
        generations : sequence of sequence of Parameter
            Of each snapshot with new parameters, the new ones, in the order in which siblings
            stand. A parameter is its name and its shape.
        network : str
            The root's label.
        modules : mapping of str to str, optional
            Module types by dotted name.
        """
        root = _Branch("", network, None)
        branches: dict[str, _Branch] = {}
        found: list[_Branch | _Leaf] = []
        for parameters in generations:
            for parameter in parameters:
                _insert(parameter, root, branches)
            _number(root, found)
        # A module is made after the one above it.
        for branch in reversed(branches.values()):
            if branch.above is not None:
                branch.above.size += branch.size
        return cls(tuple(_nodes(found, modules or {})))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The leaves, in the order of the table."""
        return tuple(node.parameter for node in self.nodes if node.parameter)

    def columns(self) -> dict[str, Sequence[Any]]:
        """Give the table column by column: every field of the nodes, and their shapes."""
        columns = {name: self._column(name) for name in Node._fields}
        known = {p.shape: p for p in columns["parameter"] if p}
        texts = {shape: parameter.shape_text for shape, parameter in known.items()}
        return {**columns, "shape": [texts[p.shape] if p else "" for p in columns["parameter"]]}

    def _column(self, name: str) -> list[Any]:
        """Give one field of all nodes."""
        return list(map(itemgetter(Node._fields.index(name)), self.nodes))

    def leaves(self) -> tuple[int, ...]:
        """Nodes of the parameters, in the same order."""
        return self._leaves

    @cached_property
    def _leaves(self) -> tuple[int, ...]:
        return tuple(index for index, node in enumerate(self.nodes) if node.parameter)

    def count_nodes(self, parameters: int) -> int:
        """Count the nodes of the tree that the first parameters make."""
        # The last node of a snapshot's is a leaf.
        return self.leaves()[parameters - 1] + 1

    def parents(self) -> tuple[int, ...]:
        """Give each node's parent, -1 for the root."""
        return tuple(node.parent for node in self.nodes)

    def layers(self, parameters: int | None = None) -> tuple[int, ...]:
        """Nodes that own a parameter with filters, in the order of the first one that they own.

        Parameters
        ----------
        parameters : int, optional
            How many parameters are asked, the first ones; all by default.
        """
        if parameters is None or parameters >= len(self._leaves):
            return self._layers
        return self._owners(parameters)

    @cached_property
    def _layers(self) -> tuple[int, ...]:
        return self._owners(None)

    def _owners(self, parameters: int | None) -> tuple[int, ...]:
        leaves = map(self.nodes.__getitem__, self._leaves[:parameters])
        owners = (leaf.parent for leaf in leaves if leaf.parameter and leaf.parameter.has_filters)
        return tuple(dict.fromkeys(owners))

    def __reduce__(self) -> tuple[Any, ...]:
        # Column by column: thousands of objects take a task several times as long to open. The name
        # of a parameter is that of its node, but for one that has changed its shape.
        columns = {name: self._column(name) for name in Node._fields}
        parameters = columns["parameter"]
        names = {
            place: parameter.name
            for place, (name, parameter) in enumerate(zip(columns["name"], parameters, strict=True))
            if parameter and parameter.name != name
        }
        kinds: dict[Any, int] = {None: -1}
        columns["parameter"] = [
            kinds.setdefault(parameter and FIELDS_BUT_NAME(parameter), len(kinds) - 1)
            for parameter in parameters
        ]
        return _opened, (columns, list(kinds)[1:], names)


# Few parameters of a network differ in any of these.
FIELDS_BUT_NAME = attrgetter(*(field.name for field in fields(Parameter) if field.name != "name"))


@uncollected()
def _opened(
    columns: dict[str, list[Any]], kinds: Sequence[tuple[Any, ...]], names: Mapping[int, str]
) -> Architecture:
    """Make the tree again of its table's columns; that of parameters has indices into `kinds`.

    Parameters
    ----------
    names : mapping of int to str
        Of the parameters whose nodes have other names.
    """
    named = list(columns["name"])
    for place, name in names.items():
        named[place] = name
    columns["parameter"] = [
        Parameter(name, *kinds[kind]) if kind >= 0 else None
        for name, kind in zip(named, columns["parameter"], strict=True)
    ]
    return Architecture(tuple(map(Node, *columns.values())))


class _Branch:
    """A module, and what is below it."""

    __slots__ = (
        "above",
        "children",
        "depth",
        "has_new",
        "label",
        "leaves",
        "name",
        "number",
        "parent",
        "placed",
        "size",
    )

    def __init__(self, name: str, label: str, above: "_Branch | None") -> None:
        self.name = name
        self.above = above
        self.label = label
        self.parent = self.number = -1
        self.depth = self.size = 0
        self.children: dict[str, _Branch] = {}
        self.leaves: list[Parameter] = []
        # How many of the leaves have a place in the table; whether any at or below has none.
        self.placed = 0
        self.has_new = True


class _Leaf(NamedTuple):
    """A parameter, and where it lies in the tree."""

    parameter: Parameter
    parent: int
    depth: int


def architecture_of(
    parameters: Sequence[Parameter], network: str, modules: Mapping[str, str] | None = None
) -> Architecture:
    """Build the tree of a network that does not change.

    Parameters
    ----------
    parameters : sequence of Parameter
        In any order.
    network : str
        The root's label.
    modules : mapping of str to str, optional
        Module types by dotted name, in the model's own order, which the tree then follows.
    """
    return Architecture.of([in_order(parameters, modules or {})], network, modules)


def _insert(parameter: Parameter, root: _Branch, branches: dict[str, _Branch]) -> None:
    """Put a leaf into its branch."""
    branch = _owner(parameter.name, root, branches)
    branch.leaves.append(parameter)
    branch.size += parameter.size
    _mark(branch)


def _mark(branch: _Branch | None) -> None:
    """Note that something below a branch has no place in the table yet."""
    while branch is not None and not branch.has_new:
        branch.has_new = True
        branch = branch.above


def _owner(name: str, root: _Branch, branches: dict[str, _Branch]) -> _Branch:
    """Give the module above a name; it and those above it are made when they first occur."""
    above, dot, _ = name.rpartition(".")
    if not dot:
        return root
    branch = branches.get(above)
    if branch is None:
        parent = _owner(above, root, branches)
        label = intern(above.rpartition(".")[2])
        branch = branches[above] = _Branch(above, label, parent)
        parent.children[label] = branch
        _mark(parent)
    return branch


def _number(branch: _Branch, found: list[_Branch | _Leaf]) -> None:
    """Give places to what has none at and below a branch, depth first."""
    if branch.number < 0:
        branch.number = len(found)
        found.append(branch)
    number, depth = branch.number, branch.depth + 1
    found += [_Leaf(leaf, number, depth) for leaf in branch.leaves[branch.placed :]]
    branch.placed = len(branch.leaves)
    for child in branch.children.values():
        if child.has_new:
            child.parent, child.depth = number, depth
            _number(child, found)
    branch.has_new = False


def _nodes(found: Sequence[_Branch | _Leaf], modules: Mapping[str, str]) -> Iterator[Node]:
    times = Counter(entry.parameter.name for entry in found if isinstance(entry, _Leaf))
    seen: set[str] = set()
    for entry in found:
        if isinstance(entry, _Branch):
            kind, module = _kind(entry, entry.depth), modules.get(entry.name, "")
            yield Node(
                entry.name, entry.label, entry.parent, entry.depth, kind, module, None, entry.size
            )
            continue
        leaf, parent, depth = entry
        name, label = leaf.name, intern(leaf.name.rpartition(".")[2])
        if times[name] > 1:
            # A parameter that changes its shape is several: the names of all nodes differ.
            shape = leaf.shape_text or "scalar"
            label = f"{label} {shape}"
            name = f"{name} {shape}" if name in seen else name
            seen.add(leaf.name)
        yield Node(name, label, parent, depth, "parameter", "", leaf, leaf.size)


def _kind(branch: _Branch, depth: int) -> Kind:
    if depth == 0:
        return "network"
    if branch.leaves:
        return "layer"
    return "stage" if depth == 1 else "block"


def in_order(parameters: Sequence[Parameter], modules: Mapping[str, str]) -> list[Parameter]:
    """Put parameters in the order of the tree.

    Parameters
    ----------
    modules : mapping of str to str
        Module types by dotted name, in the model's own order.

    Returns
    -------
    list of Parameter
        In the model's order where `modules` tells it, else in the order of the file, or by their
        numbers where that is merely alphabetical.
    """
    place = {name: index for index, name in enumerate(modules)}
    owners = [parameter.name.rpartition(".")[0] for parameter in parameters]
    if place and all(owner in place for owner in owners):
        return sorted(parameters, key=lambda p: place[p.name.rpartition(".")[0]])
    names = [parameter.name for parameter in parameters]
    if names == sorted(names):
        return sorted(parameters, key=lambda p: _natural(p.name))
    return list(parameters)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort layer10 after layer9: digits compare as numbers, and before letters."""
    return [_natural_part(part) for part in DIGITS.split(name) if part]


@lru_cache(2**12)
def _natural_part(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)


def weights_below(
    architecture: Architecture, gradient: bool, measured: np.ndarray | None = None
) -> list[int]:
    """Count the weights (or recorded gradients) at and below each node, [node].

    Parameters
    ----------
    measured : numpy.ndarray, optional
        bool [parameter]: which parameters count; all by default.
    """
    weights = [0] * len(architecture.nodes)
    number = len(architecture.parameters)
    for index in reversed(range(len(architecture.nodes))):
        node = architecture.nodes[index]
        if node.parameter:
            number -= 1
            if measured is None or measured[number]:
                weights[index] = node.size if node.parameter.has_gradient or not gradient else 0
        if node.parent >= 0:
            weights[node.parent] += weights[index]
    return weights
