"""Shards: many chunks in one object, as Zarr's `sharding_indexed` codec lays them out.

The encoded chunks stand one after another; behind them an index says of each where it begins and
how long it is, or that it is left out for holding nothing but missing values; a checksum ends it.
Zarr's codec decodes what it completes; the writer and the reader need the encoded chunks, for which
zarr has no call (what that gains: ``python benchmarks/array_writing.py``).
"""

import itertools
import math
from collections.abc import Mapping

import google_crc32c
import numpy as np

from deeptracker.errors import StoreError
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Encoded, Position

__all__ = ["LEFT_OUT", "index_bytes", "pack", "read_index", "unpack"]

LEFT_OUT = np.uint64(2**64 - 1)
CHECKSUM_BYTES = 4


def index_bytes(grid: Position) -> int:
    """Count the bytes of the index of a shard that holds so many chunks along each dim."""
    return 16 * math.prod(grid) + CHECKSUM_BYTES


def pack(spec: ArraySpec, chunks: Mapping[Position, Encoded]) -> bytes:
    """Put encoded chunks, by their place in the object, into one; without shards it is the chunk.

    Places that are not named are left out of the shard.
    """
    if spec.shards is None:
        return bytes(next(iter(chunks.values())))
    # Row by row, so that neighbouring columns are read at one go.
    placed = sorted(chunks.items())
    index = np.full((*spec.grid, 2), LEFT_OUT, "<u8")
    lengths = np.array([len(data) for _, data in placed], "<u8")
    ends = np.cumsum(lengths)
    where = tuple(np.array([place for place, _ in placed], np.intp).reshape(-1, len(spec.grid)).T)
    index[where] = np.stack([ends - lengths, lengths], axis=1)
    plain = index.tobytes()
    checksum = google_crc32c.value(plain).to_bytes(CHECKSUM_BYTES, "little")
    return b"".join([*(data for _, data in placed), plain, checksum])


def unpack(spec: ArraySpec, key: str, data: Encoded) -> dict[Position, Encoded]:
    """Take the encoded chunks out of an object, by their place in it.

    Raises
    ------
    StoreError
        When the shard's index is damaged.
    """
    if spec.shards is None:
        return {(0,) * len(spec.chunks): data}
    size = index_bytes(spec.grid)
    index = read_index(spec, key, data[-size:])
    found: dict[Position, Encoded] = {}
    places = itertools.product(*map(range, spec.grid))
    for place, (begin, count) in zip(places, index.reshape(-1, 2).tolist(), strict=True):
        if begin == LEFT_OUT:
            continue
        if begin + count > len(data) - size:
            raise _damaged(key, f"it speaks of {begin + count:,} bytes of {len(data) - size:,}")
        found[place] = data[begin : begin + count]
    return found


def read_index(spec: ArraySpec, key: str, tail: Encoded) -> np.ndarray:
    """Read a shard's index.

    Parameters
    ----------
    key : str
        The shard's, for the message.
    tail : bytes-like
        The shard's last `index_bytes`.

    Returns
    -------
    numpy.ndarray
        uint64 [chunks along each dim …, 2]: where each begins and its bytes, both `LEFT_OUT` where
        it is.

    Raises
    ------
    StoreError
        When it is cut off, or its checksum is another.
    """
    if len(tail) < index_bytes(spec.grid):
        raise _damaged(key, f"it has {len(tail):,} bytes instead of {index_bytes(spec.grid):,}")
    plain = bytes(tail[:-CHECKSUM_BYTES])
    stored = int.from_bytes(tail[-CHECKSUM_BYTES:], "little")
    if google_crc32c.value(plain) != stored:
        raise _damaged(key, f"its checksum is {google_crc32c.value(plain):08x}, not {stored:08x}")
    return np.frombuffer(plain, "<u8").reshape(*spec.grid, 2)


def _damaged(key: str, what: str) -> StoreError:
    return StoreError(
        f"{key}: the index of this shard of the store is damaged: {what}; remove the store and "
        "process its log again"
    )
