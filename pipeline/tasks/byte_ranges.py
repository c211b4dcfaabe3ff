"""Where the parts of a block lie: byte ranges on their way to a task, as arrays.

A block has thousands of them, of a few files: as objects they would cost the client, the scheduler
and the worker more time than a small block takes to measure.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.planning.blocks import Block
from deeptracker.pipeline.sources.manifest import Source
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
        place = {parameter.name: n for n, parameter in enumerate(self.source.parameters)}
        order = [place[parameter.name] for parameter in self.layout.parameters]
        object.__setattr__(self, "_order", np.array(order, np.int64))

    def at(
        self, column: int, gradient: bool, numbers: np.ndarray
    ) -> tuple[str, np.ndarray, Access | None] | None:
        """Give the file of a column, and the first byte of some parameters: -1 for missing ones."""
        found = self.source.offsets(int(self.iterations[column]), gradient)
        if found is None:
            return None
        path, offsets, access = found
        return path, offsets[self._order[numbers]], access


@dataclass(frozen=True)
class Places:
    """The byte ranges of a block.

    Attributes
    ----------
    paths : tuple of str
        Files, or objects' URLs.
    file : numpy.ndarray
        int32 [part, 1 + column]: which path, -1 where there is none; the first stands for the last
        snapshot before the block.
    offset : numpy.ndarray
        int64 [part, 1 + column]: the first byte of the parameter.
    access : Access or None
        How the objects' server is reached.
    """

    paths: tuple[str, ...]
    file: np.ndarray
    offset: np.ndarray
    access: Access | None

    @classmethod
    def of(cls, offsets: RunOffsets, block: Block) -> Self:
        """Locate the parts of a block."""
        shape = len(block.parts), 1 + len(block.columns)
        file, offset = np.full(shape, -1, np.int32), np.full(shape, -1, np.int64)
        paths: dict[str, int] = {}
        access = None

        def note(place: int, column: int) -> None:
            nonlocal access
            found = offsets.at(column, block.gradient, block.parts.number)
            if found is not None:
                path, begins, access = found
                new = (file[:, place] < 0) & (begins >= 0)
                if new.any():
                    file[new, place] = paths.setdefault(path, len(paths))
                    offset[new, place] = begins[new]

        for column in reversed(range(block.columns.start)):
            note(0, column)
            if (file[:, 0] >= 0).all():
                break
        for place, column in enumerate(range(block.columns.start, block.columns.stop), start=1):
            note(place, column)
        return cls(tuple(paths), file, offset, access)
