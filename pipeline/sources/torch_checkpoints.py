"""PyTorch's checkpoints as a source: .pt, .pth, .bin and .ckpt files as torch.save writes them."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, FileBytes, FileHeader, Folder
from deeptracker.pipeline.sources.checkpoint_folder import (
    CheckpointFolder,
    WeightFiles,
    has_weights,
)
from deeptracker.pipeline.sources.pickle_values import LARGEST_PICKLE
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.sources.state_dict import (
    ITERATION_KEYS,
    ModelTensors,
    model_tensors,
    stated_iteration,
)
from deeptracker.pipeline.sources.torch_pickle import ITEM_BYTES, Tensor, read_torch_pickle
from deeptracker.pipeline.sources.torch_template import Masked, TorchTemplate
from deeptracker.pipeline.sources.zip_entries import (
    FIRST_NAME,
    ZipEntry,
    checksums,
    data_offsets,
    read_directory,
)
from deeptracker.record.tensor_file import TensorEntry
from deeptracker.wording import counted

__all__ = ["LOOKS_LIKE", "index_folder", "recognises"]

LOOKS_LIKE = "a folder of PyTorch's *.pt, *.pth, *.bin or *.ckpt checkpoints"
SUFFIXES = (".pth.tar", ".pt", ".pth", ".bin", ".ckpt")
PICKLE, BYTE_ORDER = "data.pkl", "byteorder"
# How a file of torch.save from before version 1.6 begins.
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def recognises(folder: Folder) -> bool:
    """Whether a folder, or one below, holds any file with one of PyTorch's usual suffixes."""
    return has_weights(folder, SUFFIXES)


def index_folder(folder: Folder, settings: SourceConfig) -> CheckpointFolder:
    """Index it; a file's own count of steps goes before the number in its name."""
    headers = TorchHeaders(settings.model)
    read = partial(folder.parsed, parse=headers.read)
    return CheckpointFolder(folder, settings, WeightFiles("PyTorch files", SUFFIXES, read))


@dataclass
class TorchHeaders:
    """Reads what checkpoints hold; of equal ones the tensors are one object.

    Parameters
    ----------
    model : str or None
        As of `SourceConfig`.
    """

    model: str | None
    _templates: dict[bool, TorchTemplate] = field(default_factory=dict)
    _directory: "_Directory | None" = None
    # With the model, whose address is in the key.
    _known: dict[tuple[Any, ...], tuple[ModelTensors, tuple[dict[str, TensorEntry], list[str]]]] = (
        field(default_factory=dict)
    )

    def read(self, file: File, opened: FileBytes) -> FileHeader:
        """Read the places of a checkpoint's tensors.

        Raises
        ------
        LogError
            When it is no whole archive of torch.save, or its pickle is refused.
        """
        _check_kind(file.location, opened)
        directory = self._read_directory(file, opened)
        content = _small(file.location, opened, directory, PICKLE)
        if _small(file.location, opened, directory, BYTE_ORDER) == b"big":
            raise LogError(
                f"{file.location}: was saved on a big-endian machine; load it and save it again on "
                "this one"
            )
        found, iteration = self._model(file, content)
        places = _Places.of(file.location, opened, directory, found.tensors)
        tensors, odd = self._entries(places, found)
        mark = hashlib.blake2b(content + directory.masked.content, digest_size=8)
        mark.update(f"{opened.size} {opened.version}".encode())
        return FileHeader(
            tensors,
            {},
            int.from_bytes(mark.digest(), "little") >> 1 or 1,
            iteration,
            (*found.left_out, *odd),
        )

    def _entries(
        self, places: "_Places", found: ModelTensors
    ) -> tuple[dict[str, TensorEntry], list[str]]:
        """Give the byte ranges of a model's tensors; of equal places one object."""
        key = id(found), tuple(places.first.items()), tuple(places.size.items())
        if key not in self._known:
            self._known[key] = found, places.entries(found.tensors)
        return self._known[key][1]

    def _model(self, file: File, content: bytes) -> tuple[ModelTensors, int | None]:
        """Give the model's tensors of a pickle, and the iteration that it states."""
        path = PurePosixPath(file.name)
        elsewhere = self.model in (*path.parent.parts, path.name.partition(".")[0])
        template = self._templates.get(elsewhere)
        if template is not None and template.pickle.is_like(content):
            return template.found, template.iteration(content)
        value = read_torch_pickle(file.location, content, frozenset(ITERATION_KEYS))
        found = model_tensors(file.location, value.root, self.model, elsewhere)
        made = TorchTemplate.of(content, value, found)
        if made is not None:
            self._templates[elsewhere] = made
        return found, stated_iteration(value.root)

    def _read_directory(self, file: File, opened: FileBytes) -> "_Directory":
        """Read an archive's directory; the one before is taken where only checksums differ."""
        known = self._directory
        if known is not None and known.size == opened.size:
            content = opened.read(known.begin, opened.size)
            renamed = known.renamed(content)
            if renamed is not None:
                return renamed
        entries, begin, content = read_directory(file.location, opened)
        prefix = _prefix(file.location, entries)
        tail = opened.read(begin + len(content), opened.size)
        self._directory = _Directory(
            opened.size,
            begin,
            Masked.of(content, checksums(content)),
            tail,
            prefix,
            {
                name.removeprefix(prefix): entry._replace(name=name.removeprefix(prefix))
                for name, entry in entries.items()
                if name.startswith(prefix)
            },
        )
        return self._directory


