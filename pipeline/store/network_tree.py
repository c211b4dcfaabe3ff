"""The architecture tree, read from dotted parameter names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from deeptracker.garbage import uncollected
from deeptracker.pipeline.sources.manifest import Parameter

__all__ = ["Architecture", "Kind", "Node", "architecture_of", "weights_below"]

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
        return "x".join(map(str, self.parameter.shape)) if self.parameter else ""


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
        named = zip(Node._fields, zip(*self.nodes, strict=True), strict=True)
        return {**dict(named), "shape": [node.shape for node in self.nodes]}

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
        # Column by column: thousands of objects take a task several times as long to open.
        *columns, parameters, sizes = zip(*self.nodes, strict=True)
        known = [parameter and FIELDS_OF_PARAMETER(parameter) for parameter in parameters]
        return _opened, (*columns, known, sizes)


FIELDS_OF_PARAMETER = attrgetter(*(field.name for field in fields(Parameter)))


@uncollected()
def _opened(*columns: Any) -> Architecture:
    """Make the tree again of its table's columns; the last but one has the parameters' fields."""
    *others, known, sizes = columns
    parameters = [fields and Parameter(*fields) for fields in known]
    return Architecture(tuple(map(Node, *others, parameters, sizes)))


class _Branch:
    """A module, and what is below it."""

    __slots__ = ("children", "leaves", "name", "size")

    def __init__(self, name: str) -> None:
        self.name = name
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
    root = _Branch("")
    for parameter in _ordered(parameters, modules):
        size = parameter.size
        root.size += size
        branch, name = root, parameter.name
        at = name.find(".")
        begin = 0
        while at >= 0:
            part = name[begin:at]
            child = branch.children.get(part)
            if child is None:
                child = branch.children[part] = _Branch(name[:at])
            child.size += size
            branch, begin = child, at + 1
            at = name.find(".", begin)
        branch.leaves.append(parameter)
    nodes: list[Node] = []
    _flatten(root, network, -1, 0, modules, nodes)
    return Architecture(tuple(nodes))


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
        leaf_label = leaf.name.rpartition(".")[2]
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
