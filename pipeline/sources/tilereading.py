"""Tiles of weights as a task measures them: mapped from a local disk, or read into buffers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from pipeline.sources.manifest import ITEM_BYTES, ByteRange
from pipeline.sources.mapping import MappedFiles, can_map
from pipeline.sources.readahead import Request
from pipeline.sources.reading import RAW_DTYPES, Reader, reading

__all__ = ["MAPPED_BYTES", "Tiles", "tile_reading"]

# Of the ranges that are mapped at once: enough that a call for them costs nothing a tile.
MAPPED_BYTES = 4 * 2**20


class Tiles(Protocol):
    """Gives the same tile of several snapshots, one after the other."""

    def together(self, dtype: str, count: int) -> int:
        """Say how many tiles of `count` elements may be asked for before they are measured."""

    def take(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Give raw elements [start, stop) of a tensor."""

    def let_go(self, kept: int) -> None:
        """Let go of what was taken, but for the `kept` last: at most 1."""


class MappedTiles:
    """Tiles of files on a local disk, as `MappedFiles` gives them."""

    def __init__(self, files: MappedFiles) -> None:
        self._files = files

    def together(self, dtype: str, count: int) -> int:
        """Say how many tiles may be mapped at once."""
        return max(1, MAPPED_BYTES // (ITEM_BYTES[dtype] * count))

    def take(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Map a tile."""
        return self._files.take(ref, start, stop)

    def let_go(self, kept: int) -> None:
        """Let their pages go."""
        self._files.let_go(kept)


class ReadTiles:
    """Tiles that are read, in turn, into two buffers that are used again and again."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._bytes = [np.empty(0, np.uint8), np.empty(0, np.uint8)]
        self._turn = 0

    def together(self, dtype: str, count: int) -> int:  # noqa: ARG002  # a tile is a tile
        """Say 1: the other buffer holds the snapshot before."""
        return 1

    def take(self, ref: ByteRange, start: int, stop: int) -> np.ndarray:
        """Read a tile into the buffer that was not given last."""
        self._turn = 1 - self._turn
        raw = RAW_DTYPES[ref.dtype]
        wanted = (stop - start) * raw.itemsize
        if len(self._bytes[self._turn]) < wanted:
            self._bytes[self._turn] = np.empty(wanted, np.uint8)
        return self._read(ref, start, stop, self._bytes[self._turn][:wanted].view(raw))

    def let_go(self, kept: int) -> None:
        """Do nothing: the buffers take turns."""


@contextmanager
def tile_reading(requests: Iterable[Request]) -> Iterator[Tiles]:
    """Give the quickest way to a task's tiles, and end it with the block.

    Parameters
    ----------
    requests : iterable of Request
        In the order in which they will be taken; all on one file system, or all in buckets.
    """
    coming = iter(requests)
    first = next(coming, None)
    if first is not None and first.ref.access is None and can_map(first.ref.path):
        files = MappedFiles()
        try:
            yield MappedTiles(files)
        finally:
            files.close()
        return
    announced = [] if first is None else [first]
    with reading((*announced, *coming)) as read:
        yield ReadTiles(read)
