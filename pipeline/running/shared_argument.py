"""A value that many tasks get: packed once by the client, opened once by each worker.

Unpickling a schema of thousands of parameters takes longer than measuring a small block, and the
scheduler keeps the arguments of every waiting task.
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
