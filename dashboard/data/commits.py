"""Open commits, shared by all pages of a server, so that twenty people cost little more."""

import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import numpy as np
import zarr
from cachetools import LRUCache

from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.run_store import StoreReader, open_store

__all__ = ["OpenCommit", "newest_commit"]

CACHE_BYTES = 256 * 2**20
# Largest part to keep of an array that is read in parts.
PART_BYTES = 2**20
# A store is checked for newer commits at most this often, for any number of pages.
CHECK_SECONDS = 1.0


class OpenCommit:
    """One commit of a store, with the arrays read from it.

    Arrays are read-only, as all pages share them.

    Parameters
    ----------
    root : zarr.Group
        The store's root group at this commit.
    snapshot_id : str
        The commit.

    Attributes
    ----------
    read_error : str
        Why the last check for a newer commit failed; empty if it succeeded.
    """

    read_error = ""

    def __init__(self, root: zarr.Group, snapshot_id: str) -> None:
        self.root = root
        self.snapshot_id = snapshot_id
        self._lock = threading.Lock()
        self._arrays: LRUCache[str, np.ndarray] = LRUCache(CACHE_BYTES, getsizeof=_cached_bytes)
        self._facts: dict[str, Any] = {}

    def member(self, path: str) -> "zarr.Array[Any] | zarr.Group | None":
        """Give an array or group, opened once; None if there is none."""
        found = self.fact(f"member {path}", lambda: self.root.get(path))
        assert found is None or isinstance(found, zarr.Array | zarr.Group)
        return found

    def array(self, path: str) -> np.ndarray:
        """Read a whole array and cache it; the least recently used arrays make room."""
        with self._lock:
            known = self._arrays.get(path)
        if known is not None:
            return known
        found = self.member(path)
        assert isinstance(found, zarr.Array), f"{path} is not an array"
        values = np.asarray(found[...])
        self._keep(path, values)
        return values

    def part(self, path: str, index: tuple[slice | int | np.ndarray, ...]) -> np.ndarray:
        """Read a part of an array; small parts are cached like whole arrays."""
        key = f"{path}{[_written(entry) for entry in index]}"
        with self._lock:
            known = self._arrays.get(key)
        if known is not None:
            return known
        found = self.member(path)
        assert isinstance(found, zarr.Array), f"{path} is not an array"
        values = np.asarray(found.oindex[index])
        if values.nbytes <= PART_BYTES:
            self._keep(key, values)
        return values

    def _keep(self, key: str, values: np.ndarray) -> None:
        values.setflags(write=False)
        with self._lock:
            self._arrays.setdefault(key, values)

    def fact(self, name: str, find: Callable[[], Any]) -> Any:
        """Give the result of `find`, cached per commit; it must depend on the commit alone."""
        with self._lock:
            if name in self._facts:
                return self._facts[name]
        found = find()
        with self._lock:
            return self._facts.setdefault(name, found)


def _written(entry: slice | int | np.ndarray) -> str:
    if isinstance(entry, np.ndarray):
        return blake2b(entry.tobytes(), digest_size=16).hexdigest()
    return repr(entry)


def _cached_bytes(values: np.ndarray) -> int:
    """Give an array's bytes; at most the cache's size."""
    return min(values.nbytes, CACHE_BYTES)


class _OpenStore:
    """A store and its newest commit, opened at the first request."""

    def __init__(self, location: str, storage: StorageConfig | None) -> None:
        self._key = location, storage
        self._lock = threading.Lock()
        self._reader: StoreReader | None = None
        self._commit: OpenCommit | None = None
        self._checked_at = 0.0

    def newest(self) -> OpenCommit:
        with self._lock:
            if self._commit is None or self._reader is None:
                return self._open()
            try:
                return self._refreshed(self._reader, self._commit)
            except Exception:  # noqa: BLE001  a lost store raises its library's error; opening it again raises ours
                # The store may also have been removed and created again.
                self._reader = self._commit = None
                return self._open()

    def _open(self) -> OpenCommit:
        reader = open_store(*self._key)
        self._reader, self._checked_at = reader, time.monotonic()
        self._commit = OpenCommit(reader.root(), reader.snapshot_id)
        return self._commit

    def _refreshed(self, reader: StoreReader, commit: OpenCommit) -> OpenCommit:
        if time.monotonic() - self._checked_at > CHECK_SECONDS:
            if reader.refresh():
                self._commit = commit = OpenCommit(reader.root(), reader.snapshot_id)
            commit.read_error = reader.read_error
            self._checked_at = time.monotonic()
        return commit


_stores: dict[tuple[str, StorageConfig | None], _OpenStore] = {}
_stores_lock = threading.Lock()


def newest_commit(location: str, storage: StorageConfig | None = None) -> OpenCommit:
    """Give the newest commit of a store, shared by all callers.

    A store that hangs blocks only the callers of this store.

    Parameters
    ----------
    location : str
        Path or URL.
    storage : StorageConfig, optional
        How buckets are reached; by default from the environment.

    Raises
    ------
    StoreError
        When the location holds no store.
    """
    key = location, storage
    with _stores_lock:
        if key not in _stores:
            _stores[key] = _OpenStore(*key)
        store = _stores[key]
    return store.newest()
