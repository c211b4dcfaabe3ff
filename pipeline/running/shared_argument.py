"""A value that many tasks get: packed once by the client, opened once by each worker.

A schema of thousands of parameters takes longer to unpickle than a small block to measure, and the
scheduler keeps what each task that waits was given.
"""

import pickle
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

__all__ = ["Packed"]

# Names repeat themselves: the fastest level leaves a tenth.
LEVEL = 1
# A run has a schema and the labels of its images; on a shared cluster there may be two runs.
OPENED = 4


@dataclass(frozen=True)
class Packed:
    """Takes the place of an argument, which no task may change: all of a worker's share it."""

    data: bytes

    @classmethod
    def of(cls, value: Any) -> Self:
        """Pack a value."""
        return cls(zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), LEVEL))

    def opened(self) -> Any:
        """Give the value."""
        return _opened(self.data)


@lru_cache(OPENED)
def _opened(data: bytes) -> Any:
    return pickle.loads(zlib.decompress(data))  # noqa: S301  # our own client packed it
