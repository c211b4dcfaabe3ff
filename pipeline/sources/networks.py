"""The network of every snapshot, from its header alone; which snapshots are of one network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile

from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.record.log_format import GRADIENT_PREFIX
from deeptracker.record.tensor_file import TensorEntry

__all__ = ["FLOATS", "Network", "common_keys", "network_of", "strangers"]

FLOATS = {"F64", "F32", "F16", "BF16"}
# The parameters of one snapshot, in the order of its file.
Network = tuple[Parameter, ...]
_Key = tuple[str, tuple[int, ...]]


def network_of(entries: Mapping[str, TensorEntry]) -> Network:
    """List the parameters of a snapshot.

    Integer tensors (counters, indices) and 8-bit floats are not weights and are left out.
    """
    weights = sorted(
        (entry.file, entry.offset, name)
        for name, entry in entries.items()
        if entry.dtype in FLOATS and entry.nbytes and not name.startswith(GRADIENT_PREFIX)
    )
    return tuple(_parameter(entries, name) for *_, name in weights)


def _parameter(entries: Mapping[str, TensorEntry], name: str) -> Parameter:
    entry, gradient = entries[name], entries.get(GRADIENT_PREFIX + name)
    known = gradient is not None and gradient.dtype in FLOATS and gradient.shape == entry.shape
    gradient_dtype = gradient.dtype if gradient is not None and known else ""
    return Parameter(name, tuple(entry.shape), entry.dtype, known, gradient_dtype)


def common_keys(network: Sequence[Parameter]) -> set[_Key]:
    """Give what networks of one training have in common: names with their shapes.

    Each name stands there with and without the modules that all names of the network begin with,
    so that a wrapper, which puts its name before all others, makes no other network.
    """
    paths = [parameter.name.split(".") for parameter in network]
    shared = zip(*(path[:-1] for path in paths), strict=False)
    wrappers = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, shared))
    return {(parameter.name, parameter.shape) for parameter in network} | {
        (".".join(path[wrappers:]), parameter.shape)
        for path, parameter in zip(paths, network, strict=True)
    }


def strangers(networks: Mapping[int, Network]) -> list[int]:
    """Find the snapshots that have no parameter in common with most others.

    A network may change from snapshot to snapshot; each has something in common with another.

    Parameters
    ----------
    networks : mapping of int to Network
        By iteration; equal ones are one object.

    Returns
    -------
    list of int
        Iterations of all snapshots but those of the family with the most; of equal families the
        first is kept.
    """
    if len({id(network) for network in networks.values()}) < 2:
        return []
    family: dict[int, int] = {}
    keys: dict[int, set[_Key]] = {}
    for network in networks.values():
        if id(network) in family:
            continue
        family[id(network)] = id(network)
        mine = common_keys(network)
        for relative in [first for first, known in keys.items() if known & mine]:
            mine |= keys.pop(relative)
            for member, first in family.items():
                if first == relative:
                    family[member] = id(network)
        keys[id(network)] = mine
    # Counter keeps first-seen order among equals.
    families = [family[id(network)] for network in networks.values()]
    kept = Counter(families).most_common(1)[0][0]
    return [i for i, own in zip(networks, families, strict=True) if own != kept]
