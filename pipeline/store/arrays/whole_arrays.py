"""Small arrays that are always replaced as a whole: names, sizes, findings.

Zarr writes them one after the other and takes 5 times as long, 0.1 s of every run
(``python benchmarks/array_writing.py``).
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, store_metadata
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter

__all__ = ["WholeArrays"]


class WholeArrays:
    """Collects arrays, and stores them at the end of a ``with`` block without errors.

    Parameters
    ----------
    store : zarr.abc.store.Store
        The store that has their groups.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._arrays: list[tuple[ArraySpec, np.ndarray]] = []

    def put(
        self,
        path: str,
        values: Any,
        dims: Sequence[str],
        long_name: str,
        units: str = "1",
        *,
        rows_per_chunk: int | None = None,
    ) -> None:
        """Write an array; in one chunk by default.

        Parameters
        ----------
        values : array-like
            Numbers; strings or objects are written as text.
        """
        values = np.asarray(values)
        is_text = values.dtype.kind in "UO"
        sides = [max(side, 1) for side in values.shape]
        if rows_per_chunk is not None:
            sides[0] = min(sides[0], rows_per_chunk)
        spec = ArraySpec(
            path,
            "str" if is_text else values.dtype.name,
            values.shape,
            tuple(sides),
            tuple(dims),
            long_name,
            units,
            fill="" if is_text else float("nan") if values.dtype.kind == "f" else 0,
        )
        self._arrays.append((spec, values.astype(object) if is_text else values))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        # Arrays first: the store refuses a chunk without its array.
        store_metadata(self._store, [spec for spec, _ in self._arrays])
        writer = ChunkWriter(self._store)
        for spec, values in self._arrays:
            writer.write(spec, (0,) * values.ndim, values)
        writer.flush()
