"""Where the parts of a block lie: byte ranges on their way to a task.

A block has thousands of them, of a few files: sent one by one, as objects, they cost the client,
the scheduler and the worker more time than a small block takes to measure.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import ByteRange, Source

__all__ = ["PartReads", "Places"]


@dataclass(frozen=True)
class PartReads:
    """Where a part's parameter lies.

    Attributes
    ----------
    snapshots : tuple of ByteRange or None
        One a column; None where that iteration has no snapshot.
    previous : ByteRange or None
        The last snapshot before the first column.
    """

    snapshots: tuple[ByteRange | None, ...]
    previous: ByteRange | None

    @cached_property
    def columns(self) -> tuple[list[int], list[ByteRange]]:
        """The columns that have a snapshot, -1 for the one before the first, and where it lies."""
        every = enumerate((self.previous, *self.snapshots), start=-1)
        found = [(column, ref) for column, ref in every if ref is not None]
        return [column for column, _ in found], [ref for _, ref in found]


@dataclass(frozen=True)
class Places:
    """The byte ranges of a block.

    Attributes
    ----------
    paths : tuple of str
        Files, or objects' URLs.
    file : numpy.ndarray
        int32 [part, column]: which path, -1 where there is none; the first column stands for the
        last snapshot before the block.
    offset : numpy.ndarray
        int64 [part, column]: the first byte.
    access : Access or None
        How the objects' server is reached.
    """

    paths: tuple[str, ...]
    file: np.ndarray
    offset: np.ndarray
    access: Access | None

    @classmethod
    def of(cls, source: Source, block: Block, iterations: np.ndarray) -> Self:
        """Locate the parts of a block.

        Parameters
        ----------
        iterations : numpy.ndarray
            int64 [column]: of the whole run.
        """
        own = [int(iteration) for iteration in iterations[block.columns.start : block.columns.stop]]
        before = [int(iteration) for iteration in iterations[: block.columns.start][::-1]]
        shape = (len(block.parts), 1 + len(own))
        file, offset = np.full(shape, -1, np.int32), np.zeros(shape, np.int64)
        paths: dict[str, int] = {}
        access = None
        for row, part in enumerate(block.parts):
            name, gradient = part.parameter.name, part.gradient
            past = (source.locate(name, iteration, gradient) for iteration in before)
            found = [next((ref for ref in past if ref is not None), None)]
            found += [source.locate(name, iteration, gradient) for iteration in own]
            for column, ref in enumerate(found):
                if ref is not None:
                    file[row, column] = paths.setdefault(ref.path, len(paths))
                    offset[row, column] = ref.offset
                    access = ref.access
        return cls(tuple(paths), file, offset, access)

    def reads(self, block: Block) -> list[PartReads]:
        """Give the ranges of each part: every snapshot of it has its dtype and its shape."""
        found = []
        for part, files, offsets in zip(
            block.parts, self.file.tolist(), self.offset.tolist(), strict=True
        ):
            dtype, shape = part.dtype, part.parameter.shape
            previous, *snapshots = (
                ByteRange(self.paths[number], offset, dtype, shape, self.access)
                if number >= 0
                else None
                for number, offset in zip(files, offsets, strict=True)
            )
            found.append(PartReads(tuple(snapshots), previous))
        return found