@dataclass(frozen=True)
class _Directory:
    """An archive's directory as it was read.

    Attributes
    ----------
    size : int
        Bytes of the archive.
    begin : int
        The directory's first byte.
    tail : bytes
        What lies behind it.
    prefix : str
        The folder in the archive that holds everything: mostly the file's name.
    entries : dict of str to ZipEntry
        By their names in that folder.
    """

    size: int
    begin: int
    masked: Masked
    tail: bytes
    prefix: str
    entries: dict[str, ZipEntry]

    def renamed(self, content: bytes) -> "_Directory | None":
        """Give the directory of another archive, from its bytes to the end; None if it differs.

        Checksums and dates may be others, and the name of the folder, if it is as long.
        """
        end = len(self.masked.content)
        own, first = self.prefix.encode(), FIRST_NAME
        other = content[first : first + len(own)]
        try:
            prefix = other.decode()
        except UnicodeDecodeError:
            return None
        # The names are compared with the entries' own headers later.
        same = content[:end].replace(other, own)
        if content[end:] != self.tail or not self.masked.is_like(same):
            return None
        return replace(self, masked=replace(self.masked, content=content[:end]), prefix=prefix)


def _check_kind(location: str, opened: FileBytes) -> None:
    head = opened.read(0, len(LEGACY))
    if head[:4] == b"PK\x03\x04":
        return
    if head == LEGACY:
        raise LogError(
            f"{location}: is in PyTorch's format of before version 1.6, whose tensors are not "
            "indexed; load it and save it again: torch.save(torch.load(path), path)"
        )
    raise LogError(
        f"{location}: is no ZIP archive as torch.save writes it ({opened.size:,} bytes); copy it "
        "again, or save it with torch.save"
    )


def _prefix(location: str, entries: Mapping[str, ZipEntry]) -> str:
    """Give the folder in the archive that holds everything."""
    found = [
        n.removesuffix(PICKLE) for n in entries if n.count("/") == 1 and n.endswith(f"/{PICKLE}")
    ]
    if len(found) != 1:
        raise LogError(f"{location}: is a ZIP archive, but not of torch.save (it has no {PICKLE})")
    if f"{found[0]}constants.pkl" in entries:
        raise LogError(
            f"{location}: is a TorchScript archive; save model.state_dict() with torch.save"
        )
    return found[0]


