"""Which bytes a task reads for each tile, and where each piece of a parameter lies among them.

Neighbours in a file are read together: a tile of a thousand small parameters takes one read of each
snapshot where they lie one after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["NO_SNAPSHOT", "WITHOUT", "GroupSpans", "TileSpans"]

# In place of a file's number: there is no snapshot; the snapshot is without the parameter.
NO_SNAPSHOT, WITHOUT = -1, -2
# Reading so many bytes between two pieces is cheaper than a second read.
LARGEST_GAP = 512
# A span's place in the buffer is a multiple of it: a line of the processor's cache.
ALIGNMENT = 64


@dataclass(frozen=True, eq=False)
class GroupSpans:
    """What is read for the pieces of one tile.

    Attributes
    ----------
    starts : numpy.ndarray
        int64 [snapshot + 1]: where each one's spans begin.
    spans : numpy.ndarray
        int64 [span, 4]: the file's number, first byte, bytes, and the place in the buffer.
    places : numpy.ndarray
        int64 [snapshot, piece]: the first byte of each in the buffer; `NO_SNAPSHOT` or `WITHOUT`.
    nbytes : int
        The buffer's length.
    """

    starts: np.ndarray
    spans: np.ndarray
    places: np.ndarray
    nbytes: int

    @property
    def snapshots(self) -> int:
        """Number of snapshots."""
        return len(self.starts) - 1

    def of(self, snapshot: int) -> np.ndarray:
        """Give the spans of one snapshot."""
        return self.spans[self.starts[snapshot] : self.starts[snapshot + 1]]


@dataclass(frozen=True, eq=False)
class TileSpans:
    """What is read for all tiles of a task, one behind the other; see `GroupSpans`."""

    starts: np.ndarray
    spans: np.ndarray
    places: np.ndarray
    nbytes: np.ndarray

    @classmethod
    def of(
        cls, group: np.ndarray, file: np.ndarray, first: np.ndarray, nbytes: np.ndarray, item: int
    ) -> Self:
        """Plan what is read.

        Parameters
        ----------
        group : numpy.ndarray
            int64 [piece], ascending from 0: what is measured together.
        file : numpy.ndarray
            int [piece, snapshot]: a file's number; `NO_SNAPSHOT` or `WITHOUT`.
        first : numpy.ndarray
            int64 [piece, snapshot]: its first byte in the file.
        nbytes : numpy.ndarray
            int64 [piece], or [piece, snapshot] where it is not the same in all: its length.
        item : int
            A piece lies a multiple of so many bytes behind another of the same span.
        """
        snapshots = file.shape[1]
        known = file >= 0
        pieces, columns = np.nonzero(known)
        every = np.broadcast_to(nbytes if nbytes.ndim > 1 else nbytes[:, None], file.shape)
        files, begins, lengths = file[known], first[known], every[known]
        line = group[pieces] * snapshots + columns
        order = np.lexsort((begins, files, begins % item, line))
        pieces, columns, files, begins = (v[order] for v in (pieces, columns, files, begins))
        line, ends = line[order], begins + lengths[order]
        apart = np.ones(len(order), np.bool_)
        if len(order):
            same = (line[1:] == line[:-1]) & (files[1:] == files[:-1])
            same &= begins[1:] % item == begins[:-1] % item
            # What begins in a span before its end, or little behind it, is read with it.
            groups = np.cumsum(np.append(True, ~same))
            offset = groups * (int(ends.max(initial=0)) + LARGEST_GAP + 1)
            furthest = np.maximum.accumulate(ends + offset)
            apart[1:] = begins[1:] + offset[1:] > furthest[:-1] + LARGEST_GAP
        heads = np.flatnonzero(apart)
        number = np.cumsum(apart) - 1
        lengths = np.maximum.reduceat(ends, heads) - begins[heads] if len(heads) else heads
        padded = -(-lengths // ALIGNMENT) * ALIGNMENT
        lines = int(group[-1] + 1) * snapshots if len(group) else 0
        starts = np.searchsorted(line[heads], np.arange(lines + 1))
        ahead = np.concatenate([[0], np.cumsum(padded)])
        into = ahead[:-1] - ahead[starts[line[heads]]]
        places = np.minimum(file, 0).astype(np.int64)
        places[pieces, columns] = into[number] + begins - begins[heads][number]
        of_line = ahead[starts[1:]] - ahead[starts[:-1]]
        return cls(
            starts,
            np.stack([files[heads].astype(np.int64), begins[heads], lengths, into], axis=1),
            np.ascontiguousarray(places.T),
            of_line.reshape(-1, snapshots).max(axis=1),
        )

    def group(self, number: int, pieces: slice) -> GroupSpans:
        """Give what is read for one tile, and its pieces."""
        snapshots = len(self.places)
        starts = self.starts[number * snapshots : (number + 1) * snapshots + 1]
        return GroupSpans(
            starts - starts[0],
            self.spans[starts[0] : starts[-1]],
            self.places[:, pieces],
            int(self.nbytes[number]),
        )

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Yield (file's number, first byte, byte after the last), in the order of reading."""
        for file, first, nbytes, _ in self.spans.tolist():
            yield file, first, first + nbytes
