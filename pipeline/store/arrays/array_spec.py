"""The specification of one array of the store, and the creation of arrays."""

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import zarr
from numcodecs import VLenUTF8, Zstd, blosc  # type: ignore[import-untyped]
from zarr.abc.codec import Codec
from zarr.abc.store import Store
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    ShardingCodec,
    TransposeCodec,
    VLenUTF8Codec,
    ZstdCodec,
)
from zarr.core.group import GroupMetadata
from zarr.core.metadata import ArrayV3Metadata
from zarr.dtype import parse_dtype

from deeptracker.pipeline.store.arrays.bulk_objects import store_all

__all__ = [
    "ArraySpec",
    "Encoded",
    "Position",
    "array_at",
    "create_arrays",
    "group_at",
    "read_array",
    "store_metadata",
]

Position = tuple[int, ...]
Attributes = Mapping[str, Any]
# An encoded chunk, possibly a view of many packed chunks or of a loaded object.
Encoded = bytes | memoryview
ZSTD_LEVEL = 0


@dataclass(frozen=True)
class ArraySpec:
    """Everything about an array except its values.

    Attributes
    ----------
    path : str
        Path from the root, without a leading slash.
    dtype : str
        NumPy's name, or ``"str"``.
    dims : tuple of str
        One name per axis.
    long_name, units : str
        Shown on charts; ``"1"`` is dimensionless.
    chunks : tuple of int
        Sides of what is compressed together.
    shards : tuple of int, optional
        Sides of one object of the store, multiples of the chunk's. By default, or if they equal the
        chunk's, an object is one chunk without an index.
    quick : bool
        Prefer speed to size, and compress each column (of the last dim) of a chunk separately.
        Used for the arrays that take most of a run's time and bytes.
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
    shards: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.shards == self.chunks:
            object.__setattr__(self, "shards", None)

    @cached_property
    def stored(self) -> tuple[int, ...]:
        """Sides of one object of the store."""
        return self.shards or self.chunks

    @cached_property
    def grid(self) -> Position:
        """Count the chunks of one object along each dim."""
        return tuple(s // c for s, c in zip(self.stored, self.chunks, strict=True))

    @property
    def stored_bytes(self) -> int:
        """Bytes of the values in one object, before they are compressed."""
        return math.prod(self.stored) * self.item_bytes

    @cached_property
    def _laid_out(self) -> tuple[int, ...]:
        """Sides of a chunk that is compressed column by column."""
        return *self.chunks[:-2], self.chunks[-1], self.chunks[-2]

    def key(self, place: Position) -> str:
        """Name an object by its place among the array's."""
        return "/".join([self.path, "c", *map(str, place)])

    @property
    def item_bytes(self) -> int:
        """Bytes of a value."""
        return np.dtype(self.dtype).itemsize

    @property
    def is_text(self) -> bool:
        """Whether the values are strings."""
        return self.dtype == "str"

    @property
    def _blosc(self) -> dict[str, Any]:
        """Settings of the compressor."""
        if self.quick:
            # Rounding sets half of the bits to zero: bitshuffle turns them into planes of zeros.
            return {"cname": "lz4", "clevel": 1, "shuffle": "bitshuffle"}
        return {"cname": "lz4", "clevel": 5, "shuffle": "shuffle"}

    def encode(self, chunk: np.ndarray) -> Encoded:
        """Encode one whole chunk by the array's metadata; bfloat16 is stored as float32."""
        if self.quick:
            chunk = chunk.swapaxes(-1, -2)
            planes = _planes()
            halves = planes.upper_halves(chunk)
            if halves is not None:
                return planes.packed_planes(halves, chunk.shape[-1])[0]
        if self.is_text:
            return bytes(Zstd(level=ZSTD_LEVEL).encode(VLenUTF8().encode(chunk)))
        plain = np.ascontiguousarray(chunk, np.dtype(self.dtype).newbyteorder("<"))
        settings = self._blosc
        shuffle = {"shuffle": blosc.SHUFFLE, "bitshuffle": blosc.BITSHUFFLE}[settings["shuffle"]]
        name, level = settings["cname"].encode(), settings["clevel"]
        return bytes(blosc.compress(plain, name, level, shuffle, 0, self.item_bytes))

    def encode_run(self, values: np.ndarray) -> list[memoryview] | None:
        """Encode full chunks together if they lie one after the other in memory.

        They do if the values are bfloat16, lie column by column, and the region is one chunk high.

        Returns
        -------
        list of memoryview or None
            Chunks by quantity, then by column. None if the values do not lie this way, if some
            may be missing, or if only the general library compresses their size.
        """
        if not self.quick or values.dtype.name != "bfloat16":
            return None
        planes = _planes()
        size = math.prod(self.chunks)
        if size % planes.LANES:
            return None
        *quantities, rows, columns = self.chunks
        laid_out = values.swapaxes(-1, -2)
        apart = math.prod(quantities) == 1 or values.shape[-1] == columns
        whole = values.shape[-2] == rows and values.size % size == 0
        if not (apart and whole and laid_out.flags.c_contiguous):
            return None
        firsts = values[tuple(slice(None, None, side) for side in self.chunks)]
        if self.shards and np.any(self._missing(firsts)):
            return None
        halves = planes.upper_halves(laid_out)
        return None if halves is None else planes.packed_planes(halves, rows, values.size // size)

    def decode(self, data: Encoded) -> np.ndarray:
        """Decode a chunk; the result may be read-only."""
        dtype = np.dtype(self.dtype).newbyteorder("<")
        values = np.frombuffer(blosc.decompress(data), dtype)
        if self.quick:
            return values.reshape(self._laid_out).swapaxes(-1, -2)
        return values.reshape(self.chunks)

    def is_missing(self, chunk: np.ndarray) -> bool:
        """Whether a chunk holds nothing but missing values."""
        # The first value mostly decides: test it before the others.
        return bool(self._missing(chunk.item(0))) and bool(np.all(self._missing(chunk)))

    def _missing(self, values: Any) -> Any:
        """Mark the values that are missing."""
        return np.isnan(values) if self._fills_with_nan else values == self.fill

    @cached_property
    def _fills_with_nan(self) -> bool:
        return isinstance(self.fill, float) and bool(np.isnan(self.fill))

    def empty_chunk(self, dtype: np.dtype | None = None) -> np.ndarray:
        """Give a chunk of missing values, in the memory layout of encoding."""
        dtype = np.dtype(self.dtype) if dtype is None else dtype
        fill = np.array(self.fill, dtype)
        if dtype.name == "bfloat16":
            # NumPy fills bfloat16, a foreign dtype, ten times as slowly as uint16.
            fill = fill.view(np.uint16)
        sides = self._laid_out if self.quick else self.chunks
        empty = np.full(sides, fill).view(dtype)
        return empty.swapaxes(-1, -2) if self.quick else empty

    def metadata(self) -> ArrayV3Metadata:
        """Describe the array to zarr."""
        codecs: list[Codec] = [VLenUTF8Codec(), ZstdCodec(level=ZSTD_LEVEL)]
        if not self.is_text:
            codecs = [BytesCodec(), BloscCodec(typesize=self.item_bytes, **self._blosc)]
        if self.quick:
            *others, row, column = range(len(self.shape))
            codecs = [TransposeCodec(order=(*others, column, row)), *codecs]
        if self.shards:
            codecs = [ShardingCodec(chunk_shape=self.chunks, codecs=codecs)]
        return ArrayV3Metadata(
            shape=self.shape,
            data_type=parse_dtype(self.dtype, zarr_format=3),
            chunk_grid={"name": "regular", "configuration": {"chunk_shape": self.stored}},
            chunk_key_encoding={"name": "default", "configuration": {"separator": "/"}},
            fill_value=self.fill,
            codecs=codecs,
            attributes=self.all_attributes(),
            dimension_names=self.dims,
        )

    def document(self) -> dict[str, Any]:
        """Give `metadata` as the store has it; zarr makes it once for arrays that are alike.

        A run describes a hundred arrays, which took zarr a tenth of its client's time.
        """
        sides = (1,) * len(self.shape)
        alike = replace(
            self,
            path="",
            shape=sides,
            chunks=sides,
            shards=(2, *sides[1:]) if self.shards else None,
            dims=("",) * len(sides),
            long_name="",
            units="",
            attributes={},
        )
        key = self.dtype, repr(self.fill), self.quick, alike.shards, sides
        if key not in _documents:
            _documents[key] = alike.metadata().to_dict()
        known = _documents[key]
        grid = {"name": "regular", "configuration": {"chunk_shape": self.stored}}
        codecs = known["codecs"]
        if self.shards:
            [sharding] = codecs
            inner = {**sharding["configuration"], "chunk_shape": self.chunks}
            codecs = [{**sharding, "configuration": inner}]
        return {
            **known,
            "shape": self.shape,
            "chunk_grid": grid,
            "codecs": codecs,
            "attributes": self.all_attributes(),
            "dimension_names": self.dims,
        }

    def all_attributes(self) -> dict[str, Any]:
        """Give the attributes as they are stored."""
        return {"long_name": self.long_name, "units": self.units, **self.attributes}


_documents: dict[tuple[Any, ...], dict[str, Any]] = {}


@cache
def _planes() -> ModuleType:
    """Import the kernels, which readers do not need."""
    return import_module("deeptracker.pipeline.kernels.packing.bit_planes")


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


def read_array(group: zarr.Group, path: str, selection: Any = ...) -> np.ndarray:
    """Read an array, or a selection of it."""
    return np.asarray(array_at(group, path)[selection])


def create_arrays(
    store: Store, groups: Mapping[str, Attributes], specs: Iterable[ArraySpec]
) -> None:
    """Create groups and empty arrays together.

    Parameters
    ----------
    groups : mapping of str to attributes
        Attributes by path from the root, whose own is "". Parent groups are created too.
    """
    arrays = {spec.path: spec.document() for spec in specs}
    paths = {
        "/".join(parts[:count])
        for parts in (path.split("/") for path in [*groups, *arrays])
        for count in range(1, len(parts))
    }
    nodes = {
        path: GroupMetadata(dict(groups.get(path, {}))).to_dict() for path in paths.union(groups)
    }
    _store_nodes(store, {**nodes, **arrays})


def store_metadata(store: Store, specs: Iterable[ArraySpec]) -> None:
    """Write arrays' metadata: of new arrays, or new shapes of arrays whose chunks stay."""
    _store_nodes(store, {spec.path: spec.document() for spec in specs})


def _store_nodes(store: Store, nodes: Mapping[str, dict[str, Any]]) -> None:
    # Zarr's serialisation indents the JSON, which takes Python five times as long.
    pending = [
        (f"{path}/zarr.json".lstrip("/"), json.dumps(node).encode()) for path, node in nodes.items()
    ]
    asyncio.run(store_all(store, pending))
