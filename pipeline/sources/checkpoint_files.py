"""Which files of a folder make one checkpoint: single files, shards, folders."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, Folder, Tree
from deeptracker.pipeline.sources.beside_weights import kind_beside
from deeptracker.pipeline.sources.joined_headers import SnapshotFiles
from deeptracker.pipeline.sources.manifest import Problem
from deeptracker.pipeline.sources.name_numbers import numbers_of

__all__ = ["ANOTHER_MODEL", "Checkpoint", "FoundCheckpoints", "find_checkpoints", "stem_of"]

# Names that a checkpoint's own folder makes unique; the first is the model where there are several.
MODELS = [
    *("model", "pytorch_model", "adapter_model", "diffusion_pytorch_model", "consolidated"),
    *("weights", "checkpoint", "policy"),
]
SHARD = re.compile(r"^(?P<base>.*?)[-_.]?(?P<number>\d+)-of-(?P<total>\d+)$")
ANOTHER_MODEL = "another model of the same checkpoint; choose it with --model NAME"
INDEX_SUFFIX = ".index.json"
LARGEST_INDEX = 64 * 2**20


@dataclass(frozen=True)
class Checkpoint:
    """The files of one checkpoint.

    Attributes
    ----------
    name : str
        What its iteration is read from: its path in the folder, without suffix.
    location : str
        Path or URL of its folder, or of its only file.
    folder : str
        The folder of its files, relative to that of all; empty for itself.
    model : str
        What its files are called, without suffix and number of a shard.
    """

    name: str
    location: str
    folder: str
    model: str
    files: SnapshotFiles


@dataclass
class FoundCheckpoints:
    """The checkpoints of a folder.

    Attributes
    ----------
    others : dict of str to list of str
        Files that are left out, by the reason.
    """

    checkpoints: list[Checkpoint] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    others: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, reason: str, name: str) -> None:
        """Note a file that is left out."""
        self.others.setdefault(reason, []).append(name)


@dataclass(frozen=True)
class _Group:
    """Files in one folder that belong together: shards, or one file."""

    base: str
    files: tuple[File, ...]
    place_of: Mapping[str, int] | None = None


def find_checkpoints(
    folder: Folder, tree: Tree, suffixes: Sequence[str], model: str | None = None
) -> FoundCheckpoints:
    """Group files into checkpoints.

    Parameters
    ----------
    tree : Tree
        The folder's files.
    suffixes : sequence of str
        Of the files that hold weights.
    model : str, optional
        Which of several models of a checkpoint is taken: a file's name without suffix.
    """
    found = FoundCheckpoints()
    indexes = _Indexes(folder)
    by_folder = groupby(
        sorted(tree.files, key=lambda file: _parent(file.name)), key=lambda f: _parent(f.name)
    )
    for name, files in by_folder:
        groups = _groups(list(files), suffixes, indexes, found)
        if groups:
            _add(folder, name, groups, model, found)
    return found


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def stem_of(name: str, suffixes: Sequence[str]) -> str | None:
    """Give a file's name without folder and suffix; None where it has none of the suffixes."""
    base = name.rpartition("/")[2]
    lower = base.lower()
    suffix = next((each for each in suffixes if lower.endswith(each)), None)
    return None if suffix is None else base[: -len(suffix)]


def _groups(
    files: Sequence[File],
    suffixes: Sequence[str],
    indexes: "_Indexes",
    found: FoundCheckpoints,
) -> list[_Group]:
    """Group the files of one folder."""
    stems: dict[str, tuple[str, File]] = {}
    for file in files:
        stem = stem_of(file.name, suffixes)
        if stem is not None and kind_beside(file.name) is None:
            stems[file.name.rpartition("/")[2]] = stem, file
    groups: list[_Group] = []
    for file in files:
        base = _indexed_base(file.name, suffixes)
        if base is None or kind_beside(file.name) is not None:
            continue
        group = _indexed(base, file, stems, indexes, found)
        if group is not None:
            groups.append(group)
    shards: dict[tuple[str, int], dict[int, File]] = {}
    for stem, file in stems.values():
        match = SHARD.match(stem)
        if match is None:
            groups.append(_Group(stem, (file,)))
        else:
            key = match["base"], int(match["total"])
            shards.setdefault(key, {})[int(match["number"])] = file
    for (base, total), numbered in shards.items():
        # Some count from zero.
        first = min(numbered)
        missing = [n for n in range(min(first, 1), min(first, 1) + total) if n not in numbered]
        if missing and total <= len(files) + len(missing):
            found.problems.append(_incomplete(next(iter(numbered.values())), missing[0], total))
            continue
        groups.append(_Group(base, tuple(file for _, file in sorted(numbered.items()))))
    return groups


