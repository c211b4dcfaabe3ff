"""Where the parts of a block lie: byte ranges on their way to a task, as arrays.

A block has thousands of them, of a few files: as objects they would cost the client, the scheduler
and the worker more time than a small block takes to measure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import Offsets, Source
from deeptracker.pipeline.sources.tile_spans import NO_SNAPSHOT, WITHOUT
from deeptracker.pipeline.store.network_layout import NetworkLayout

__all__ = ["Places", "RunOffsets"]


@dataclass(frozen=True, eq=False)
class RunOffsets:
    """Where every parameter of a run lies at every column.

    Attributes
    ----------
    iterations : numpy.ndarray
        int64 [column]: of the whole run.
    """

    source: Source
    layout: NetworkLayout
    iterations: np.ndarray
    _order: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        place = {(p.name, p.shape): n for n, p in enumerate(self.source.parameters)}
        # The store may have parameters whose snapshots are gone from the log.
        order = [place.get((p.name, p.shape), -1) for p in self.layout.parameters]
        object.__setattr__(self, "_order", np.array(order, np.int64))

    def at(self, column: int, numbers: np.ndarray, *, gradient: bool) -> Offsets | None:
        """Give where some parameters lie at a column; None where it has no snapshot."""
        found = self.source.offsets(int(self.iterations[column]), gradient)
        if found is None:
            return None
        order = self._order[numbers]
        begins = np.where(order >= 0, found.begins[order], -1)
        strides = {}
        if found.strides:
            strides = {
                place: found.strides[number]
                for place, number in enumerate(order.tolist())
                if number in found.strides
            }
        return Offsets(
            found.paths, found.file[order], begins, found.dtypes[order], strides, found.access
        )


@dataclass(frozen=True)
class Places:
    """The byte ranges of a block.

    Attributes
    ----------
    paths : tuple of str
        Files, or objects' URLs.
    file : numpy.ndarray
        int32 [part, 1 + column]: which path; `NO_SNAPSHOT`, or `WITHOUT` where the snapshot has no
        such parameter. The first stands for the last snapshot before the block.
    offset : numpy.ndarray
        int64 [part, 1 + column]: the first byte of the parameter.
    dtype : numpy.ndarray
        uint8 [part, 1 + column]: which of `DTYPES`.
    access : Access or None
        How the objects' server is reached.
    strides : mapping of (int, int) to tuple of int
        By part and column: of those that do not lie in C order, as of `ByteRange`.
    """

    paths: tuple[str, ...]
    file: np.ndarray
    offset: np.ndarray
    dtype: np.ndarray
    access: Access | None
    strides: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)

    def some(self, parts: slice) -> Self:
        """Give the ranges of some of the parts."""
        first, last, _ = parts.indices(len(self.file))
        strides = {
            (part - first, column): strides
            for (part, column), strides in self.strides.items()
            if first <= part < last
        }
        return type(self)(
            self.paths,
            self.file[parts],
            self.offset[parts],
            self.dtype[parts],
            self.access,
            strides,
        )

    @classmethod
    def of(cls, offsets: RunOffsets, block: Block) -> Self:
        """Locate the parts of a block."""
        shape = len(block.parts), 1 + len(block.columns)
        file, offset = np.full(shape, NO_SNAPSHOT, np.int32), np.full(shape, -1, np.int64)
        dtype = np.zeros(shape, np.uint8)
        paths: dict[str, int] = {}
        strides: dict[tuple[int, int], tuple[int, ...]] = {}
        access = None

        def note(place: int, column: int) -> None:
            nonlocal access
            found = offsets.at(column, block.parts.number, gradient=block.gradient)
            if found is None:
                return
            access = found.access
            open_ = file[:, place] == NO_SNAPSHOT
            new = open_ & (found.begins >= 0)
            if new.any():
                numbers = np.zeros(len(found.paths), np.int32)
                for number in np.unique(found.file[new]):
                    numbers[number] = paths.setdefault(found.paths[number], len(paths))
                file[new, place] = numbers[found.file[new]]
                offset[new, place] = found.begins[new]
                dtype[new, place] = found.dtypes[new]
                strides.update(
                    {(part, place): found.strides[part] for part in found.strides if new[part]}
                )
            if (gone := open_ & (found.begins < 0)).any():
                file[gone & _is_without(offsets, block, column), place] = WITHOUT

        for column in reversed(range(block.columns.start)):
            note(0, column)
            if (file[:, 0] != NO_SNAPSHOT).all():
                break
        for place, column in enumerate(range(block.columns.start, block.columns.stop), start=1):
            note(place, column)
        return cls(tuple(paths), file, offset, dtype, access, strides)


def _is_without(offsets: RunOffsets, block: Block, column: int) -> np.ndarray:
    """Mark the parts that a snapshot lacks: bool [part]; lacking only gradients is no gap."""
    weights = offsets.at(column, block.parts.number, gradient=False)
    return weights.begins < 0 if weights else np.zeros(len(block.parts), np.bool_)
