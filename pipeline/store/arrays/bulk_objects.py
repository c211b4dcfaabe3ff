"""Many objects of a store in parallel: zarr handles them in turn, a millisecond each.

`zarr.create_hierarchy`, which looks up every node before it stores it, still takes twice as long to
create the 1,004 nodes of ResNet-50's store (``python benchmarks/array_writing.py``).
"""

import asyncio
from collections.abc import Iterable, Sequence

import numpy as np
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.buffer.cpu import Buffer

__all__ = ["load", "load_all", "store_all"]

# Objects in flight: enough to hide the latency of object storage. With tens of thousands in flight
# each would take several times as long.
IN_FLIGHT = 64


async def load(store: Store, key: str, part: ByteRequest | None = None) -> memoryview | None:
    """Load an object, or a part of it, without a copy; None where there is none."""
    buffer = await store.get(key, default_buffer_prototype(), part)
    return None if buffer is None else buffer.as_numpy_array().data.cast("B")


async def load_all(store: Store, keys: Iterable[str]) -> list[memoryview | None]:
    """Load whole objects together."""
    return await asyncio.gather(*(load(store, key) for key in keys))


async def store_all(store: Store, pending: Sequence[tuple[str, bytes]]) -> None:
    """Store objects, `IN_FLIGHT` in parallel; after a failure no more are started."""
    waiting = iter(pending)

    async def store_some() -> None:
        for key, data in waiting:
            await store.set(key, _Encoded(data))

    in_flight = min(IN_FLIGHT, len(pending))
    await asyncio.gather(*(store_some() for _ in range(in_flight)))


class _Encoded(Buffer):
    """Bytes for the store, which would copy a plain buffer twice."""

    def __init__(self, data: bytes) -> None:
        super().__init__(np.frombuffer(data, np.uint8))
        self._bytes = data

    def to_bytes(self) -> bytes:
        """Give the bytes themselves."""
        return self._bytes
