"""Tiles of weights for a task: the kernel reads files on disk; objects are fetched ahead."""

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
    """Give the address of an array in the form of `Tiles.places`: int64 [1, 2].

    Parameters
    ----------
    values : numpy.ndarray
        Contiguous raw elements.
    """
    return np.array([[-1, values.__array_interface__["data"][0]]], np.int64)


class Tiles(Protocol):
    """Gives the same tile of several snapshots."""

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:
        """Locate elements [start, stop) of some tensors; valid until the next call.

        Returns
        -------
        numpy.ndarray
            int64 [tensor, 2]: a file's descriptor and the first byte, or -1 and a memory address.
            Covers the first tensors of `refs`, at least one.
        """

    def read(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read raw elements [start, stop) of a tensor; the second read after it overwrites them.

        Raises
        ------
        LogError
            When the tensor is missing, or cannot be read.
        """


class _ReadTiles:
    """Tiles that are read alternately into two reused buffers."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._bytes = [np.empty(0, np.uint8), np.empty(0, np.uint8)]
        self._turn = 0

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:
        """Read the first tensor; the other buffer holds the previous snapshot."""
        return in_memory(self.read(refs[0], start, stop))

    def read(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read a tile into the buffer that was not returned last."""
        self._turn = 1 - self._turn
        raw = RAW_DTYPES[ref.dtype]
        wanted = (stop - start) * raw.itemsize
        if len(self._bytes[self._turn]) < wanted:
            self._bytes[self._turn] = np.empty(wanted, np.uint8)
        return self._read(ref, start, stop, self._bytes[self._turn][:wanted].view(raw))


class _FileTiles(_ReadTiles):
    """Tiles of files on disk: opened here, read by the kernel that measures them."""

    def __init__(self, files: LocalFiles) -> None:
        super().__init__(files.read)
        self._files = files
        self._refs: Sequence[ByteRange] = ()
        self._closed = 0
        self._begins = self._steps = np.empty((0, 2), np.int64)

    def places(self, refs: Sequence[ByteRange], start: int, stop: int) -> np.ndarray:  # noqa: ARG002
        """Open as many of the files as the limit allows."""
        # Successive tiles are of the same tensors: locate their first bytes once.
        if refs is not self._refs or self._closed != self._files.closed:
            some = refs[:MOST_OPEN_FILES]
            begins = [(self._files.descriptor(ref.path), ref.offset) for ref in some]
            self._begins = np.array(begins, np.int64)
            self._steps = np.array([(0, ITEM_BYTES[ref.dtype]) for ref in some], np.int64)
            self._refs, self._closed = refs, self._files.closed
        return self._begins + start * self._steps


@contextmanager
def tile_reading(requests: Iterable[Request]) -> Iterator[Tiles]:
    """Give the fastest reader of a task's tiles, and close it at the end of the block.

    Parameters
    ----------
    requests : iterable of Request
        In the order in which they will be read; all on disk, or all in buckets.
    """
    coming = iter(requests)
    first = next(coming, None)
    if first is None or first.ref.access is None:
        with LocalFiles() as files:
            yield _FileTiles(files)
        return
    with reading((first, *coming)) as read:
        yield _ReadTiles(read)
