"""One array of the store: its specification, its creation and the writing of whole chunks.

Zarr's own writing costs more than a millisecond a chunk, in opening the array and in changing
threads. Here a task's chunks are encoded in place and handed to the store together.
"""

import asyncio
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zarr
from numcodecs import blosc  # type: ignore[import-untyped]
from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype

__all__ = [
    "ArraySpec",
    "ChunkWriter",
    "array_at",
    "create_arrays",
    "group_at",
    "grow_arrays",
    "read",
]

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class ArraySpec:
    """Everything about an array but its values.

    Attributes
    ----------
    path : str
        From the root, without a leading slash.
    dims : tuple of str
        A name an axis.
    long_name, units : str
        Shown on charts; ``"1"`` is dimensionless.
    strong : bool
        Compress small (zstd) rather than fast (lz4).
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dims: tuple[str, ...]
    long_name: str
    units: str = "1"
    fill: float | int | str = float("nan")
    attributes: Attributes = field(default_factory=dict)
    strong: bool = True

    @property
    def item_bytes(self) -> int:
        """Bytes of a value."""
        return np.dtype(self.dtype).itemsize

    @property
    def compressor(self) -> tuple[str, int]:
        """Name and level."""
        return ("zstd", 3) if self.strong else ("lz4", 5)

    def encode(self, chunk: np.ndarray) -> bytes:
        """Encode one whole chunk as the array's metadata say."""
        name, level = self.compressor
        plain = np.ascontiguousarray(chunk, np.dtype(self.dtype).newbyteorder("<"))
        return bytes(blosc.compress(plain, name.encode(), level, blosc.SHUFFLE, 0, self.item_bytes))

    def metadata(self) -> bytes:
        """Give the array's zarr.json, as the Zarr v3 specification has it."""
        name, level = self.compressor
        blosc_codec = {
            "typesize": self.item_bytes,
            "cname": name,
            "clevel": level,
            "shuffle": "shuffle",
            "blocksize": 0,
        }
        fill = "NaN" if isinstance(self.fill, float) and np.isnan(self.fill) else self.fill
        return _json(
            {
                "zarr_format": 3,
                "node_type": "array",
                "shape": self.shape,
                "data_type": np.dtype(self.dtype).name,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.chunks}},
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                "fill_value": fill,
                "codecs": [
                    {"name": "bytes", "configuration": {"endian": "little"}},
                    {"name": "blosc", "configuration": blosc_codec},
                ],
                "attributes": self.all_attributes(),
                "dimension_names": self.dims,
                "storage_transformers": [],
            }
        )

    def all_attributes(self) -> dict[str, Any]:
        """Give the attributes as they are stored."""
        return {"long_name": self.long_name, "units": self.units, **self.attributes}


def array_at(group: zarr.Group, path: str) -> "zarr.Array[Any]":
    """Open an array that is known to be one."""
    found = group[path]
    assert isinstance(found, zarr.Array), f"{path} is a group"
    return found


def group_at(group: zarr.Group, path: str) -> zarr.Group:
    """Open a group that is known to be one."""
    found = group[path]
    assert isinstance(found, zarr.Group), f"{path} is an array"
    return found


def read(group: zarr.Group, path: str, selection: Any = ...) -> np.ndarray:
    """Read an array, or a selection of it."""
    return np.asarray(array_at(group, path)[selection])


def create_arrays(
    store: Store, groups: Mapping[str, Attributes], specs: Iterable[ArraySpec]
) -> None:
    """Create groups and empty arrays, all at once.

    Zarr creates one after the other, at a millisecond each, and a store has thousands.

    Parameters
    ----------
    groups : mapping of str to attributes
        Paths from the root. Groups between them are made too.
    """
    arrays = {spec.path: spec.metadata() for spec in specs}
    paths = {
        "/".join(parts[:count])
        for parts in (path.split("/") for path in [*groups, *(path for path in arrays)])
        for count in range(1, len(parts))
    }
    nodes = {
        path: _json(
            {"zarr_format": 3, "node_type": "group", "attributes": dict(groups.get(path, {}))}
        )
        for path in sorted(paths | groups.keys())
    }
    pending = [(f"{path}/zarr.json", data) for path, data in (nodes | arrays).items()]
    asyncio.run(_store_all(store, pending))


def grow_arrays(store: Store, specs: Iterable[ArraySpec]) -> None:
    """Give existing arrays the shapes of their specifications; their chunks stay."""
    pending = [(f"{spec.path}/zarr.json", spec.metadata()) for spec in specs]
    asyncio.run(_store_all(store, pending))


def _json(metadata: Mapping[str, Any]) -> bytes:
    return json.dumps(metadata).encode()


class ChunkWriter:
    """Writes regions: whole chunks directly and together, parts of chunks through zarr.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Where the arrays were created.
    buffer_bytes : int
        Encoded chunks are held until there are as many bytes.
    """

    def __init__(self, store: Store, buffer_bytes: int = 16 * 2**20) -> None:
        self._store = store
        self._limit = buffer_bytes
        self._pending: list[tuple[str, bytes]] = []
        self._pending_bytes = 0

    def write(self, spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray) -> None:
        """Write `values` at `offset`.

        A chunk that lies whole in the region, or whose other columns lie past the array's end, is
        encoded here; one that holds older columns is read and completed by zarr.
        """
        if values.size == 0:
            return
        ends = tuple(o + n for o, n in zip(offset, values.shape, strict=True))
        if not _fills_chunks(spec, offset, ends):
            self.flush()
            region = tuple(slice(o, e) for o, e in zip(offset, ends, strict=True))
            zarr.open_array(self._store, path=spec.path, mode="r+")[region] = values
            return
        grids = [
            range(o // c, -(-e // c)) for o, e, c in zip(offset, ends, spec.chunks, strict=True)
        ]
        for position in itertools.product(*grids):
            self._put(spec, position, _chunk_of(spec, offset, values, position))

    def flush(self) -> None:
        """Store what is held."""
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if pending:
            asyncio.run(_store_all(self._store, pending))

    def _put(self, spec: ArraySpec, position: tuple[int, ...], chunk: np.ndarray) -> None:
        key = "/".join([spec.path, "c", *(str(index) for index in position)])
        data = spec.encode(chunk)
        self._pending.append((key, data))
        self._pending_bytes += len(data)
        if self._pending_bytes >= self._limit:
            self.flush()


def _fills_chunks(spec: ArraySpec, offset: tuple[int, ...], ends: tuple[int, ...]) -> bool:
    return all(
        o % c == 0 and (e % c == 0 or e >= n)
        for o, e, c, n in zip(offset, ends, spec.chunks, spec.shape, strict=True)
    )


def _chunk_of(
    spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray, position: tuple[int, ...]
) -> np.ndarray:
    """Cut one chunk out of a region, filled up where it sticks out of the array."""
    starts = [p * c - o for p, c, o in zip(position, spec.chunks, offset, strict=True)]
    cut = values[tuple(slice(s, s + c) for s, c in zip(starts, spec.chunks, strict=True))]
    if cut.shape == spec.chunks:
        return cut
    chunk = np.full(spec.chunks, spec.fill, spec.dtype)
    chunk[tuple(slice(0, n) for n in cut.shape)] = cut
    return chunk


async def _store_all(store: Store, pending: list[tuple[str, bytes]]) -> None:
    make = default_buffer_prototype().buffer.from_bytes
    await asyncio.gather(*(store.set(key, make(data)) for key, data in pending))
