"""Chunks on their way to the store while others are made."""

import asyncio

import numpy as np
import pytest
from zarr.storage import MemoryStore

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, create_arrays
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter

SPEC = ArraySpec("w", "float32", (4, 8), (1, 8), ("row", "iteration"), "weights")


class Full(MemoryStore):
    """Takes no first chunk, and a moment for each."""

    def __init__(self):
        super().__init__()
        self.begun = self.ended = 0

    async def set(self, key, value, byte_range=None):
        if "/c/" in key:
            self.begun += 1
            number = self.begun
            await asyncio.sleep(0.2)
            self.ended += 1
            if number == 1:
                message = "no room"
                raise OSError(message)
        await super().set(key, value, byte_range)


def test_nothing_is_written_any_more_once_an_error_is_known():
    store = Full()
    create_arrays(store, {}, [SPEC])
    writer = ChunkWriter(store, buffer_bytes=1)
    one = np.ones((1, 8), np.float32)
    writer.write(SPEC, (0, 0), one)
    writer.write(SPEC, (1, 0), one)
    with pytest.raises(OSError, match="no room"):
        writer.write(SPEC, (2, 0), one)
    assert store.begun == store.ended == 2
