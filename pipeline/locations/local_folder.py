"""A folder on a disk, read with system calls.

obstore's LocalStore takes 2 times as long to list 10,000 files, and 1.4 to 2 times as long to read
the headers of 1,000 checkpoints (``python benchmarks/listing.py``).
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, FileBytes, Folder, Tree, check_count

__all__ = ["LocalFolder"]

T = TypeVar("T")


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
                    # A recorder may rename a file during the listing.
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

    def _list_tree(self, depth: int) -> Tree:
        """List the files in it and in folders below."""
        found = Tree()
        self._walk(self._path, "", depth, found, {self._path})
        found.files.sort(key=lambda file: file.name)
        return found

    def parsed(
        self, files: Sequence[File], parse: Callable[[File, FileBytes], T]
    ) -> Iterator[T | LogError]:
        """Open and parse files one after the other; parallel reads from a disk are no faster."""
        for file in files:
            try:
                yield _opened(file, parse)
            except LogError as error:
                yield error

    def _walk(self, path: Path, name: str, depth: int, found: Tree, above: set[Path]) -> None:
        try:
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise LogError(f"{path}: cannot be listed ({error.strerror})") from error
        for entry in listed:
            full = f"{name}{entry.name}"
            # A recorder may rename a file during the listing.
            with suppress(FileNotFoundError):
                if entry.is_symlink() and not self._is_followed(entry, full, found):
                    continue
                if entry.is_dir():
                    resolved = Path(entry.path).resolve()
                    if depth and resolved not in above:
                        below = above | {resolved}
                        self._walk(Path(entry.path), f"{full}/", depth - 1, found, below)
                elif entry.is_file():
                    status = entry.stat()
                    version = str(status.st_mtime_ns)
                    found.files.append(File(full, entry.path, status.st_size, version))
                else:
                    found.others.append(full)
                check_count(self.location, len(found.files))

    def _is_followed(self, entry: "os.DirEntry[str]", name: str, found: Tree) -> bool:
        """Note a link that is not followed: to what the folder lists anyway, or to nothing."""
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):
            found.dangling.append(name)
            return False
        inside = target.is_relative_to(self._path)
        if inside or self._path.is_relative_to(target):
            found.links.append(name)
            return False
        return True


def _opened(file: File, parse: Callable[[File, FileBytes], T]) -> T:
    try:
        with _LocalBytes(file.location) as opened:
            return parse(file, opened)
    except OSError as error:
        raise LogError(f"{file.location}: cannot be read ({error.strerror or error})") from error


class _LocalBytes:
    """An open file on a disk."""

    def __init__(self, path: str) -> None:
        # Opening a pipe for reading would wait for a writer.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        # Take the open file's own status: it may have been replaced after the listing.
        status = os.fstat(self._descriptor)
        self.size, self.version = status.st_size, str(status.st_mtime_ns)

    def read(self, start: int, stop: int) -> bytes:
        """Read bytes [start, stop), or fewer where the file ends before."""
        return os.pread(self._descriptor, stop - start, start)

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges."""
        return [self.read(start, stop) for start, stop in ranges]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