def _indexed_base(name: str, suffixes: Sequence[str]) -> str | None:
    """Give the name of the model that an index file is of; None for other files."""
    base = name.rpartition("/")[2]
    if not base.lower().endswith(INDEX_SUFFIX):
        return None
    return stem_of(base[: -len(INDEX_SUFFIX)], suffixes)


def _indexed(
    base: str,
    index: File,
    stems: dict[str, tuple[str, File]],
    indexes: "_Indexes",
    found: FoundCheckpoints,
) -> _Group | None:
    """Take the files that an index lists; None where it cannot be read or one is missing."""
    try:
        names, place_of = indexes.read(index)
    except LogError as error:
        found.problems.append(Problem.of(index.location, error))
        names, place_of = (), {}
    listed = [stems.pop(name, None) for name in names]
    # What the index does not list is of no whole checkpoint.
    for name in [
        n for n, (stem, _) in stems.items() if (m := SHARD.match(stem)) and m["base"] == base
    ]:
        stems.pop(name)
    if not names:
        return None
    lacking = [name for name, file in zip(names, listed, strict=True) if file is None]
    if lacking:
        found.problems.append(
            Problem(
                index.location,
                f"lists {lacking[0]!r}, which is missing; the whole snapshot is left out. Copy it "
                "again",
            )
        )
        return None
    return _Group(base, tuple(each[1] for each in listed if each is not None), place_of)


def _incomplete(file: File, number: int, total: int) -> Problem:
    return Problem(
        file.location,
        f"is one of {total} shards, of which number {number} is missing; the whole snapshot is "
        "left out. Copy it again",
    )


class _Indexes:
    """The indexes of shards; equal ones are parsed once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._parsed: dict[bytes, tuple[tuple[str, ...], dict[str, int]]] = {}

    def read(self, file: File) -> tuple[tuple[str, ...], dict[str, int]]:
        """Give the files that an index lists, and which of them has each tensor.

        Raises
        ------
        LogError
            When it is not an index.
        """
        if file.size > LARGEST_INDEX:
            raise LogError(
                f"{file.location}: is {file.size:,} bytes long, too long for an index of shards; "
                "the snapshot is left out"
            )
        content = self._folder.read(file)
        if content not in self._parsed:
            self._parsed[content] = _parsed_index(file, content)
        return self._parsed[content]


def _parsed_index(file: File, content: bytes) -> tuple[tuple[str, ...], dict[str, int]]:
    try:
        places = json.loads(content)["weight_map"]
        names = tuple(dict.fromkeys(places.values()))
        sound = bool(names) and all(isinstance(name, str) for name in names)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise LogError(
            f"{file.location}: is no index of shards (JSON with a 'weight_map'); the snapshot is "
            "left out. Copy it again"
        )
    number = {name: place for place, name in enumerate(names)}
    return names, {str(tensor): number[name] for tensor, name in places.items()}


def _add(
    folder: Folder,
    name: str,
    groups: Sequence[_Group],
    model: str | None,
    found: FoundCheckpoints,
) -> None:
    """Add the checkpoints of one folder: one of its own, or one for each file."""
    chosen = [group for group in groups if model is None or group.base == model]
    if model is not None and any(group.base == model for group in groups):
        for group in groups:
            if group not in chosen:
                found.leave_out(ANOTHER_MODEL, group.files[0].name)
        groups = chosen
    main = next((g for each in MODELS for g in groups if g.base == each), None)
    if main is None and name and len(groups) == 1 and not numbers_of(groups[0].base):
        main = groups[0]
    if main is None:
        for group in groups:
            prefix = f"{name}/" if name else ""
            location = group.files[0].location
            _append(found, f"{prefix}{group.base}", location, name, group)
        return
    for group in groups:
        if group is not main:
            found.leave_out(ANOTHER_MODEL, group.files[0].name)
    place = folder.join(name) if name else folder.location
    location = main.files[0].location if len(main.files) == 1 else place
    _append(found, name, location, name, main)


def _append(found: FoundCheckpoints, name: str, location: str, folder: str, group: _Group) -> None:
    files = SnapshotFiles(group.files, group.place_of)
    found.checkpoints.append(Checkpoint(name, location, folder, group.base, files))
