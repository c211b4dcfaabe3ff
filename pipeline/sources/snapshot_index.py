"""Index of snapshots, one file each: from headers to byte ranges."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from deeptracker.errors import LogError
from deeptracker.garbage import uncollected
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder
from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.sources.manifest import ByteRange, Offsets, Parameter, Problem
from deeptracker.record.tensor_file import TensorEntry

__all__ = ["GRADIENT_PREFIX", "ReadHeaders", "SnapshotIndex", "index_snapshots"]

GRADIENT_PREFIX = "grad/"
FLOATS = {"F64", "F32", "F16", "BF16"}
ReadHeaders = Callable[[Sequence[File]], Iterator[FileHeader | LogError]]
Signature = tuple[tuple[str, tuple[int, ...], str], ...]


@dataclass(frozen=True)
class SnapshotIndex:
    """Every readable snapshot's tensors.

    Attributes
    ----------
    parameters : tuple of Parameter
        In the order of the file.
    files : dict of int to File
        The snapshots that agree with the majority, by iteration.
    entries : dict of int to dict
        Their tensors, by name.
    fingerprints : dict of int to int
        Numbers that change when the files do.
    problems : tuple of Problem
        The files that were left out.
    """

    parameters: tuple[Parameter, ...]
    files: dict[int, File]
    entries: dict[int, dict[str, TensorEntry]]
    fingerprints: dict[int, int]
    problems: tuple[Problem, ...]
    access: Access | None
    _by_name: dict[str, Parameter] = field(default_factory=dict, repr=False)
    _offsets: dict[tuple[int, bool], np.ndarray] = field(default_factory=dict, repr=False)

    def locate(self, parameter: str, iteration: int, gradient: bool) -> ByteRange | None:
        """Locate a parameter or its gradient at an iteration."""
        tensors = self.entries.get(iteration)
        if tensors is None:
            return None
        entry = tensors.get(GRADIENT_PREFIX + parameter if gradient else parameter)
        if entry is None:
            return None
        known = self._by_name[parameter]
        expected = known.gradient_dtype if gradient else known.dtype
        if entry.dtype != expected or entry.shape != known.shape:
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
            prefix = GRADIENT_PREFIX if gradient else ""
            begins = np.full(len(self.parameters), -1, np.int64)
            for place, known in enumerate(self.parameters):
                entry = tensors.get(prefix + known.name)
                expected = known.gradient_dtype if gradient else known.dtype
                if entry and entry.dtype == expected and entry.shape == known.shape:
                    begins[place] = entry.offset
            self._offsets[key] = begins
        return self.files[iteration].location, self._offsets[key], self.access


@uncollected()
def index_snapshots(
    folder: Folder, files: Mapping[int, File], read_headers: ReadHeaders | None = None
) -> SnapshotIndex:
    """Read every header; keep the snapshots that agree with the majority.

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
    signatures: dict[int, Signature] = {}
    seen: dict[int, Signature] = {}
    problems: list[Problem] = []
    ordered = sorted(files.items())
    headers = (read_headers or folder.headers)([file for _, file in ordered])
    for (iteration, file), header in zip(ordered, headers, strict=True):
        if isinstance(header, LogError):
            problems.append(Problem.of(file.location, header))
            continue
        entries[iteration] = header.entries
        fingerprints[iteration] = header.fingerprint
        # Snapshots with equal headers share one entries object.
        if id(header.entries) not in seen:
            seen[id(header.entries)] = _signature(header.entries)
        signatures[iteration] = seen[id(header.entries)]
    if not any(signatures.values()):
        raise _no_usable_snapshot(ordered[0][1], len(files), problems)
    # Counter keeps first-seen order among equals, so the first snapshot wins a tie.
    reference = Counter(signatures.values()).most_common(1)[0][0]
    for iteration, signature in signatures.items():
        if signature != reference:
            difference = _difference(signature, reference)
            problems.append(
                Problem(
                    files[iteration].location,
                    f"{difference}; left out, since most snapshots agree on other tensors. "
                    "Process snapshots of another network as a separate log",
                )
            )
            del entries[iteration], fingerprints[iteration]
    parameters = _parameters(reference, entries)
    problems += _gradient_problems(parameters, files, entries)
    return SnapshotIndex(
        parameters,
        {iteration: files[iteration] for iteration in entries},
        entries,
        fingerprints,
        tuple(problems),
        folder.access,
        {parameter.name: parameter for parameter in parameters},
    )


def _no_usable_snapshot(first: File, count: int, problems: Sequence[Problem]) -> LogError:
    """Give the error of a log without a usable snapshot."""
    reason = (
        f"can be read ({problems[0]})"
        if problems
        else "holds a tensor of floats; record float32, float16, bfloat16 or float64"
    )
    return LogError(f"{first.location}: none of the {count} snapshots {reason}")


def _signature(entries: dict[str, TensorEntry]) -> Signature:
    """Name, shape and dtype of every weight tensor, by name.

    Integer tensors (counters, indices) and 8-bit floats are not weights and are left out.
    """
    return tuple(
        (name, tuple(entry.shape), entry.dtype)
        for name, entry in sorted(entries.items())
        if entry.dtype in FLOATS and entry.nbytes and not name.startswith(GRADIENT_PREFIX)
    )


def _parameters(
    reference: Signature, entries: dict[int, dict[str, TensorEntry]]
) -> tuple[Parameter, ...]:
    gradients: dict[str, str] = {}
    for tensors in {id(tensors): tensors for tensors in entries.values()}.values():
        for name, entry in tensors.items():
            if name.startswith(GRADIENT_PREFIX) and entry.dtype in FLOATS:
                gradients.setdefault(name.removeprefix(GRADIENT_PREFIX), entry.dtype)
    offsets = {name: entry.offset for name, entry in next(iter(entries.values())).items()}
    return tuple(
        Parameter(name, shape, dtype, name in gradients, gradients.get(name, ""))
        for name, shape, dtype in sorted(reference, key=lambda weight: offsets[weight[0]])
    )


def _gradient_problems(
    parameters: tuple[Parameter, ...],
    files: Mapping[int, File],
    entries: dict[int, dict[str, TensorEntry]],
) -> list[Problem]:
    """Name the first file with a gradient that differs from its parameter's other gradients."""
    seen: set[int] = set()
    for iteration, tensors in entries.items():
        if id(tensors) in seen:
            continue
        seen.add(id(tensors))
        for known in parameters:
            if not known.has_gradient:
                continue
            entry = tensors.get(GRADIENT_PREFIX + known.name)
            expected = known.gradient_dtype, known.shape
            if entry and (entry.dtype, entry.shape) != expected:
                return [
                    Problem(
                        files[iteration].location,
                        f"the gradient of {known.name!r} is {entry.dtype} {list(entry.shape)}, not "
                        f"{known.gradient_dtype} {list(known.shape)}; left out, like all such "
                        "gradients. Record gradients of one dtype, in the shapes of their weights",
                    )
                ]
    return []


def _difference(given: Signature, reference: Signature) -> str:
    """Describe the first difference between a snapshot and the majority."""
    mine = {name: (shape, dtype) for name, shape, dtype in given}
    for name, shape, dtype in reference:
        if name not in mine:
            return f"lacks {name!r}"
        if mine[name] != (shape, dtype):
            has = f"{mine[name][1]} {list(mine[name][0])}"
            return f"{name!r} is {has} where most snapshots have {dtype} {list(shape)}"
    extra = mine.keys() - {name for name, _, _ in reference}
    return f"holds {min(extra)!r}, which most snapshots lack"
