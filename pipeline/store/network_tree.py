"""The architecture tree, read from dotted parameter names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deeptracker.pipeline.sources.manifest import Parameter

__all__ = ["Architecture", "Kind", "Node", "architecture_of", "weights_below"]

Kind = Literal["network", "stage", "block", "layer", "parameter"]


@dataclass(frozen=True)
class Node:
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
        return "x".join(str(side) for side in self.parameter.shape) if self.parameter else ""


@dataclass(frozen=True)
class Architecture:
    """The tree as a flat table in depth-first pre-order; node 0 is the network."""

    nodes: tuple[Node, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The leaves, in the tree's order."""
        return tuple(node.parameter for node in self.nodes if node.parameter)

    def leaves(self) -> tuple[int, ...]:
        """Nodes of the parameters, in the same order."""
        return tuple(index for index, node in enumerate(self.nodes) if node.parameter)

    def parents(self) -> tuple[int, ...]:
        """Give each node's parent, -1 for the root."""
        return tuple(node.parent for node in self.nodes)

    def layers(self) -> tuple[int, ...]:
        """Nodes that own at least one parameter with filters."""
        owners = {
            node.parent for node in self.nodes if node.parameter and node.parameter.has_filters
        }
        return tuple(sorted(owners))


@dataclass
class _Branch:
    name: str
    children: dict[str, "_Branch"] = field(default_factory=dict)
    leaves: list[Parameter] = field(default_factory=list)
    size: int = 0


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
        root.size += parameter.size
        branch = root
        path: list[str] = []
        for part in parameter.name.split(".")[:-1]:
            path.append(part)
            branch = branch.children.setdefault(part, _Branch(".".join(path)))
            branch.size += parameter.size
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
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


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
