"""Index of snapshots, one file each: from headers to byte ranges."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from deeptracker.errors import LogError
from deeptracker.garbage import uncollected
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder
from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.sources.manifest import DTYPES, ByteRange, Offsets, Parameter, Problem
from deeptracker.pipeline.sources.networks import FLOATS, Network, network_of, strangers
from deeptracker.record.log_format import GRADIENT_PREFIX
from deeptracker.record.tensor_file import TensorEntry

__all__ = ["ReadHeaders", "SnapshotIndex", "index_snapshots"]

ReadHeaders = Callable[[Sequence[File]], Iterator[FileHeader | LogError]]
RECORD_FLOATS = "record float32, float16, bfloat16 or float64"


@dataclass(frozen=True)
class SnapshotIndex:
    """Every readable snapshot's tensors.

    Attributes
    ----------
    files : dict of int to File
        The snapshots, by iteration.
    entries : dict of int to dict
        Their tensors, by name.
    networks : dict of int to Network
        Their parameters; those of equal networks are one object.
    fingerprints : dict of int to int
        Numbers that change when the files do.
    problems : tuple of Problem
        The files that were left out.
    """

    files: dict[int, File]
    entries: dict[int, dict[str, TensorEntry]]
    networks: dict[int, Network]
    fingerprints: dict[int, int]
    problems: tuple[Problem, ...]
    access: Access | None
    _offsets: dict[tuple[int, bool], tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict, repr=False
    )

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter of any snapshot, in the order of first appearance."""
        distinct = {id(network): network for network in self.networks.values()}
        if len(distinct) == 1:
            return next(iter(distinct.values()))
        found: dict[tuple[str, tuple[int, ...]], Parameter] = {}
        for network in distinct.values():
            for parameter in network:
                key = parameter.name, parameter.shape
                found[key] = found[key].joined(parameter) if key in found else parameter
        return tuple(found.values())

    def locate(
        self,
        parameter: str,
        iteration: int,
        gradient: bool,
        shape: tuple[int, ...] | None = None,
    ) -> ByteRange | None:
        """Locate a parameter or its gradient at an iteration."""
        tensors = self.entries.get(iteration)
        entry = tensors.get(parameter) if tensors is not None else None
        if tensors is None or entry is None or shape not in (None, entry.shape):
            return None
        if gradient:
            of_weights = entry
            entry = tensors.get(GRADIENT_PREFIX + parameter)
            if entry is None or entry.shape != of_weights.shape:
                return None
        if entry.dtype not in FLOATS:
            return None
        path = self.files[iteration].location
        return ByteRange(path, entry.offset, entry.dtype, entry.shape, self.access)

    def offsets(self, iteration: int, gradient: bool) -> Offsets | None:
        """Where all parameters or their gradients lie at an iteration."""
        tensors = self.entries.get(iteration)
        if tensors is None:
            return None
        key = id(tensors), gradient
        if key not in self._offsets:
            self._offsets[key] = _offsets_of(self.parameters, tensors, gradient)
        return Offsets(self.files[iteration].location, *self._offsets[key], self.access)


def _offsets_of(
    parameters: Sequence[Parameter], tensors: Mapping[str, TensorEntry], gradient: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Give the first byte of each parameter (or gradient), -1 for none, and its dtype."""
    begins, dtypes = [-1] * len(parameters), [0] * len(parameters)
    codes = {name: code for code, name in enumerate(DTYPES) if name in FLOATS}
    for place, known in enumerate(parameters):
        entry = tensors.get(known.name)
        if entry and gradient and entry.shape == known.shape:
            entry = tensors.get(GRADIENT_PREFIX + known.name)
        if entry and entry.shape == known.shape and entry.dtype in codes:
            begins[place], dtypes[place] = entry.offset, codes[entry.dtype]
    return np.array(begins, np.int64), np.array(dtypes, np.uint8)


@uncollected()
def index_snapshots(
    folder: Folder, files: Mapping[int, File], read_headers: ReadHeaders | None = None
) -> SnapshotIndex:
    """Read every header; keep the snapshots of one network, which may change.

    Parameters
    ----------
    files : mapping of int to File
        By iteration.
    read_headers : callable, optional
        Gives the header or the error of each file; by default that of safetensors files.

    Raises
    ------
    LogError
        When no snapshot can be read.
    """
    entries: dict[int, dict[str, TensorEntry]] = {}
    fingerprints: dict[int, int] = {}
    networks: dict[int, Network] = {}
    seen: dict[int, Network] = {}
    equal: dict[Network, Network] = {}
    problems: list[Problem] = []
    ordered = sorted(files.items())
    headers = (read_headers or folder.headers)([file for _, file in ordered])
    for (iteration, file), header in zip(ordered, headers, strict=True):
        if isinstance(header, LogError):
            problems.append(Problem.of(file.location, header))
            continue
        # Snapshots with equal headers share one entries object.
        if id(header.entries) not in seen:
            network = network_of(header.entries)
            seen[id(header.entries)] = equal.setdefault(network, network)
        entries[iteration] = header.entries
        fingerprints[iteration] = header.fingerprint
        networks[iteration] = seen[id(header.entries)]
    if not any(networks.values()):
        raise _no_usable_snapshot(ordered[0][1], len(files), problems)
    for iteration, message in _unfit(networks).items():
        problems.append(Problem(files[iteration].location, message))
        del entries[iteration], fingerprints[iteration], networks[iteration]
    problems += _gradient_problems(files, entries)
    return SnapshotIndex(
        {iteration: files[iteration] for iteration in entries},
        entries,
        networks,
        fingerprints,
        tuple(problems),
        folder.access,
    )


def _no_usable_snapshot(first: File, count: int, problems: Sequence[Problem]) -> LogError:
    """Give the error of a log without a usable snapshot."""
    reason = (
        f"can be read ({problems[0]})" if problems else f"holds a tensor of floats; {RECORD_FLOATS}"
    )
    return LogError(f"{first.location}: none of the {count} snapshots {reason}")


def _unfit(networks: Mapping[int, Network]) -> dict[int, str]:
    """Say of each snapshot that is left out why."""
    found = {
        iteration: f"holds no tensor of floats; left out. {RECORD_FLOATS.capitalize()}"
        for iteration, network in networks.items()
        if not network
    }
    some = {iteration: network for iteration, network in networks.items() if network}
    for iteration in strangers(some):
        first = networks[iteration][0]
        found[iteration] = (
            f"has no parameter in common with most snapshots ({first.name!r} "
            f"{list(first.shape)} is its first); left out. Process snapshots of another network "
            "as a separate log"
        )
    return found


def _gradient_problems(
    files: Mapping[int, File], entries: Mapping[int, dict[str, TensorEntry]]
) -> list[Problem]:
    """Name the first file with a gradient that is not like its weights."""
    seen: set[int] = set()
    for iteration, tensors in entries.items():
        if id(tensors) in seen:
            continue
        seen.add(id(tensors))
        for name, entry in tensors.items():
            weights = tensors.get(name.removeprefix(GRADIENT_PREFIX))
            if not name.startswith(GRADIENT_PREFIX) or weights is None:
                continue
            if entry.dtype not in FLOATS or entry.shape != weights.shape:
                return [
                    Problem(
                        files[iteration].location,
                        f"the gradient of {name.removeprefix(GRADIENT_PREFIX)!r} is {entry.dtype} "
                        f"{list(entry.shape)}, its weights are {weights.dtype} "
                        f"{list(weights.shape)}; left out, like all such gradients. Record "
                        "gradients as floats, in the shapes of their weights",
                    )
                ]
    return []
