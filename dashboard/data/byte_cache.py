"""What one page has read, kept for the next: a cache bounded in bytes that all sessions share."""

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache

__all__ = ["SHARED", "ByteCache"]

Found = TypeVar("Found", np.ndarray, tuple[np.ndarray, ...])


class ByteCache:
    """An `LRUCache` of arrays by key, for many threads.

    Keys name the store and its commit, so that nothing stale is ever found.

    Parameters
    ----------
    limit_bytes : int
        All arrays together hold at most this much; a larger one is not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._entries: LRUCache[Hashable, Any] = LRUCache(limit_bytes, getsizeof=_bytes_of)
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of all arrays that are kept."""
        return int(self._entries.currsize)

    def get(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """Give what is kept under a key, or make it and keep it. Treat it as read-only."""
        found: Found | None = self.find(key)
        if found is not None:
            return found
        # Made outside of the lock: one person's slow read does not stop another's quick one.
        return self.keep(key, make())

    def find(self, key: Hashable) -> Any:
        """Give what is kept under a key; None where nothing is."""
        with self._lock:
            return self._entries.get(key)

    def keep(self, key: Hashable, made: Found) -> Found:
        """Keep arrays under a key; where another thread was first, give what it has kept."""
        with self._lock, suppress(ValueError):  # larger than the whole cache
            return self._entries.setdefault(key, made)
        return made


def _bytes_of(entry: np.ndarray | tuple[np.ndarray, ...]) -> int:
    return entry.nbytes if isinstance(entry, np.ndarray) else sum(part.nbytes for part in entry)


SHARED = ByteCache(256 << 20)
