"""Places where a log lies: a folder on disk, or a prefix of a bucket.

A location is a path or an URL; here alone it becomes one or the other. Sources see a `Folder` and
do not know which it is.
"""

import errno
import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import obstore

from deeptracker.errors import ConfigError, LogError
from deeptracker.tensorfile import LARGEST_HEADER, TensorEntry, parse_header
from pipeline.config import StorageConfig
from pipeline.storage.causes import cause_of
from pipeline.storage.objectstore import REQUEST_ERRORS, Access, ObjectURL, access_of, bucket_at

__all__ = [
    "File",
    "Folder",
    "Header",
    "is_remote",
    "local_path",
    "name_of",
    "open_folder",
    "sibling",
]

# Most headers fit; one request then reads a header.
HEADER_BYTES = 2**16
PARALLEL_REQUESTS = 32

# Entries and metadata, by the size of the file and its header.
Parsed = dict[tuple[int, bytes], tuple[dict[str, TensorEntry], dict[str, str]]]


@dataclass(frozen=True)
class File:
    """A file of a folder.

    Attributes
    ----------
    name : str
        Without its folder.
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
class Header:
    """What the head of a safetensors file says.

    Attributes
    ----------
    fingerprint : int
        Changes when the file does; 63 bits, never 0.
    """

    entries: dict[str, TensorEntry]
    metadata: dict[str, str]
    fingerprint: int


class Folder(ABC):
    """A place with files in it.

    Attributes
    ----------
    location : str
        Absolute path or URL.
    name : str
        The last part of the location.
    access : Access or None
        How its server is reached; None on a local disk.
    """

    location: str
    name: str
    access: Access | None

    def __init__(self) -> None:
        self._parsed: Parsed = {}

    @abstractmethod
    def files(self, under: str = "") -> list[File]:
        """List the files directly in it, or in a folder under it, by name; none where it is not."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file or a folder of this name is directly in it."""

    @abstractmethod
    def read(self, file: File) -> bytes:
        """Read a whole small file."""

    @abstractmethod
    def headers(self, files: Sequence[File]) -> Iterator[Header | LogError]:
        """Read the headers of safetensors files, or say what is wrong with each."""

    def find(self, name: str) -> File | None:
        """Find a file directly in it."""
        return next((file for file in self.files() if file.name == name), None)

    def join(self, name: str) -> str:
        """Give the location of something in it."""
        return f"{self.location}/{name}"


class LocalFolder(Folder):
    """A folder on disk."""

    access = None

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path.resolve()
        self.location = str(self._path)
        self.name = self._path.name

    def files(self, under: str = "") -> list[File]:
        """List the files in it."""
        listed: list[File] = []
        try:
            with os.scandir(self._path / under) as found:
                for entry in found:
                    # A recorder renames what it has written while we look.
                    with suppress(FileNotFoundError):
                        if entry.is_file():
                            status = entry.stat()
                            version = str(status.st_mtime_ns)
                            listed.append(File(entry.name, entry.path, status.st_size, version))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise LogError(f"{self._path / under}: cannot be listed ({error.strerror})") from error
        return sorted(listed, key=lambda file: file.name)

    def has(self, name: str) -> bool:
        """Whether something of this name is in it."""
        return (self._path / name).exists()

    def find(self, name: str) -> File | None:
        """Find a file directly in it."""
        path = self._path / name
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return File(name, str(path), status.st_size, str(status.st_mtime_ns))

    def read(self, file: File) -> bytes:
        """Read a whole file."""
        try:
            return Path(file.location).read_bytes()
        except OSError as error:
            where = file.location
            raise LogError(f"{where}: cannot be read ({error.strerror or error})") from error

    def headers(self, files: Sequence[File]) -> Iterator[Header | LogError]:
        """Read headers one after the other; a disk gains nothing from more."""
        for file in files:
            try:
                yield _local_header(file, self._parsed)
            except LogError as error:
                yield error


