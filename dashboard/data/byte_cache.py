"""What one page has read, kept for the next: a cache bounded in bytes that all sessions share."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np

__all__ = ["SHARED", "ByteCache"]

Found = TypeVar("Found", np.ndarray, tuple[np.ndarray, ...])


class ByteCache:
    """Arrays by key; those unused for longest go first.

    Keys name the store and its commit, so that nothing stale is ever found.

    Parameters
    ----------
    limit_bytes : int
        All arrays together hold at most this much; a larger one is not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._entries: OrderedDict[Hashable, np.ndarray | tuple[np.ndarray, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """Give what is kept under a key, or make it and keep it. Treat it as read-only."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]  # type: ignore[return-value]  # put there by this key
        # Made outside of the lock: one person's slow read does not stop another's quick one.
        made = make()
        self.keep(key, made)
        return made

    def find(self, key: Hashable) -> np.ndarray | tuple[np.ndarray, ...] | None:
        """Give what is kept under a key; None where nothing is."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def keep(self, key: Hashable, made: np.ndarray | tuple[np.ndarray, ...]) -> None:
        """Keep arrays under a key, unless something is kept there."""
        size = _bytes_of(made)
        if size > self.limit_bytes:
            return
        with self._lock:
            if key not in self._entries:
                self._entries[key] = made
                self.held_bytes += size
            while self.held_bytes > self.limit_bytes:
                _, dropped = self._entries.popitem(last=False)
                self.held_bytes -= _bytes_of(dropped)


def _bytes_of(entry: np.ndarray | tuple[np.ndarray, ...]) -> int:
    return entry.nbytes if isinstance(entry, np.ndarray) else sum(part.nbytes for part in entry)


SHARED = ByteCache(256 << 20)
