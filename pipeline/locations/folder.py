"""A folder of files, on a disk or in a bucket."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.object_store import Access
from deeptracker.record.tensor_file import LARGEST_HEADER, TensorEntry, parse_header

__all__ = [
    "HEADER_BYTES",
    "PARALLEL_REQUESTS",
    "File",
    "FileBytes",
    "FileHeader",
    "Folder",
    "Parsed",
    "Tree",
]

# Most headers fit into this size, so that one request reads a header.
HEADER_BYTES = 2**16
PARALLEL_REQUESTS = 32
# A folder of more is a data set, or a home folder.
MOST_FILES = 200_000
# Entries, metadata and the header's digest, by the size of the file and its header.
Parsed = dict[tuple[int, bytes], tuple[dict[str, TensorEntry], dict[str, str], "hashlib.blake2b"]]


@dataclass(frozen=True)
class File:
    """A file of a folder.

    Attributes
    ----------
    name : str
        Name without the folder.
    location : str
        Path or URL.
    size : int
        Bytes.
    version : str
        Changes when the file does.
    """

    name: str
    location: str
    size: int
    version: str


@dataclass(frozen=True)
class Tree:
    """The files at and below a folder, down to a depth.

    Attributes
    ----------
    files : list of File
        Their names are relative to the folder: ``checkpoint-5/model.safetensors``. By name.
    links : list of str
        Links to what is listed by its own name too; they are not followed.
    dangling : list of str
        Links to nothing, and links that form a loop.
    others : list of str
        What is neither a file nor a folder: pipes, sockets, devices.
    """

    files: list[File] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    dangling: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


class FileBytes(Protocol):
    """An open file, on a disk or in a bucket.

    Attributes
    ----------
    size : int
        Bytes, at the moment.
    version : str
        As of `File`, at the moment.
    """

    size: int
    version: str

    def read(self, start: int, stop: int) -> bytes:
        """Read bytes [start, stop), or fewer where the file ends before."""
        ...

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges, in a bucket in parallel."""
        ...


T = TypeVar("T")


@dataclass(frozen=True)
class FileHeader:
    """The content of the header of a file with tensors.

    Attributes
    ----------
    fingerprint : int
        Changes when the file does; 63 bits, never 0.
    iteration : int or None
        Where the file itself states it.
    left_out : tuple of str
        What else the file holds, one kind each.
    """

    entries: dict[str, TensorEntry]
    metadata: dict[str, str]
    fingerprint: int
    iteration: int | None = None
    left_out: tuple[str, ...] = ()


class Folder(ABC):
    """A folder with files.

    Attributes
    ----------
    location : str
        Absolute path or URL.
    name : str
        The last part of the location.
    access : Access or None
        Its server; None on a local disk.
    """

    location: str
    name: str
    access: Access | None

    def __init__(self) -> None:
        self._parsed: Parsed = {}
        self._trees: dict[int, Tree] = {}

    @abstractmethod
    def files(self, under: str = "") -> list[File]:
        """List the files directly in it or in one of its folders, by name; none if missing."""

    def tree(self, depth: int) -> Tree:
        """List the files in it and in folders below, down to a depth, once; 0 is its own files.

        Raises
        ------
        LogError
            When it holds more than `MOST_FILES` files.
        """
        if depth not in self._trees:
            self._trees[depth] = self._list_tree(depth)
        return self._trees[depth]

    @abstractmethod
    def _list_tree(self, depth: int) -> Tree:
        """List it as `tree` says."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file or a folder of this name is directly in it."""

    @abstractmethod
    def read(self, file: File) -> bytes:
        """Read a whole small file."""

    @abstractmethod
    def parsed(
        self, files: Sequence[File], parse: Callable[[File, FileBytes], T]
    ) -> Iterator[T | LogError]:
        """Yield what a function reads of each file, or the `LogError` that it raises.

        Parameters
        ----------
        parse : callable
            Called with the file and its bytes; in a bucket for several files at a time.
        """

    def headers(self, files: Sequence[File]) -> Iterator[FileHeader | LogError]:
        """Yield each safetensors file's header, or the error in reading it."""
        return self.parsed(files, lambda file, opened: header_of(file, opened, self._parsed))

    def find(self, name: str) -> File | None:
        """Find a file directly in it."""
        return next((file for file in self.files() if file.name == name), None)

    def join(self, name: str) -> str:
        """Give the location of a name in it."""
        return f"{self.location}/{name}"


def check_count(location: str, count: int) -> None:
    """Refuse a folder that cannot be one of checkpoints.

    Raises
    ------
    LogError
        When it holds more than `MOST_FILES` files.
    """
    if count > MOST_FILES:
        raise LogError(
            f"{location}: holds more than {MOST_FILES:,} files and folders; give the folder that "
            "holds the checkpoints"
        )


def header_of(file: File, opened: FileBytes, parsed: Parsed) -> FileHeader:
    """Read a header; equal headers, as most snapshots have, are parsed and digested once."""
    location, size, read = file.location, opened.size, opened.read
    length = int.from_bytes(read(0, 8), "little")
    content = read(8, 8 + length) if length <= min(size, LARGEST_HEADER) else b""
    known = parsed.get((size, content))
    if known is None:
        entries, metadata = parse_header(location, size, read)
        known = entries, metadata, hashlib.blake2b(content, digest_size=8)
        parsed[size, content] = known
    entries, metadata, begun = known
    digest = begun.copy()
    digest.update(f"{size} {opened.version}".encode())
    return FileHeader(entries, metadata, int.from_bytes(digest.digest(), "little") >> 1 or 1)