class BucketFolder(Folder):
    """A prefix of a bucket."""

    access: Access

    def __init__(self, url: ObjectURL, access: Access) -> None:
        super().__init__()
        self._url = url
        self.access = access
        self.location = str(url).rstrip("/")
        self.name = url.key.rsplit("/", 1)[-1] or url.bucket
        self._bucket = bucket_at(url.bucket, access)
        self._found: tuple[list[File], set[str]] | None = None

    def files(self, under: str = "") -> list[File]:
        """List the objects in it."""
        return self._listed(under)[0] if under else self._top[0]

    def has(self, name: str) -> bool:
        """Whether an object, or objects under a prefix, of this name are in it."""
        files, folders = self._top
        return name in folders or any(file.name == name for file in files)

    def read(self, file: File) -> bytes:
        """Read a whole object."""
        try:
            return bytes(obstore.get(self._bucket, self._key(file.location)).bytes())
        except REQUEST_ERRORS as error:
            raise LogError(f"{file.location}: cannot be read: {cause_of(error)}") from error

    def headers(self, files: Sequence[File]) -> Iterator[Header | LogError]:
        """Read headers in parallel."""
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            yield from pool.map(self._header, files)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under the prefix."""
        return not any(self._top)

    @property
    def _top(self) -> tuple[list[File], set[str]]:
        # Before Python 3.12 a cached_property locks all folders while one is listed.
        if self._found is None:
            self._found = self._listed("")
        return self._found

    def _listed(self, under: str) -> tuple[list[File], set[str]]:
        """List objects and the names of prefixes directly under one."""
        prefix = "/".join(part for part in (self._url.key, under) if part)
        try:
            found = obstore.list_with_delimiter(self._bucket, f"{prefix}/" if prefix else None)
        except REQUEST_ERRORS as error:
            raise LogError(f"{self.location}: cannot be listed: {cause_of(error)}") from error
        files = [
            File(
                meta["path"].rsplit("/", 1)[-1],
                f"s3://{self._url.bucket}/{meta['path']}",
                meta["size"],
                str(meta["e_tag"] or meta["last_modified"]),
            )
            for meta in found["objects"]
        ]
        folders = {path.rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"]}
        return sorted(files, key=lambda file: file.name), folders

    def _header(self, file: File) -> Header | LogError:
        head = b""

        def read(start: int, stop: int) -> bytes:
            nonlocal head
            stop = min(stop, file.size)
            if stop > len(head) and start < stop:
                # The first request asks for more than it must, and is then mostly the only one.
                wanted = min(max(stop, HEADER_BYTES), file.size)
                head += obstore.get_range(self._bucket, key, start=len(head), end=wanted).to_bytes()
            return head[start:stop]

        key = self._key(file.location)
        try:
            return _header(file.location, file.size, file.version, read, self._parsed)
        except LogError as error:
            return error
        except REQUEST_ERRORS as error:
            return LogError(f"{file.location}: cannot be read: {cause_of(error)}")

    @staticmethod
    def _key(location: str) -> str:
        return ObjectURL.parse(location).key


def _local_header(file: File, parsed: Parsed) -> Header:
    try:
        with open(file.location, "rb", buffering=0) as opened:  # noqa: PTH123  # a quarter of Path.open's cost
            # The file itself is asked again: a listing may be older than a file that was replaced.
            status = os.fstat(opened.fileno())

            def read(start: int, stop: int) -> bytes:
                return os.pread(opened.fileno(), stop - start, start)

            version = str(status.st_mtime_ns)
            return _header(file.location, status.st_size, version, read, parsed)
    except OSError as error:
        raise LogError(f"{file.location}: cannot be read ({error.strerror or error})") from error


def _header(
    location: str, size: int, version: str, read: Callable[[int, int], bytes], parsed: Parsed
) -> Header:
    """Read a header; what equals another's, as that of most snapshots does, is parsed once."""
    length = int.from_bytes(read(0, 8), "little")
    content = read(8, 8 + length) if length <= min(size, LARGEST_HEADER) else b""
    known = parsed.get((size, content))
    if known is None:
        known = parsed[size, content] = parse_header(location, size, read)
    digest = hashlib.blake2b(content, digest_size=8)
    digest.update(f"{size} {version}".encode())
    return Header(*known, int.from_bytes(digest.digest(), "little") >> 1 or 1)


def is_remote(location: str) -> bool:
    """Whether a location is in a bucket.

    Raises
    ------
    ConfigError
        When it is an URL of a kind that nothing here can read.
    """
    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme in ("", "file"):
        return False
    if scheme == "s3":
        if not ObjectURL.parse(location).bucket:
            raise ConfigError(f"{location}: names no bucket; give s3://BUCKET/PREFIX")
        return True
    raise ConfigError(f"{location}: logs and stores live on a local path or s3://BUCKET/PREFIX")


def local_path(location: str) -> Path:
    """Give the path of a location on disk.

    Raises
    ------
    ConfigError
        When no file system can hold it, or its links lead in a circle.
    """
    path = Path(urlsplit(location).path if location.startswith("file://") else location)
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise ConfigError(f"{location}: {error.strerror}; name another place") from None
    return path


def name_of(location: str) -> str:
    """Give the last part of a location."""
    if is_remote(location):
        url = ObjectURL.parse(location)
        return url.key.rsplit("/", 1)[-1] or url.bucket
    return local_path(location).resolve().name


def sibling(location: str, name: str) -> str:
    """Give the location of something else in the same folder or under the same prefix.

    Raises
    ------
    ConfigError
        When nothing can be beside it: it is the root of the file system.
    """
    if is_remote(location):
        url = ObjectURL.parse(location)
        parent, _, _ = url.key.rpartition("/")
        return str(ObjectURL(url.bucket, f"{parent}/{name}" if parent else name))
    path = local_path(location).resolve()
    if not path.name:
        raise ConfigError(f"{location}: is the root of the file system; name a folder in it")
    return str(path.with_name(name))


def open_folder(location: str, storage: StorageConfig | None = None) -> Folder:
    """Open a place.

    Raises
    ------
    LogError
        When there is no such folder, or it cannot be listed.
    """
    if is_remote(location):
        folder = BucketFolder(ObjectURL.parse(location), access_of(storage))
        if folder.is_empty:
            raise LogError(f"{location}: there is nothing under this prefix; give a training log")
        return folder
    path = local_path(location)
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "there is no such folder"
        raise LogError(
            f"{location}: {what}; give a training log or a folder of *.safetensors checkpoints"
        )
    return LocalFolder(path)
