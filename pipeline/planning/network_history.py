"""Every parameter that the snapshots of a run have had, and when: from headers, and from the store.

A network may change while it trains. What changes its shape is another parameter. The order is that
of first appearance, so that what a store has never moves; of one snapshot it is that of the tree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple, Self

import numpy as np
import zarr

from deeptracker.garbage import uncollected
from deeptracker.pipeline.sources.manifest import Parameter, Source
from deeptracker.pipeline.sources.networks import common_keys
from deeptracker.pipeline.store.arrays.array_spec import array_at, read_array
from deeptracker.pipeline.store.network_changes import Life, describe_changes
from deeptracker.pipeline.store.network_layout import level_weights
from deeptracker.pipeline.store.network_tree import Architecture, in_order

__all__ = ["MADE_WITH", "Lived", "NetworkHistory", "stored_history"]

# The root's attribute that says how many parameters the store was made with.
MADE_WITH = "made_with_parameters"
_Key = tuple[str, tuple[int, ...]]


class Lived(NamedTuple):
    """A parameter, and the iterations of the first and the last snapshot that has it."""

    parameter: Parameter
    first: int
    last: int

    @property
    def key(self) -> _Key:
        """What makes it this parameter and no other."""
        return self.parameter.name, self.parameter.shape


@dataclass(frozen=True)
class NetworkHistory:
    """The parameters of a run.

    Attributes
    ----------
    entries : tuple of Lived
        In the order of the store.
    levels : int
        Pyramid levels of the store: what the first network needs.
    made_with : int
        How many of the entries the store was made with.
    until : int
        The iteration up to which the store knows all; -1 without a store.
    tree : Architecture or None
        Of these entries, where their order was found.
    """

    entries: tuple[Lived, ...]
    levels: int
    made_with: int
    until: int = -1
    tree: Architecture | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, source: Source, modules: Mapping[str, str]) -> Self:
        """Give the history of a log that is processed at once."""
        found = cls((), 0, 0).grown(source, modules)
        first = found.entries[0].first
        weights = sum(entry.parameter.size for entry in found.entries if entry.first == first)
        return replace(found, levels=len(level_weights(weights)), made_with=len(found.entries))

    @uncollected()
    def grown(self, source: Source, modules: Mapping[str, str]) -> Self:
        """Go on with the snapshots that came since.

        Parameters
        ----------
        modules : mapping of str to str
            Module types by dotted name, in the model's own order.
        """
        lives = {entry.key: entry for entry in self.entries}
        for network, first, last in _spans(source, self.until):
            new = [p for p in network if (p.name, p.shape) not in lives]
            ordered = in_order(new, modules)
            lives |= {(p.name, p.shape): Lived(p, first, last) for p in ordered}
            for parameter in network if len(new) < len(network) else ():
                key = parameter.name, parameter.shape
                known = lives[key]
                joined = known.parameter.joined(parameter)
                lives[key] = Lived(joined, known.first, max(known.last, last))
        entries = tuple(lives.values())
        if len(entries) == len(self.entries):
            return replace(self, entries=entries)
        # The tree puts the new parameters of one snapshot in its order.
        tree = Architecture.of(_generations(entries), source.network, modules)
        entries = tuple(lives[p.name, p.shape] for p in tree.parameters)
        return replace(self, entries=entries, tree=tree)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, in the order of the store."""
        return tuple(entry.parameter for entry in self.entries)

    @property
    def newest(self) -> tuple[Parameter, ...]:
        """The parameters of the last snapshot."""
        last = max(entry.last for entry in self.entries)
        return tuple(entry.parameter for entry in self.entries if entry.last == last)

    def architecture(self, network: str, modules: Mapping[str, str]) -> Architecture:
        """Give the tree of all parameters.

        Parameters
        ----------
        network : str
            The root's label.
        modules : mapping of str to str
            Module types by dotted name.
        """
        return self.tree or Architecture.of(_generations(self.entries), network, modules)

    def columns(self, iterations: np.ndarray) -> np.ndarray:
        """Give the first column of each parameter, and the one behind its last.

        Parameters
        ----------
        iterations : numpy.ndarray
            int64 [column], ascending.

        Returns
        -------
        numpy.ndarray
            int64 [2, parameter].
        """
        lives = np.array([(entry.first, entry.last) for entry in self.entries], np.int64).T
        return np.stack(
            [
                np.searchsorted(iterations, lives[0]),
                np.searchsorted(iterations, lives[1], side="right"),
            ]
        )

    def is_of(self, source: Source) -> bool:
        """Whether the store knows all parameters of the log up to the last iteration it has."""
        known = {entry.key for entry in self.entries}
        return all(
            {(p.name, p.shape) for p in network} <= known
            for network, first, _ in _spans(source)
            if first <= self.until
        )

    def changes(self, before: "NetworkHistory | None" = None) -> str:
        """Describe how the network changed, in one sentence; empty if it did not.

        Parameters
        ----------
        before : NetworkHistory, optional
            An earlier state: only what changed since then is described.
        """
        if len({(entry.first, entry.last) for entry in self.entries}) == 1:
            return ""
        until = max(entry.last for entry in before.entries) if before else -1
        lives = [
            Life(entry.parameter.name, entry.parameter.shape_text, entry.first, entry.last)
            for entry in self.entries
        ]
        return describe_changes(lives, until)

    def has_relatives(self, source: Source) -> bool:
        """Whether the snapshots that came since have any parameter in common with the store."""
        new = [network for network, _, _ in _spans(source, self.until)]
        keys = {entry.key for entry in self.entries}
        if not new or any((p.name, p.shape) in keys for network in new for p in network):
            return True
        known = common_keys(self.parameters)
        return any(known & common_keys(network) for network in new)


