"""A value that many tasks get: packed once by the client, opened once by each worker.

A schema of 4,096 parameters takes 13 to 28 times as long as a plain argument of 8 tasks, and 1.0 to
2.1 times as a result that workers hold (``python benchmarks/task_costs.py``, four runs on a busy
machine). Dask's scatter takes 0.9 to 1.6 times as long, and tasks fail when the workers that hold
the value are lost.
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
