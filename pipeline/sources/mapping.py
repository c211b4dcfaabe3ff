"""Files on disk as memory: weights are measured where the system keeps them, without a copy.

A file is mapped whole, which costs addresses only. The pages of a range are brought in by one call
just before they are measured, and let go by another right after: what is mapped counts as the
worker's memory, and a call for many pages is cheaper than a fault for each few.
"""

import errno
import mmap
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from deeptracker.errors import LogError
from pipeline.sources.manifest import ByteRange
from pipeline.sources.readahead import ended
from pipeline.sources.reading import MOST_OPEN_FILES, RAW_DTYPES, LocalFiles, unreadable

__all__ = ["MappedFiles", "can_map"]

# Linux 5.14; Python knows the name from 3.14 on.
MADV_POPULATE_READ = 22
# Linux keeps neighbouring pages of a file together, up to so many bytes; one brings all of them in.
TOGETHER_BYTES = 2**21
# Disks of this machine. A file on a server may become shorter or unreachable at any time, which a
# read answers with an error but a mapping with a signal.
LOCAL_FILE_SYSTEMS = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs"}
MOUNTS = Path("/proc/self/mountinfo")
ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


def can_map(path: str) -> bool:
    """Tell whether a file lies on a disk of this machine, whose pages can be brought in by a call.

    False where that is unknown.
    """
    kind = _file_system(Path(path).resolve())
    return kind in LOCAL_FILE_SYSTEMS and _populates()


@dataclass(frozen=True)
class _Pages:
    """Pages [start, start + length) of a mapped file, brought in."""

    file: mmap.mmap
    start: int
    length: int


class MappedFiles:
    """Gives ranges of files as arrays; at most some hundred files are mapped at once."""

    def __init__(self) -> None:
        self._maps: dict[str, mmap.mmap] = {}
        self._held: list[_Pages | None] = []
        self._files = LocalFiles()

    def take(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Give elements [start, stop) of a tensor; they stay until they are let go.

        Raises
        ------
        LogError
            When the file ends before, or cannot be read.
        """
        dtype = RAW_DTYPES[ref.dtype]
        first = ref.offset + start * dtype.itemsize
        last = ref.offset + stop * dtype.itemsize
        file = None if first % dtype.itemsize else self._mapped(ref.path)
        if file is None:
            self._held.append(None)
            return self._files.read(ref, start, stop, np.empty(stop - start, dtype))
        page = first - first % mmap.PAGESIZE
        try:
            if last > len(file):
                raise LogError(ended(ref.path))
            file.madvise(MADV_POPULATE_READ, page, last - page)
            # The page in which a file ends is whole, and zero behind the end.
            if last > file.size():
                raise LogError(ended(ref.path))
        except OSError as error:
            if error.errno == errno.EFAULT:
                raise LogError(ended(ref.path)) from None
            raise unreadable(ref.path, error) from error
        self._held.append(_Pages(file, page, last - page))
        return np.frombuffer(file, dtype, stop - start, first)

    def let_go(self, kept: int) -> None:
        """Let the pages go of all ranges but the `kept` that were taken last."""
        while len(self._held) > kept:
            pages = self._held.pop(0)
            if pages is not None:
                first, last = self._around(pages)
                pages.file.madvise(mmap.MADV_DONTNEED, first, last - first)

    def close(self) -> None:
        """Let go of everything; a mapping ends with the last array of it."""
        self.let_go(0)
        self._maps.clear()
        self._files.close()

    def _around(self, pages: _Pages) -> tuple[int, int]:
        """Give the bytes that came in with some pages, up to what else is held of their file."""
        start, stop = pages.start, pages.start + pages.length
        first = start - start % TOGETHER_BYTES
        last = min(-(-stop // TOGETHER_BYTES) * TOGETHER_BYTES, len(pages.file))
        for other in self._held:
            if other is not None and other.file is pages.file:
                if other.start < start:
                    first = max(first, min(other.start + other.length, start))
                else:
                    last = min(last, max(other.start, stop))
        return first - first % mmap.PAGESIZE, last

    def _mapped(self, path: str) -> mmap.mmap | None:
        """Map a file, if there is room among the addresses."""
        if path in self._maps:
            return self._maps[path]
        if len(self._maps) >= MOST_OPEN_FILES:
            self._maps.pop(next(iter(self._maps)))
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            self._maps[path] = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
        except ValueError:  # an empty file
            raise LogError(ended(path)) from None
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return self._maps[path]


@cache
def _populates() -> bool:
    """Whether this system brings pages in by a call."""
    with mmap.mmap(-1, mmap.PAGESIZE) as memory:
        try:
            memory.madvise(MADV_POPULATE_READ)
        except OSError:
            return False
    return True


def _file_system(path: Path) -> str:
    """Name the kind of file system that holds a path; empty where the system does not say."""
    mounts = _mounts()
    return next((mounts[str(part)] for part in (path, *path.parents) if str(part) in mounts), "")


def _mounts() -> dict[str, str]:
    """List where which kind of file system is mounted; of several, the last hides the others."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        place = before.split(" ")[4]
        for escape, character in ESCAPES.items():
            place = place.replace(escape, character)
        found[place] = after.split(" ")[0]
    return found
