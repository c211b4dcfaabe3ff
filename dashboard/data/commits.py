"""Open commits: what all pages of a server share, so that twenty people cost little more."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import zarr
from cachetools import LRUCache

from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.run_store import open_store

__all__ = ["OpenCommit", "newest_commit"]

CACHE_BYTES = 256 * 2**20
# However many pages ask, a store is asked for newer commits no more often than this.
FRESH_SECONDS = 1.0


class OpenCommit:
    """One commit of a store, with what was read of it.

    Arrays are given out read-only: every page has the same ones.

    Parameters
    ----------
    root : zarr.Group
        The store's root group at this commit.
    snapshot_id : str
        The commit.

    Attributes
    ----------
    trouble : str
        Why the store could not be asked for a newer one the last time; empty where it could.
    """

    trouble = ""

    def __init__(self, root: zarr.Group, snapshot_id: str) -> None:
        self.root = root
        self.snapshot_id = snapshot_id
        self._lock = threading.Lock()
        self._arrays: LRUCache[str, np.ndarray] = LRUCache(CACHE_BYTES, getsizeof=_room_of)
        self._facts: dict[str, Any] = {}

    def member(self, path: str) -> "zarr.Array[Any] | zarr.Group | None":
        """Give an array or group, opened once; None where there is none."""
        found = self.fact(f"member {path}", lambda: self.root.get(path))
        assert found is None or isinstance(found, zarr.Array | zarr.Group)
        return found

    def array(self, path: str) -> np.ndarray:
        """Read a whole array, once while there is room; the least used ones make room."""
        with self._lock:
            known = self._arrays.get(path)
        if known is not None:
            return known
        found = self.member(path)
        assert isinstance(found, zarr.Array), f"{path} is no array"
        values = np.asarray(found[...])
        values.setflags(write=False)
        with self._lock:
            return self._arrays.setdefault(path, values)

    def fact(self, name: str, find: Callable[[], Any]) -> Any:
        """Give what `find` finds, found once a commit: it must follow from the commit alone."""
        with self._lock:
            if name in self._facts:
                return self._facts[name]
        found = find()
        with self._lock:
            return self._facts.setdefault(name, found)


def _room_of(values: np.ndarray) -> int:
    """Give an array's bytes; one that is larger than the cache takes all of it."""
    return min(values.nbytes, CACHE_BYTES)


class _OpenStore:
    """A store and its newest commit."""

    def __init__(self, location: str, storage: StorageConfig | None) -> None:
        self._reader = open_store(location, storage)
        self._lock = threading.Lock()
        self._asked = time.monotonic()
        self._commit = OpenCommit(self._reader.root(), self._reader.snapshot_id)

    def newest(self) -> OpenCommit:
        with self._lock:
            if time.monotonic() - self._asked > FRESH_SECONDS:
                if self._reader.refresh():
                    self._commit = OpenCommit(self._reader.root(), self._reader.snapshot_id)
                self._commit.trouble = self._reader.trouble
                self._asked = time.monotonic()
            return self._commit


_stores: dict[tuple[str, StorageConfig | None], _OpenStore] = {}
_opening = threading.Lock()


def newest_commit(location: str, storage: StorageConfig | None = None) -> OpenCommit:
    """Give the newest commit of a store, shared by all who ask.

    Parameters
    ----------
    location : str
        Path or URL.
    storage : StorageConfig, optional
        How buckets are reached; by the environment where it says nothing.

    Raises
    ------
    StoreError
        When it is no store.
    """
    key = location, storage
    store = _opened(key)
    try:
        return store.newest()
    except Exception:  # noqa: BLE001  what is lost fails in its library's words, opened anew in ours
        # It may also have been removed and made again.
        with _opening:
            if _stores.get(key) is store:
                del _stores[key]
        return _opened(key).newest()


def _opened(key: tuple[str, StorageConfig | None]) -> _OpenStore:
    with _opening:
        if key not in _stores:
            _stores[key] = _OpenStore(*key)
        return _stores[key]
