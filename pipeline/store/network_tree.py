"""The architecture tree, read from dotted parameter names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any, Literal, NamedTuple

from deeptracker.garbage import uncollected
from deeptracker.pipeline.sources.manifest import Parameter

__all__ = [
    "FIELDS_BUT_NAME",
    "Architecture",
    "Kind",
    "Node",
    "architecture_of",
    "shape_text",
    "weights_below",
]

DIGITS = re.compile(r"(\d+)")
Kind = Literal["network", "stage", "block", "layer", "parameter"]


class Node(NamedTuple):
    """One row of the tree.

    Attributes
    ----------
    name : str
        Dotted; ``""`` for the network.
    label : str
        The name's last component; the network's name for the root.
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
        return shape_text(self.parameter.shape) if self.parameter else ""


@dataclass(frozen=True)
class Architecture:
    """The tree as a flat table in depth-first pre-order; node 0 is the network."""

    nodes: tuple[Node, ...]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The leaves, in the tree's order."""
        return tuple(node.parameter for node in self.nodes if node.parameter)

    def columns(self) -> dict[str, Sequence[Any]]:
        """Give the table column by column: every field of the nodes, and their shapes."""
        columns = {name: self._column(name) for name in Node._fields}
        shapes = [p.shape if p else None for p in columns["parameter"]]
        known = {shape: shape_text(shape) if shape else "" for shape in set(shapes)}
        return {**columns, "shape": [known[shape] for shape in shapes]}

    def _column(self, name: str) -> list[Any]:
        """Give one field of all nodes."""
        return list(map(itemgetter(Node._fields.index(name)), self.nodes))

    def leaves(self) -> tuple[int, ...]:
        """Nodes of the parameters, in the same order."""
        return tuple(index for index, node in enumerate(self.nodes) if node.parameter)

    def parents(self) -> tuple[int, ...]:
        """Give each node's parent, -1 for the root."""
        return tuple(node.parent for node in self.nodes)

    def layers(self) -> tuple[int, ...]:
        """Nodes that own at least one parameter with filters."""
        return self._layers

    @cached_property
    def _layers(self) -> tuple[int, ...]:
        owners = {
            node.parent for node in self.nodes if node.parameter and node.parameter.has_filters
        }
        return tuple(sorted(owners))

    def __reduce__(self) -> tuple[Any, ...]:
        # Column by column: thousands of objects take a task several times as long to open. The name
        # of a parameter is that of its node.
        columns = {name: self._column(name) for name in Node._fields}
        kinds: dict[Any, int] = {None: -1}
        columns["parameter"] = [
            kinds.setdefault(parameter and FIELDS_BUT_NAME(parameter), len(kinds) - 1)
            for parameter in columns["parameter"]
        ]
        return _opened, (columns, list(kinds)[1:])


# Few parameters of a network differ in any of these.
FIELDS_BUT_NAME = attrgetter(*(field.name for field in fields(Parameter) if field.name != "name"))


@uncollected()
def _opened(columns: dict[str, list[Any]], kinds: Sequence[tuple[Any, ...]]) -> Architecture:
    """Make the tree again of its table's columns; that of parameters has indices into `kinds`."""
    columns["parameter"] = [
        Parameter(name, *kinds[kind]) if kind >= 0 else None
        for name, kind in zip(columns["name"], columns["parameter"], strict=True)
    ]
    return Architecture(tuple(map(Node, *columns.values())))


@lru_cache(2**12)
def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape, as in ``64x3x7x7``."""
    return "x".join(map(str, shape))


class _Branch:
    """A module, and what is below it."""

    __slots__ = ("above", "children", "leaves", "name", "size")

    def __init__(self, name: str, above: "_Branch | None") -> None:
        self.name = name
        self.above = above
        self.children: dict[str, _Branch] = {}
        self.leaves: list[Parameter] = []
        self.size = 0


@uncollected()
def architecture_of(
    parameters: Sequence[Parameter], network: str, modules: Mapping[str, str] | None = None
) -> Architecture:
    """Build the tree.

    Parameters
    ----------
    parameters : sequence of Parameter
        In any order.
    network : str
        The root's label.
    modules : mapping of str to str, optional
        Module types by dotted name, in the model's own order, which the tree then follows.

    Returns
    -------
    Architecture
        Siblings are in the model's order if `modules` has it, else in the order of the file; if
        that is alphabetical, numbers in names are ordered by value.
    """
    modules = modules or {}
    root = _Branch("", None)
    branches: dict[str, _Branch] = {}
    for parameter in _ordered(parameters, modules):
        branch = _owner(parameter.name, root, branches)
        branch.leaves.append(parameter)
        branch.size += parameter.size
    # A module is made after the one above it.
    for branch in reversed(branches.values()):
        if branch.above is not None:
            branch.above.size += branch.size
    nodes: list[Node] = []
    _flatten(root, network, -1, 0, modules, nodes)
    return Architecture(tuple(nodes))


def _owner(name: str, root: _Branch, branches: dict[str, _Branch]) -> _Branch:
    """Give the module above a name; it and those above it are made when they first occur."""
    above, dot, _ = name.rpartition(".")
    if not dot:
        return root
    branch = branches.get(above)
    if branch is None:
        parent = _owner(above, root, branches)
        branch = branches[above] = _Branch(above, parent)
        parent.children[intern(above.rpartition(".")[2])] = branch
    return branch


def _flatten(
    branch: _Branch,
    label: str,
    parent: int,
    depth: int,
    modules: Mapping[str, str],
    nodes: list[Node],
) -> None:
    index = len(nodes)
    kind = _kind(branch, depth)
    module = modules.get(branch.name, "")
    nodes.append(Node(branch.name, label, parent, depth, kind, module, None, branch.size))
    for leaf in branch.leaves:
        leaf_label = intern(leaf.name.rpartition(".")[2])
        nodes.append(
            Node(leaf.name, leaf_label, index, depth + 1, "parameter", "", leaf, leaf.size)
        )
    for child_label, child in branch.children.items():
        _flatten(child, child_label, index, depth + 1, modules, nodes)


def _kind(branch: _Branch, depth: int) -> Kind:
    if depth == 0:
        return "network"
    if branch.leaves:
        return "layer"
    return "stage" if depth == 1 else "block"


def _ordered(parameters: Sequence[Parameter], modules: Mapping[str, str]) -> list[Parameter]:
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


def weights_below(architecture: Architecture, gradient: bool) -> list[int]:
    """Count the weights (or recorded gradients) at and below each node, [node]."""
    weights = [0] * len(architecture.nodes)
    for index in reversed(range(len(architecture.nodes))):
        node = architecture.nodes[index]
        if node.parameter and (node.parameter.has_gradient or not gradient):
            weights[index] = node.size
        if node.parent >= 0:
            weights[node.parent] += weights[index]
    return weights
