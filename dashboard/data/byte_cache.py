"""A cache of arrays that all sessions share, bounded in bytes."""

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

    Keys contain the store and its commit, so that no entry is ever stale.

    Parameters
    ----------
    limit_bytes : int
        Most bytes of all arrays together; an array larger than this is not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._entries: LRUCache[Hashable, Any] = LRUCache(limit_bytes, getsizeof=_bytes_of)
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of all kept arrays."""
        return int(self._entries.currsize)

    def get(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """Give the arrays under a key; make and keep them if missing. Treat them as read-only."""
        found: Found | None = self.find(key)
        if found is not None:
            return found
        # Made outside the lock, so that a slow read does not block a quick one.
        return self.keep(key, make())

    def find(self, key: Hashable) -> Any:
        """Give the arrays under a key; None if there are none."""
        with self._lock:
            return self._entries.get(key)

    def keep(self, key: Hashable, made: Found) -> Found:
        """Keep arrays under a key; if another thread was first, give that thread's arrays."""
        with self._lock, suppress(ValueError):  # larger than the whole cache
            return self._entries.setdefault(key, made)
        return made


def _bytes_of(entry: np.ndarray | tuple[np.ndarray, ...]) -> int:
    return entry.nbytes if isinstance(entry, np.ndarray) else sum(part.nbytes for part in entry)


SHARED = ByteCache(256 << 20)