def _small(location: str, opened: FileBytes, directory: _Directory, name: str) -> bytes:
    """Read an entry whole; nothing where there is none."""
    entry = directory.entries.get(name)
    if entry is None:
        return b""
    if not entry.is_stored:
        raise LogError(
            f"{location}: {entry.name!r} is compressed; save the checkpoint with torch.save"
        )
    if entry.size > LARGEST_PICKLE:
        raise LogError(
            f"{location}: {entry.name!r} is {entry.size:,} bytes long, more than the "
            f"{LARGEST_PICKLE:,} that are read; save model.state_dict() alone"
        )
    [first] = data_offsets(location, opened, [entry], directory.begin, directory.prefix)
    return opened.read(first, first + entry.size)


@dataclass(frozen=True)
class _Places:
    """Where the storages of a checkpoint lie.

    Attributes
    ----------
    first : dict of str to int
        The first byte of each, by its key.
    size : dict of str to int
        Its bytes.
    """

    location: str
    first: dict[str, int]
    size: dict[str, int]

    @classmethod
    def of(
        cls,
        location: str,
        opened: FileBytes,
        directory: _Directory,
        tensors: Mapping[str, Tensor],
    ) -> "_Places":
        """Find the storages of some tensors."""
        keys = list(dict.fromkeys(tensor.storage.key for tensor in tensors.values()))
        found = []
        for key in keys:
            entry = directory.entries.get(f"data/{key}")
            if entry is None:
                raise LogError(
                    f"{location}: lacks the values of a tensor ('data/{key}'); copy it again, or "
                    "save it again with torch.save"
                )
            if not entry.is_stored:
                raise LogError(
                    f"{location}: {entry.name!r} is compressed; save the checkpoint with torch.save"
                )
            found.append(entry)
        firsts = data_offsets(location, opened, found, directory.begin, directory.prefix)
        sizes = (entry.size for entry in found)
        return cls(
            location, dict(zip(keys, firsts, strict=True)), dict(zip(keys, sizes, strict=True))
        )

    def entries(self, tensors: Mapping[str, Tensor]) -> tuple[dict[str, TensorEntry], list[str]]:
        """Give the byte ranges of tensors, and say which cannot be given one.

        Raises
        ------
        LogError
            When a tensor reaches beyond its storage.
        """
        found: dict[str, TensorEntry] = {}
        repeated, unnamed = [], 0
        for name, tensor in tensors.items():
            if not name.isprintable() or not _is_text(name):
                unnamed += 1
                continue
            item = ITEM_BYTES.get(tensor.dtype, 1)
            count = math.prod(tensor.shape)
            if count > self.size[tensor.storage.key] // item:
                self._check(name, tensor, item)
                repeated.append(name)
                continue
            self._check(name, tensor, item)
            found[name] = TensorEntry(
                tensor.dtype,
                tensor.shape,
                self.first[tensor.storage.key] + tensor.offset * item,
                count * item,
                0,
                _strides(tensor),
            )
        odd = []
        if repeated:
            more = ", …" if repeated[1:] else ""
            odd.append(
                f"{counted(len(repeated), 'tensor')} ({repeated[0]}{more}): expanded, with more "
                "elements than are stored"
            )
        if unnamed:
            odd.append(f"{counted(unnamed, 'tensor')} whose name is not text")
        return found, odd

    def _check(self, name: str, tensor: Tensor, item: int) -> None:
        if not math.prod(tensor.shape):
            return
        reach = sum((s - 1) * step for s, step in zip(tensor.shape, tensor.strides, strict=True))
        if (tensor.offset + reach + 1) * item > self.size[tensor.storage.key]:
            raise LogError(
                f"{self.location}: {name!r} reaches beyond its stored values; copy it again, or "
                "save it again with torch.save"
            )


def _strides(tensor: Tensor) -> tuple[int, ...] | None:
    """Give a tensor's strides; None where its elements lie in C order."""
    step = 1
    for side, stride in zip(reversed(tensor.shape), reversed(tensor.strides), strict=True):
        if side > 1 and stride != step:
            return tensor.strides
        step *= side
    return None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
