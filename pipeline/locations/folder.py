"""A folder of files, on a disk or in a bucket."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.object_store import (
    Access,
)
from deeptracker.record.tensor_file import LARGEST_HEADER, TensorEntry, parse_header

__all__ = ["HEADER_BYTES", "PARALLEL_REQUESTS", "File", "FileHeader", "Folder", "Parsed"]

# Most headers fit into this size, so that one request reads a header.
HEADER_BYTES = 2**16
PARALLEL_REQUESTS = 32
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
class FileHeader:
    """The content of a safetensors file's header.

    Attributes
    ----------
    fingerprint : int
        Changes when the file does; 63 bits, never 0.
    """

    entries: dict[str, TensorEntry]
    metadata: dict[str, str]
    fingerprint: int


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

    @abstractmethod
    def files(self, under: str = "") -> list[File]:
        """List the files directly in it or in one of its folders, by name; none if missing."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file or a folder of this name is directly in it."""

    @abstractmethod
    def read(self, file: File) -> bytes:
        """Read a whole small file."""

    @abstractmethod
    def headers(self, files: Sequence[File]) -> Iterator[FileHeader | LogError]:
        """Yield each safetensors file's header, or the error in reading it."""

    def find(self, name: str) -> File | None:
        """Find a file directly in it."""
        return next((file for file in self.files() if file.name == name), None)

    def join(self, name: str) -> str:
        """Give the location of a name in it."""
        return f"{self.location}/{name}"


def header_of(
    location: str, size: int, version: str, read: Callable[[int, int], bytes], parsed: Parsed
) -> FileHeader:
    """Read a header; equal headers, as most snapshots have, are parsed and digested once."""
    length = int.from_bytes(read(0, 8), "little")
    content = read(8, 8 + length) if length <= min(size, LARGEST_HEADER) else b""
    known = parsed.get((size, content))
    if known is None:
        entries, metadata = parse_header(location, size, read)
        known = entries, metadata, hashlib.blake2b(content, digest_size=8)
        parsed[size, content] = known
    entries, metadata, begun = known
    digest = begun.copy()
    digest.update(f"{size} {version}".encode())
    return FileHeader(entries, metadata, int.from_bytes(digest.digest(), "little") >> 1 or 1)
