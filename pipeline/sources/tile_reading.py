"""Tiles of weights as a task measures them: files are read by the kernel, objects fetched ahead."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from deeptracker.pipeline.sources.manifest import ITEM_BYTES, ByteRange
from deeptracker.pipeline.sources.read_ahead import Request
from deeptracker.pipeline.sources.tensor_reading import (
    MOST_OPEN_FILES,
    RAW_DTYPES,
    LocalFiles,
    Reader,
    reading,
)

__all__ = ["Tiles", "in_memory", "tile_reading"]


def in_memory(values: np.ndarray) -> np.ndarray:
    """Say where an array lies, as `Tiles.places` does of a tensor: int64 [1, 2].

    Parameters
    ----------
    values : numpy.ndarray
        Contiguous raw elements.
    """
    return np.array([[-1, values.__array_interface__["data"][0]]], np.int64)


class Tiles(Protocol):
    """Gives the same tile of several snapshots."""

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:
        """Say where elements [start, stop) of some tensors lie, to be measured before asking again.

        Returns
        -------
        numpy.ndarray
            int64 [tensor, 2]: a file's descriptor and the first byte, or -1 and an address. Of the
            first so many tensors, at least one.
        """

    def read(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read raw elements [start, stop) of a tensor; they stay until the next but one is read.

        Raises
        ------
        LogError
            When there are none, or they cannot be read.
        """


class _ReadTiles:
    """Tiles that are read, in turn, into two buffers that are used again and again."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._bytes = [np.empty(0, np.uint8), np.empty(0, np.uint8)]
        self._turn = 0

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:
        """Read the first; the other buffer holds the snapshot before."""
        return in_memory(self.read(refs[0], start, stop))

    def read(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read a tile into the buffer that was not given last."""
        self._turn = 1 - self._turn
        raw = RAW_DTYPES[ref.dtype]
        wanted = (stop - start) * raw.itemsize
        if len(self._bytes[self._turn]) < wanted:
            self._bytes[self._turn] = np.empty(wanted, np.uint8)
        return self._read(ref, start, stop, self._bytes[self._turn][:wanted].view(raw))


class _FileTiles(_ReadTiles):
    """Tiles of files on disk, which are opened here and read where they are measured."""

    def __init__(self, files: LocalFiles) -> None:
        super().__init__(files.read)
        self._files = files
        self._refs: Sequence[ByteRange] = ()
        self._closed = 0
        self._begins = self._steps = np.empty((0, 2), np.int64)

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:  # noqa: ARG002
        """Open the files, as many as may be open at once."""
        # Tile after tile of the same tensors: where these begin is found out once.
        if refs is not self._refs or self._closed != self._files.closed:
            some = refs[:MOST_OPEN_FILES]
            begins = [(self._files.descriptor(ref.path), ref.offset) for ref in some]
            self._begins = np.array(begins, np.int64)
            self._steps = np.array([(0, ITEM_BYTES[ref.dtype]) for ref in some], np.int64)
            self._refs, self._closed = refs, self._files.closed
        return self._begins + start * self._steps


@contextmanager
def tile_reading(requests: Iterable[Request]) -> Iterator[Tiles]:
    """Give the quickest way to a task's tiles, and end it with the block.

    Parameters
    ----------
    requests : iterable of Request
        In the order in which they will be taken; all on disk, or all in buckets.
    """
    coming = iter(requests)
    first = next(coming, None)
    if first is None or first.ref.access is None:
        with LocalFiles() as files:
            yield _FileTiles(files)
        return
    with reading((first, *coming)) as read:
        yield _ReadTiles(read)