def stored_history(root: zarr.Group) -> NetworkHistory:
    """Read the history that a store knows.

    Parameters
    ----------
    root : zarr.Group
        Of a store of our schema.
    """

    def text(name: str) -> list[str]:
        return [str(value) for value in read_array(root, f"parameters/{name}")]

    names, shapes, dtypes = text("name"), text("shape"), text("dtype")
    # A store of before has no names of tensors, and says of all parameters whether gradients were.
    is_new = "parameters/tensor" in root
    gradients = text("gradient_dtype") if is_new else _gradients_of_before(root, dtypes)
    first, last = (read_array(root, f"parameters/{end}_iteration") for end in ("first", "last"))
    entries = tuple(
        Lived(Parameter(name, _sides(shape), dtype, bool(gradient), gradient), int(begin), int(end))
        for name, shape, dtype, gradient, begin, end in zip(
            text("tensor") if is_new else names, shapes, dtypes, gradients, first, last, strict=True
        )
    )
    levels = array_at(root, "parameters/level").shape[0]
    made_with = int(str(root.attrs.get(MADE_WITH, len(entries))))
    return NetworkHistory(entries, levels, made_with, int(read_array(root, "iteration")[-1]))


def _gradients_of_before(root: zarr.Group, dtypes: Sequence[str]) -> list[str]:
    return list(dtypes) if root.attrs["gradients"] else [""] * len(dtypes)


def _sides(shape: str) -> tuple[int, ...]:
    return tuple(int(side) for side in shape.split("x")) if shape else ()


def _generations(entries: Sequence[Lived]) -> list[list[Parameter]]:
    """Group the parameters that appear in one snapshot."""
    groups = groupby(entries, key=lambda entry: entry.first)
    return [[entry.parameter for entry in group] for _, group in groups]


def _spans(source: Source, after: int = -1) -> Iterator[tuple[tuple[Parameter, ...], int, int]]:
    """Give each network with the first and the last iteration that has it, by the first."""
    found: dict[int, tuple[tuple[Parameter, ...], int, int]] = {}
    for iteration in source.iterations:
        network = source.parameters_at(iteration)
        if network and iteration > after:
            _, first, _ = found.get(id(network), (network, iteration, iteration))
            found[id(network)] = network, first, iteration
    yield from found.values()
