"""A value that many tasks get: packed once by the client, opened once by each worker.

A schema of 4,096 parameters as a plain argument of 8 tasks takes 25 times as long, and as a result
that workers hold 2 times (``python benchmarks/task_costs.py``). Sent by Dask's scatter it takes
about as long (0.9 to 1.6 times), but tasks fail when the workers that hold it are lost.
"""

import pickle
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

__all__ = ["Packed"]

# Names repeat: the fastest level compresses to a tenth.
LEVEL = 1
# A run shares a schema and its images' labels; a shared cluster may have two runs.
OPENED = 4


@dataclass(frozen=True)
class Packed:
    """A packed argument. Tasks must not change its value: all tasks of a worker share it."""

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
