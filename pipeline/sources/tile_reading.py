"""Tiles of weights for a task: the kernel reads files on disk; objects are fetched ahead."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.manifest import ByteRange
from deeptracker.pipeline.sources.read_ahead import ReadAhead
from deeptracker.pipeline.sources.tensor_reading import MOST_OPEN_FILES, RAW_DTYPES, LocalFiles
from deeptracker.pipeline.sources.tile_spans import GroupSpans, TileSpans

__all__ = ["Ready", "Tiles", "tile_reading"]

# Of some snapshots: addresses of what is in memory, 0 where the kernel reads; where the spans of
# each begin; and the spans with a descriptor in place of the file's number. As of `Snapshots`.
Ready = tuple[np.ndarray, np.ndarray, np.ndarray]


class Tiles(Protocol):
    """Gives the spans of a tile at several snapshots."""

    def ready(self, spans: GroupSpans, first: int) -> Ready:
        """Prepare some snapshots from the `first` on, at least one; valid until the next call."""

    def read(self, spans: GroupSpans, snapshot: int) -> Ready:
        """Read the spans of one snapshot; the second read after it overwrites them.

        Raises
        ------
        LogError
            When a file is missing, or cannot be read.
        """

    def content(self, spans: GroupSpans, snapshot: int) -> np.ndarray:
        """Give the same as bytes of the buffer: uint8 [byte]."""

    def elements(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read elements [start, stop) of a tensor that is not in C order, as they are stored."""


class _ReadTiles:
    """Tiles that are read alternately into two reused buffers."""

    def __init__(
        self, source: LocalFiles | ReadAhead, paths: Sequence[str], access: Access | None
    ) -> None:
        self._source = source
        self._paths = paths
        self._access = access
        self._bytes = [np.empty(0, np.uint8), np.empty(0, np.uint8)]
        self._turn = 0

    def ready(self, spans: GroupSpans, first: int) -> Ready:
        """Read the first snapshot; the other buffer holds the one before."""
        return self.read(spans, first)

    def read(self, spans: GroupSpans, snapshot: int) -> Ready:
        """Read into the buffer that was not returned last."""
        into = self.content(spans, snapshot)
        address = into.__array_interface__["data"][0] if spans.nbytes else 0
        return np.array([address]), np.zeros(2, np.int64), np.empty((0, 4), np.int64)

    def content(self, spans: GroupSpans, snapshot: int) -> np.ndarray:
        """Read into that buffer, and give it."""
        self._turn = 1 - self._turn
        if len(self._bytes[self._turn]) < spans.nbytes:
            self._bytes[self._turn] = np.empty(spans.nbytes, np.uint8)
        into = self._bytes[self._turn]
        for file, first, nbytes, place in spans.of(snapshot).tolist():
            wanted = Request(self._paths[file], first, first + nbytes, self._access)
            self._source.fill(wanted, into[place : place + nbytes])
        return into

    def elements(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read elements of a tensor that is not in C order."""
        return self._source.read(ref, start, stop, np.empty(stop - start, RAW_DTYPES[ref.dtype]))


class _FileTiles(_ReadTiles):
    """Tiles of files on disk: opened here, read by the kernel that measures them."""

    def __init__(self, files: LocalFiles, paths: Sequence[str]) -> None:
        super().__init__(files, paths, None)
        self._files = files
        self._every: np.ndarray | None = None

    def ready(self, spans: GroupSpans, first: int) -> Ready:
        """Open as many of the files as the limit allows."""
        starts = spans.starts[first:] - spans.starts[first]
        some = spans.spans[spans.starts[first] :].copy()
        if len(self._paths) <= MOST_OPEN_FILES:
            if self._every is None:
                self._every = np.array([self._files.descriptor(path) for path in self._paths])
            some[:, 0] = self._every[some[:, 0]]
        else:
            starts = starts[: 1 + _openable(starts, some[:, 0])]
            some = some[: starts[-1]]
            for file in np.unique(some[:, 0]):
                some[some[:, 0] == file, 0] = -1 - self._files.descriptor(self._paths[file])
            some[:, 0] = -1 - some[:, 0]
        return np.zeros(len(starts) - 1, np.int64), starts, some


def _openable(starts: np.ndarray, files: np.ndarray) -> int:
    """Count the snapshots whose files may be open together: at least one."""
    for snapshot in range(1, len(starts)):
        if len(np.unique(files[: starts[snapshot]])) > MOST_OPEN_FILES:
            return max(1, snapshot - 1)
    return len(starts) - 1


@contextmanager
def tile_reading(
    paths: Sequence[str], access: Access | None, planned: Sequence[TileSpans]
) -> Iterator[Tiles]:
    """Give the fastest reader of a task's tiles, and close it at the end of the block.

    Parameters
    ----------
    paths : sequence of str
        Files, or objects' URLs, by their numbers.
    access : Access or None
        How the objects' server is reached; None for files on disk.
    planned : sequence of TileSpans
        What will be read, in this order.
    """
    if access is None:
        with LocalFiles() as files:
            yield _FileTiles(files, paths)
        return
    requests = [
        Request(paths[file], first, last, access)
        for spans in planned
        for file, first, last in spans
    ]
    with ReadAhead(requests) as ahead:
        yield _ReadTiles(ahead, paths, access)
