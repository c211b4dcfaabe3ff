"""Small arrays that are written whole, in place of older ones: names, sizes, findings.

Zarr takes milliseconds for each, one after the other, and a run has dozens; here they are stored
together.
"""

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numcodecs import VLenUTF8, Zstd  # type: ignore[import-untyped]
from zarr.abc.store import Store

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, store_metadata
from deeptracker.pipeline.store.arrays.bulk_objects import store_all
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter

__all__ = ["WholeArrays"]

ZSTD_LEVEL = 0


class WholeArrays:
    """Collects arrays, and stores them at the end of a ``with`` block that does not fail.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Where their groups are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers: list[tuple[ArraySpec, np.ndarray]] = []
        self._texts: list[tuple[str, bytes]] = []
        self._chunks: list[tuple[str, bytes]] = []

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
        """Write an array; in one chunk unless it is said otherwise.

        Parameters
        ----------
        values : array-like
            Numbers; strings or objects are written as text.
        """
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            self._put_text(path, values, dims, {"long_name": long_name, "units": units})
            return
        sides = [max(side, 1) for side in values.shape]
        if rows_per_chunk is not None:
            sides[0] = min(sides[0], rows_per_chunk)
        spec = ArraySpec(
            path,
            values.dtype.name,
            values.shape,
            tuple(sides),
            tuple(dims),
            long_name,
            units,
            fill=float("nan") if values.dtype.kind == "f" else 0,
        )
        self._numbers.append((spec, values))

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
        # A chunk is refused until its array is there.
        store_metadata(self._store, [spec for spec, _ in self._numbers])
        asyncio.run(store_all(self._store, self._texts))
        writer = ChunkWriter(self._store)
        for spec, values in self._numbers:
            writer.write(spec, (0,) * values.ndim, values)
        writer.flush()
        asyncio.run(store_all(self._store, self._chunks))

    def _put_text(
        self, path: str, values: np.ndarray, dims: Sequence[str], attributes: dict[str, str]
    ) -> None:
        metadata = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": values.shape,
            "data_type": "string",
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": [max(side, 1) for side in values.shape]},
            },
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "",
            "codecs": [
                {"name": "vlen-utf8", "configuration": {}},
                {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}},
            ],
            "attributes": attributes,
            "dimension_names": list(dims),
            "storage_transformers": [],
        }
        self._texts.append((f"{path}/zarr.json", json.dumps(metadata).encode()))
        if values.size:
            plain = VLenUTF8().encode(values.astype(object))
            key = "/".join([path, "c", *["0"] * values.ndim])
            self._chunks.append((key, bytes(Zstd(level=ZSTD_LEVEL).encode(plain))))
