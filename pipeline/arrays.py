"""One array of the store: its specification, its creation and the writing of whole chunks.

Zarr's own writing costs more than a millisecond a chunk, in opening the array and in changing
threads. Here a task's chunks are encoded in place and handed to the store together.
"""

import asyncio
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zarr
from numcodecs import blosc  # type: ignore[import-untyped]
from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.buffer.cpu import Buffer

__all__ = [
    "ArraySpec",
    "ChunkWriter",
    "array_at",
    "create_arrays",
    "group_at",
    "grow_arrays",
    "read",
    "read_regions",
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
    quick : bool
        Compress fast rather than small, each column of a chunk for itself: what most of a run's
        time and bytes are written as.
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
    quick: bool = False

    @property
    def item_bytes(self) -> int:
        """Bytes of a value."""
        return np.dtype(self.dtype).itemsize

    @property
    def _blosc(self) -> dict[str, Any]:
        """Settings of the compressor."""
        if self.quick:
            # Rounding leaves half of the bits zero: whole planes of nothing once shuffled by bits.
            return {"cname": "lz4", "clevel": 1, "shuffle": "bitshuffle"}
        return {"cname": "zstd", "clevel": 3, "shuffle": "shuffle"}

    def encode(self, chunk: np.ndarray) -> bytes:
        """Encode one whole chunk as the array's metadata say; bfloat16 is stored as float32."""
        if self.quick:
            chunk = chunk.T
            from pipeline.kernels.planes import packed, upper_halves  # noqa: PLC0415  # readers don't

            halves = upper_halves(chunk)
            if halves is not None:
                return packed(halves, chunk.shape[-1])
        plain = np.ascontiguousarray(chunk, np.dtype(self.dtype).newbyteorder("<"))
        settings = self._blosc
        shuffle = {"shuffle": blosc.SHUFFLE, "bitshuffle": blosc.BITSHUFFLE}[settings["shuffle"]]
        name, level = settings["cname"].encode(), settings["clevel"]
        return bytes(blosc.compress(plain, name, level, shuffle, 0, self.item_bytes))

    def decode(self, data: bytes) -> np.ndarray:
        """Undo `encode`; what is given may be written to."""
        dtype = np.dtype(self.dtype).newbyteorder("<")
        values = np.frombuffer(bytearray(blosc.decompress(data)), dtype)
        return values.reshape(self.chunks[::-1]).T if self.quick else values.reshape(self.chunks)

    def empty_chunk(self, dtype: np.dtype | None = None) -> np.ndarray:
        """Give a chunk of nothing but missing values, laid out as it is encoded."""
        dtype = np.dtype(self.dtype) if dtype is None else dtype
        if self.quick:
            return np.full(self.chunks[::-1], self.fill, dtype).T
        return np.full(self.chunks, self.fill, dtype)

    def metadata(self) -> bytes:
        """Give the array's zarr.json, as the Zarr v3 specification has it."""
        blosc_codec = {"typesize": self.item_bytes, "blocksize": 0, **self._blosc}
        axes = list(range(len(self.shape)))
        transpose = [{"name": "transpose", "configuration": {"order": axes[::-1]}}]
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
                    *(transpose if self.quick else []),
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


@dataclass(frozen=True)
class _Patch:
    """Values for a part of one chunk."""

    spec: ArraySpec
    region: tuple[slice, ...]
    values: np.ndarray


class ChunkWriter:
    """Writes regions, many chunks together, while the next ones are being made.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Where the arrays were created.
    buffer_bytes : int
        Chunks are held until there are as many bytes.
    """

    def __init__(self, store: Store, buffer_bytes: int = 16 * 2**20) -> None:
        self._store = store
        self._limit = buffer_bytes
        self._pending: list[tuple[str, bytes]] = []
        self._patches: dict[str, list[_Patch]] = {}
        self._pending_bytes = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="deeptracker-write")
        self._storing: Future[None] | None = None

    def write(self, spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray) -> None:
        """Write `values` at `offset`.

        A chunk that lies whole in the region, or whose other columns lie past the array's end, is
        encoded at once; one that holds older columns will be read and completed.
        """
        if values.size == 0:
            return
        ends = tuple(o + n for o, n in zip(offset, values.shape, strict=True))
        grids = [
            range(o // c, -(-e // c)) for o, e, c in zip(offset, ends, spec.chunks, strict=True)
        ]
        for position in itertools.product(*grids):
            key = _chunk_key(spec, position)
            patch = _patch_of(spec, offset, values, position)
            if all(
                piece.start == 0 and (piece.stop == chunk or place * chunk + piece.stop >= side)
                for piece, chunk, place, side in zip(
                    patch.region, spec.chunks, position, spec.shape, strict=True
                )
            ):
                data = spec.encode(_completed(patch))
                self._pending.append((key, data))
                self._pending_bytes += len(data)
            else:
                held = _Patch(spec, patch.region, patch.values.copy())
                self._patches.setdefault(key, []).append(held)
                self._pending_bytes += held.values.nbytes
        if self._pending_bytes >= self._limit:
            self._hand_over()

    def flush(self) -> None:
        """Store what is held, and wait until it is."""
        self._hand_over()
        self._wait()

    def _hand_over(self) -> None:
        """Begin to store what is held; what was handed over before is stored first."""
        self._wait()
        pending, self._pending = self._pending, []
        patches, self._patches = self._patches, {}
        self._pending_bytes = 0
        if pending or patches:
            self._storing = self._pool.submit(_store, self._store, pending, patches)

    def _wait(self) -> None:
        storing, self._storing = self._storing, None
        if storing is not None:
            storing.result()


def _store(
    store: Store, pending: list[tuple[str, bytes]], patches: Mapping[str, list[_Patch]]
) -> None:
    older = asyncio.run(_load_all(store, list(patches))) if patches else []
    for (key, parts), found in zip(patches.items(), older, strict=True):
        spec = parts[0].spec
        chunk = spec.decode(found) if found is not None else spec.empty_chunk()
        for patch in parts:
            chunk[patch.region] = patch.values
        pending.append((key, spec.encode(chunk)))
    if pending:
        asyncio.run(_store_all(store, pending))


def read_regions(
    store: Store, wanted: Sequence[tuple[ArraySpec, tuple[slice, ...]]]
) -> list[np.ndarray]:
    """Read regions of many arrays together; zarr reads them one by one, at a millisecond each.

    Parameters
    ----------
    wanted : sequence of (ArraySpec, tuple of slice)
        A slice a dim, with both ends.
    """
    places = [
        (number, position)
        for number, (spec, region) in enumerate(wanted)
        for position in itertools.product(
            *(
                range(side.start // chunk, -(-side.stop // chunk))
                for side, chunk in zip(region, spec.chunks, strict=True)
            )
        )
    ]
    keys = [_chunk_key(wanted[number][0], position) for number, position in places]
    found = [
        np.full(tuple(side.stop - side.start for side in region), spec.fill, spec.dtype)
        for spec, region in wanted
    ]
    for (number, position), data in zip(places, asyncio.run(_load_all(store, keys)), strict=True):
        if data is not None:
            spec, region = wanted[number]
            offset = tuple(side.start for side in region)
            patch = _patch_of(spec, offset, found[number], position)
            patch.values[...] = spec.decode(data)[patch.region]
    return found


def _chunk_key(spec: ArraySpec, position: Iterable[int]) -> str:
    return "/".join([spec.path, "c", *(str(index) for index in position)])


def _patch_of(
    spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray, position: tuple[int, ...]
) -> _Patch:
    """Cut what falls into one chunk out of a region."""
    starts = [p * c - o for p, c, o in zip(position, spec.chunks, offset, strict=True)]
    cut = values[tuple(slice(max(s, 0), s + c) for s, c in zip(starts, spec.chunks, strict=True))]
    first = [max(-s, 0) for s in starts]
    region = tuple(slice(f, f + n) for f, n in zip(first, cut.shape, strict=True))
    return _Patch(spec, region, cut)


def _completed(patch: _Patch) -> np.ndarray:
    """Fill a chunk up where it sticks out of the array."""
    spec = patch.spec
    if patch.values.shape == spec.chunks:
        return patch.values
    chunk = spec.empty_chunk(patch.values.dtype)
    chunk[patch.region] = patch.values
    return chunk


async def _load_all(store: Store, keys: list[str]) -> list[bytes | None]:
    prototype = default_buffer_prototype()
    found = await asyncio.gather(*(store.get(key, prototype) for key in keys))
    return [None if buffer is None else buffer.to_bytes() for buffer in found]


class _Encoded(Buffer):
    """Bytes on their way to the store, which would copy them twice as a plain buffer."""

    def __init__(self, data: bytes) -> None:
        super().__init__(np.frombuffer(data, np.uint8))
        self._bytes = data

    def to_bytes(self) -> bytes:
        """Give the bytes themselves."""
        return self._bytes


async def _store_all(store: Store, pending: list[tuple[str, bytes]]) -> None:
    await asyncio.gather(*(store.set(key, _Encoded(data)) for key, data in pending))
