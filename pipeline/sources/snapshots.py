"""The index that formats of one safetensors file a snapshot share: headers in, byte ranges out."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deeptracker.errors import LogError
from deeptracker.tensorfile import TensorEntry, read_header
from pipeline.sources.manifest import ByteRange, Parameter, Problem

__all__ = ["GRADIENT_PREFIX", "SnapshotIndex", "file_fingerprint", "index_snapshots"]

GRADIENT_PREFIX = "grad/"
FLOATS = {"F64", "F32", "F16", "BF16"}
Signature = tuple[tuple[str, tuple[int, ...], str], ...]


@dataclass(frozen=True)
class SnapshotIndex:
    """Every readable snapshot's tensors.

    Attributes
    ----------
    parameters : tuple of Parameter
        In the order of the file.
    paths : dict of int to Path
        The snapshots that agree with the majority, by iteration.
    entries : dict of int to dict
        Their tensors, by name.
    problems : tuple of Problem
        The files that were left out.
    """

    parameters: tuple[Parameter, ...]
    paths: dict[int, Path]
    entries: dict[int, dict[str, TensorEntry]]
    problems: tuple[Problem, ...]
    _by_name: dict[str, Parameter] = field(default_factory=dict, repr=False)

    def locate(self, parameter: str, iteration: int, gradient: bool) -> ByteRange | None:
        """Where a parameter or its gradient lies at an iteration."""
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
        return ByteRange(str(self.paths[iteration]), entry.offset, entry.dtype, entry.shape)


def index_snapshots(paths: Mapping[int, Path]) -> SnapshotIndex:
    """Read every header; keep the snapshots that agree with the majority.

    Raises
    ------
    LogError
        When no snapshot can be read.
    """
    entries: dict[int, dict[str, TensorEntry]] = {}
    signatures: dict[int, Signature] = {}
    problems: list[Problem] = []
    for iteration, path in sorted(paths.items()):
        try:
            entries[iteration], _ = read_header(path)
        except (LogError, OSError) as error:
            problems.append(Problem(str(path), _without_path(str(error), path)))
            continue
        signatures[iteration] = _signature(entries[iteration])
    if not any(signatures.values()):
        reason = f" ({problems[0]})" if problems else ": they hold no floating-point tensors"
        raise LogError(f"none of the {len(paths)} snapshots can be read{reason}")
    # Counter keeps first-seen order among equals, so the first snapshot wins a tie.
    reference = Counter(signatures.values()).most_common(1)[0][0]
    for iteration, signature in signatures.items():
        if signature != reference:
            difference = _difference(signature, reference)
            problems.append(
                Problem(
                    str(paths[iteration]),
                    f"{difference}; left out, since most snapshots agree on other tensors. "
                    "Process snapshots of another network as a log of their own",
                )
            )
            del entries[iteration]
    parameters = _parameters(reference, entries)
    return SnapshotIndex(
        parameters,
        {iteration: paths[iteration] for iteration in entries},
        entries,
        tuple(problems),
        {parameter.name: parameter for parameter in parameters},
    )


def file_fingerprint(path: Path) -> int:
    """Give a file a number by its size, time of change and header; 63 bits, never 0."""
    status = path.stat()
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length)
    digest = hashlib.blake2b(header, digest_size=8)
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    return int.from_bytes(digest.digest(), "little") >> 1 or 1


def _signature(entries: dict[str, TensorEntry]) -> Signature:
    """Name, shape and dtype of every weight tensor, by name.

    Integer tensors (counters, indices) are no weights and are passed over.
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
    for tensors in entries.values():
        for name, entry in tensors.items():
            if name.startswith(GRADIENT_PREFIX) and entry.dtype in FLOATS:
                gradients.setdefault(name.removeprefix(GRADIENT_PREFIX), entry.dtype)
    offsets = {name: entry.offset for name, entry in next(iter(entries.values())).items()}
    return tuple(
        Parameter(name, shape, dtype, name in gradients, gradients.get(name, ""))
        for name, shape, dtype in sorted(reference, key=lambda weight: offsets[weight[0]])
    )


def _difference(given: Signature, reference: Signature) -> str:
    """Say the first thing in which a snapshot differs from the majority."""
    mine = {name: (shape, dtype) for name, shape, dtype in given}
    for name, shape, dtype in reference:
        if name not in mine:
            return f"lacks {name!r}"
        if mine[name] != (shape, dtype):
            has = f"{mine[name][1]} {list(mine[name][0])}"
            return f"{name!r} is {has} where most snapshots have {dtype} {list(shape)}"
    extra = mine.keys() - {name for name, _, _ in reference}
    return f"holds {min(extra)!r}, which most snapshots lack"


def _without_path(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}").lstrip(": ")
