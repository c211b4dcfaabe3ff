"""Shards: many chunks in one object, as Zarr's `sharding_indexed` codec lays them out.

The encoded chunks stand one after another. An index after them has each chunk's offset and length,
or a mark for a chunk that is left out because all its values are missing. A checksum ends it. The
writer and the reader need the encoded chunks; zarr's codec only gives decoded ones (the gain is
measured by ``python benchmarks/array_writing.py``).
"""

import itertools
import math
from collections.abc import Mapping

import google_crc32c
import numpy as np

from deeptracker.errors import StoreError
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Encoded, Position

__all__ = ["LEFT_OUT", "index_bytes", "pack_shard", "read_index", "unpack_shard"]

LEFT_OUT = np.uint64(2**64 - 1)
CHECKSUM_BYTES = 4


def index_bytes(grid: Position) -> int:
    """Give the bytes of a shard's index, by its number of chunks along each dim."""
    return 16 * math.prod(grid) + CHECKSUM_BYTES


def pack_shard(spec: ArraySpec, chunks: Mapping[Position, Encoded]) -> bytes:
    """Join encoded chunks into an object; without shards the object is the one chunk.

    `chunks` has them by their place in the object. Other places are left out of the shard.
    """
    if spec.shards is None:
        return bytes(next(iter(chunks.values())))
    # Row by row, so that one read covers neighbouring columns.
    placed = sorted(chunks.items())
    index = np.full((*spec.grid, 2), LEFT_OUT, "<u8")
    lengths = np.array([len(data) for _, data in placed], "<u8")
    ends = np.cumsum(lengths)
    where = tuple(np.array([place for place, _ in placed], np.intp).reshape(-1, len(spec.grid)).T)
    index[where] = np.stack([ends - lengths, lengths], axis=1)
    plain = index.tobytes()
    checksum = google_crc32c.value(plain).to_bytes(CHECKSUM_BYTES, "little")
    return b"".join([*(data for _, data in placed), plain, checksum])


def unpack_shard(spec: ArraySpec, key: str, data: Encoded) -> dict[Position, Encoded]:
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
            raise _damaged(key, f"it refers to byte {begin + count:,} of {len(data) - size:,}")
        found[place] = data[begin : begin + count]
    return found


def read_index(spec: ArraySpec, key: str, tail: Encoded) -> np.ndarray:
    """Read a shard's index.

    Parameters
    ----------
    key : str
        The shard's key, for error messages.
    tail : bytes-like
        The shard's last `index_bytes`.

    Returns
    -------
    numpy.ndarray
        uint64 [chunks along each dim …, 2]: each chunk's offset and length in bytes, both
        `LEFT_OUT` if it is left out.

    Raises
    ------
    StoreError
        When the index is cut off, or its checksum differs.
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
        f"{key}: the index of this shard of the store is damaged: {what}; process its log "
        "into another store"
    )
