"""Index of snapshots, of one or several files each: from headers to byte ranges."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from deeptracker.errors import LogError
from deeptracker.garbage import uncollected
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder
from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.sources.joined_headers import JoinedHeaders, SnapshotFiles
from deeptracker.pipeline.sources.manifest import DTYPES, ByteRange, Offsets, Parameter, Problem
from deeptracker.pipeline.sources.networks import FLOATS, Network, strangers
from deeptracker.record.log_format import GRADIENT_PREFIX
from deeptracker.record.tensor_file import TensorEntry
from deeptracker.wording import counted

__all__ = ["ReadHeaders", "SnapshotIndex", "index_snapshots"]

ReadHeaders = Callable[[Sequence[File]], Iterator[FileHeader | LogError]]
RECORD_FLOATS = "record float32, float16, bfloat16 or float64"


@dataclass(frozen=True)
class SnapshotIndex:
    """Every readable snapshot's tensors.

    Attributes
    ----------
    files : dict of int to tuple of File
        The snapshots, by iteration.
    entries : dict of int to dict
        Their tensors, by name.
    networks : dict of int to Network
        Their parameters; those of equal networks are one object.
    fingerprints : dict of int to int
        Numbers that change when any of the files does.
    left_out : tuple of str
        What the newest files hold beside the parameters, one kind each.
    notes : tuple of str
        What else a person should know of them.
    problems : tuple of Problem
        The files that were left out.
    """

    files: dict[int, tuple[File, ...]]
    entries: dict[int, dict[str, TensorEntry]]
    networks: dict[int, Network]
    fingerprints: dict[int, int]
    problems: tuple[Problem, ...]
    access: Access | None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    _offsets: dict[tuple[int, bool], "_Located"] = field(default_factory=dict, repr=False)

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
        path = self.files[iteration][entry.file].location
        return ByteRange(path, entry.offset, entry.dtype, entry.shape, self.access, entry.strides)

    def offsets(self, iteration: int, gradient: bool) -> Offsets | None:
        """Where all parameters or their gradients lie at an iteration."""
        tensors = self.entries.get(iteration)
        if tensors is None:
            return None
        key = id(tensors), gradient
        if key not in self._offsets:
            self._offsets[key] = _offsets_of(self.parameters, tensors, gradient)
        paths = tuple(file.location for file in self.files[iteration])
        return Offsets(paths, *self._offsets[key], self.access)


# As of `Offsets`: file, begins, dtypes, strides.
_Located = tuple[np.ndarray, np.ndarray, np.ndarray, dict[int, tuple[int, ...]]]


def _offsets_of(
    parameters: Sequence[Parameter], tensors: Mapping[str, TensorEntry], gradient: bool
) -> _Located:
    """Give the first byte of each parameter (or gradient), -1 for none, its file and its dtype."""
    begins, dtypes, files = ([value] * len(parameters) for value in (-1, 0, 0))
    strides = {}
    codes = {name: code for code, name in enumerate(DTYPES) if name in FLOATS}
    for place, known in enumerate(parameters):
        entry = tensors.get(known.name)
        if entry and gradient and entry.shape == known.shape:
            entry = tensors.get(GRADIENT_PREFIX + known.name)
        if entry and entry.shape == known.shape and entry.dtype in codes:
            begins[place], dtypes[place] = entry.offset, codes[entry.dtype]
            files[place] = entry.file
            if entry.strides is not None:
                strides[place] = entry.strides
    as_arrays = np.array(files, np.int32), np.array(begins, np.int64), np.array(dtypes, np.uint8)
    return *as_arrays, strides


@uncollected()
def index_snapshots(
    folder: Folder,
    snapshots: Mapping[int, SnapshotFiles],
    read_headers: ReadHeaders | None = None,
    keeps: Callable[[str], bool] | None = None,
) -> SnapshotIndex:
    """Read every header; keep the snapshots of one network, which may change.

    Parameters
    ----------
    snapshots : mapping of int to SnapshotFiles
        By iteration.
    read_headers : callable, optional
        Gives the header or the error of each file; by default that of safetensors files.
    keeps : callable, optional
        Whether a parameter of that name is kept; all are by default.

    Raises
    ------
    LogError
        When no snapshot can be read, or no parameter is kept.
    """
    entries: dict[int, dict[str, TensorEntry]] = {}
    fingerprints: dict[int, int] = {}
    networks: dict[int, Network] = {}
    equal: dict[Network, Network] = {}
    problems: list[Problem] = []
    joined = JoinedHeaders(keeps)
    ordered = sorted(snapshots.items())
    headers = (read_headers or folder.headers)([f for _, each in ordered for f in each.files])
    for iteration, each in ordered:
        try:
            sound = _sound([next(headers) for _ in each.files], each)
            tensors, network = joined.of(each, sound)
        except LogError as error:
            path = str(error).split(": ", 1)[0]
            problems.append(Problem.of(path, error))
            continue
        entries[iteration] = tensors
        fingerprints[iteration] = _fingerprint([header.fingerprint for header in sound])
        networks[iteration] = equal.setdefault(network, network)
    if not any(networks.values()):
        joined.check_kept(folder)
        raise _no_usable_snapshot(ordered[0][1], len(snapshots), problems)
    for iteration, message in _unfit(networks).items():
        problems.append(Problem(snapshots[iteration].location, message))
        del entries[iteration], fingerprints[iteration], networks[iteration]
    problems += _gradient_problems(snapshots, entries)
    return SnapshotIndex(
        {iteration: snapshots[iteration].files for iteration in entries},
        entries,
        networks,
        fingerprints,
        tuple(problems),
        folder.access,
        joined.left_out(entries[max(entries)]),
        tuple(_notes(entries[max(entries)])),
    )


def _notes(tensors: Mapping[str, TensorEntry]) -> Iterator[str]:
    """Say what is read more slowly than the rest."""
    strided = [name for name, e in tensors.items() if e.strides is not None and e.dtype in FLOATS]
    if strided:
        yield (
            f"{counted(len(strided), 'parameter')} ({strided[0]}{', …' if strided[1:] else ''}): "
            "not in C order in the file (transposed, or with gaps), read more slowly"
        )


def _sound(headers: Sequence[FileHeader | LogError], snapshot: SnapshotFiles) -> list[FileHeader]:
    """Give the headers of a snapshot's files.

    Raises
    ------
    LogError
        When one of them cannot be read.
    """
    found = [header for header in headers if isinstance(header, FileHeader)]
    broken = next((header for header in headers if isinstance(header, LogError)), None)
    if broken is None:
        return found
    if len(headers) == 1:
        raise broken
    others = counted(len(snapshot.files) - 1, "other file")
    raise LogError(f"{broken}; the {others} of the snapshot left out with it")


def _fingerprint(of_files: Sequence[int]) -> int:
    """Join the fingerprints of a snapshot's files; that of one file stays."""
    if len(of_files) == 1:
        return of_files[0]
    digest = hashlib.blake2b(repr(tuple(of_files)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 or 1


def _no_usable_snapshot(first: SnapshotFiles, count: int, problems: Sequence[Problem]) -> LogError:
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
    snapshots: Mapping[int, SnapshotFiles], entries: Mapping[int, dict[str, TensorEntry]]
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
                        snapshots[iteration].location,
                        f"the gradient of {name.removeprefix(GRADIENT_PREFIX)!r} is {entry.dtype} "
                        f"{list(entry.shape)}, its weights are {weights.dtype} "
                        f"{list(weights.shape)}; left out, like all such gradients. Record "
                        "gradients as floats, in the shapes of their weights",
                    )
                ]
    return []
