"""Writing rows that follow each other: whole objects here, their edges by who joins them.

Neighbouring blocks share the object of the store in which one ends and the next begins: its rows
travel as fragments. All others are written by the block that measured them.
"""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.planning.blocks import Columns
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.tasks.block_result import Fragment

__all__ = ["RowWriter", "write_fragment"]


class RowWriter:
    """Takes rows of one array, in their order.

    Parameters
    ----------
    writer : ChunkWriter
    spec : ArraySpec
        [quantity, row, iteration].
    columns : Columns
        Of all values.
    start, stop : int, optional
        The rows that are the block's own; what is outside shares no object with them. Without them
        they are those that are taken.
    """

    def __init__(
        self,
        writer: ChunkWriter,
        spec: ArraySpec,
        columns: Columns,
        start: int | None = None,
        stop: int | None = None,
    ) -> None:
        self._writer = writer
        self._spec = spec
        self._columns = columns
        self._start = start
        self._stop = stop
        self._held: list[np.ndarray] = []
        self._first = 0
        self._rows = 0
        self.fragments: list[Fragment] = []

    def take(self, first: int, values: np.ndarray) -> None:
        """Take whole chunks, or all rows to an edge of the block: [quantity, row, column]."""
        values = values[:, : self._spec.shape[1] - first]
        for low, high, whole in self._pieces(first, first + values.shape[1]):
            part = values[:, low - first : high - first]
            if whole:
                self._writer.write(self._spec, (0, low, self._columns.start), part)
            else:
                self.fragments.append(Fragment(self._spec.path, low, part.copy()))

    def gather(self, first: int, values: np.ndarray) -> None:
        """Take any rows; they are held until they make an object."""
        if not values.shape[1]:
            return
        if self._start is None:
            self._start = first
        if not self._held:
            self._first = first
        assert first == self._first + self._rows, "rows are taken in their order"
        self._held.append(values)
        self._rows += values.shape[1]
        side = self._spec.stored[1]
        if first + values.shape[1] >= (self._first // side + 1) * side:
            self._take_held(self._objects_end())

    def finish(self) -> list[Fragment]:
        """Write what is held, and give what is shared with other blocks."""
        if self._held:
            stop = self._first + self._rows
            self._stop = stop
            self._take_held(stop)
        return self.fragments

    def _objects_end(self) -> int:
        side = self._spec.stored[1]
        stop = self._first + self._rows
        return stop if stop == self._spec.shape[1] else stop // side * side

    def _take_held(self, stop: int) -> None:
        values = np.concatenate(self._held, axis=1) if len(self._held) > 1 else self._held[0]
        rest = values[:, stop - self._first :]
        self.take(self._first, values[:, : stop - self._first])
        self._held = [rest] if rest.shape[1] else []
        self._first, self._rows = stop, rest.shape[1]

    def _pieces(self, first: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """Cut rows into those before, in and behind the objects that are the block's alone."""
        side, length = self._spec.stored[1], self._spec.shape[1]
        start = -(-(self._start or 0) // side) * side
        end = stop if self._stop is None else self._stop
        end = length if end >= length else end // side * side
        edges = [first, min(max(start, first), stop), min(max(end, start, first), stop), stop]
        for low, high, whole in zip(edges, edges[1:], (False, True, False), strict=False):
            if low < high:
                yield low, high, whole


def write_fragment(
    writer: ChunkWriter, spec: ArraySpec, columns: Columns, fragment: Fragment
) -> None:
    """Write what was stitched."""
    writer.write(spec, (0, fragment.first, columns.start), fragment.values)
