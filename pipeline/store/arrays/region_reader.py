"""Reading regions of many arrays together; of a shard, only the chunks that are needed.

Zarr reads array by array, and takes 4 times as long for a window of each level of ResNet-50's
pyramids (``python benchmarks/array_writing.py``).
"""

import asyncio
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import zarr
from zarr.abc.store import RangeByteRequest, Store, SuffixByteRequest
from zarr.codecs import ShardingCodec, TransposeCodec
from zarr.core.sync import sync

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Encoded, Position
from deeptracker.pipeline.store.arrays.bulk_objects import load
from deeptracker.pipeline.store.arrays.chunk_pieces import Piece, pieces_of
from deeptracker.pipeline.store.arrays.shards import LEFT_OUT, index_bytes, read_index, unpack_shard

__all__ = ["read_region", "read_regions", "spec_of"]

# A gap up to this size between two chunks of a shard is read too, to save a request.
GAP_BYTES = 2**16


def spec_of(array: "zarr.Array[Any]") -> ArraySpec:
    """Give the specification of a stored array, for reading; its dtype is as `schema` has it."""
    codecs = array.metadata.codecs  # type: ignore[union-attr]  # Zarr v3 arrays have codecs
    if array.shards is not None:
        assert isinstance(codecs[0], ShardingCodec)
        codecs = codecs[0].codecs
    return ArraySpec(
        array.path,
        str(array.dtype),
        array.shape,
        array.chunks,
        dims=("",) * array.ndim,
        long_name="",
        fill=np.asarray(array.fill_value).item(),
        quick=isinstance(codecs[0], TransposeCodec),
        shards=array.shards,
    )


def read_region(store: Store, spec: ArraySpec, region: tuple[slice, ...]) -> np.ndarray:
    """Read one region of an array; one slice per dim, with start and stop."""
    return read_regions(store, [(spec, region)])[0]


def read_regions(
    store: Store, wanted: Sequence[tuple[ArraySpec, tuple[slice, ...]]]
) -> list[np.ndarray]:
    """Read regions of many arrays together.

    Parameters
    ----------
    wanted : sequence of (ArraySpec, tuple of slice)
        One slice per dim, with start and stop.

    Raises
    ------
    StoreError
        When a shard's index is damaged.
    """
    found = [
        np.full(tuple(side.stop - side.start for side in region), spec.fill, spec.dtype)
        for spec, region in wanted
    ]
    objects: list[tuple[np.ndarray, ArraySpec, Position, dict[Position, Piece]]] = []
    for values, (spec, region) in zip(found, wanted, strict=True):
        by_place: dict[Position, dict[Position, Piece]] = {}
        for piece in pieces_of(spec, tuple(side.start for side in region), values.shape):
            by_place.setdefault(piece.place, {})[piece.chunk] = piece
        objects += [(values, spec, place, pieces) for place, pieces in by_place.items()]
    loaded = sync(
        _load_objects(store, [(spec, place, pieces) for _, spec, place, pieces in objects])
    )
    for (values, spec, _, pieces), chunks in zip(objects, loaded, strict=True):
        for chunk, piece in pieces.items():
            if chunk in chunks:
                values[piece.values] = spec.decode(chunks[chunk])[piece.within]
    return found


async def _load_objects(
    store: Store, wanted: Iterable[tuple[ArraySpec, Position, Collection[Position]]]
) -> list[dict[Position, Encoded]]:
    return await asyncio.gather(*(_load_chunks(store, *one) for one in wanted))


async def _load_chunks(
    store: Store, spec: ArraySpec, place: Position, chunks: Collection[Position]
) -> dict[Position, Encoded]:
    """Load some chunks of an object: the whole object, or by its index if they are few."""
    key = spec.key(place)
    if 2 * len(chunks) < math.prod(spec.grid):
        return await _load_by_index(store, spec, key, chunks)
    data = await load(store, key)
    return unpack_shard(spec, key, data) if data is not None else {}


async def _load_by_index(
    store: Store, spec: ArraySpec, key: str, wanted: Iterable[Position]
) -> dict[Position, Encoded]:
    tail = await load(store, key, SuffixByteRequest(index_bytes(spec.grid)))
    if tail is None:
        return {}
    index = read_index(spec, key, tail)
    spans = sorted(
        (int(index[place][0]), int(index[place][0] + index[place][1]), place)
        for place in wanted
        if index[place][0] != LEFT_OUT
    )
    joined: list[list[tuple[int, int, Position]]] = []
    for span in spans:
        if joined and span[0] - joined[-1][-1][1] <= GAP_BYTES:
            joined[-1].append(span)
        else:
            joined.append([span])
    parts = await asyncio.gather(
        *(load(store, key, RangeByteRequest(run[0][0], run[-1][1])) for run in joined)
    )
    return {
        place: data[begin - run[0][0] : end - run[0][0]]
        for run, data in zip(joined, parts, strict=True)
        if data is not None
        for begin, end, place in run
    }
