"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deeptracker.errors import StoreError
from deeptracker.pipeline.locations.object_store import (
    ObjectURL,
    access_of,
)
from deeptracker.pipeline.locations.paths import is_remote, local_path, name_of, sibling
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.bucket_lease import Lease
from deeptracker.pipeline.store.disk_lock import WriterLock
from deeptracker.pipeline.store.repository import is_half_made

__all__ = ["lock_of", "locked"]


@contextmanager
def locked(location: str, storage: StorageConfig | None = None) -> Iterator[WriterLock | Lease]:
    """Hold the lock of a store: only one process writes it.

    Raises
    ------
    StoreBusyError
        When another process writes it.
    StoreError
        When no store can be created at the location.
    """
    lock = lock_of(location, storage)
    if isinstance(lock, WriterLock):
        path = local_path(location)
        if path.is_symlink() and not path.exists():
            raise StoreError(
                f"{location}: is a link to {path.readlink()}, which is not there; make that "
                "folder, or name another"
            )
        if path.exists() and not path.is_dir():
            raise StoreError(f"{location}: is a file; name a folder for the store")
        if path.is_dir() and not (path / "refs").is_dir() and not is_half_made(path):
            raise StoreError(
                f"{location}: is a folder with other things in it, not a store; name another"
            )
    with lock:
        yield lock


def lock_of(location: str, storage: StorageConfig | None = None) -> WriterLock | Lease:
    """Give the lock of a store without acquiring it."""
    # Outside the store: Icechunk creates a repository only in an empty folder.
    place = sibling(location, f".{name_of(location)}.lock")
    if is_remote(location):
        return Lease(ObjectURL.parse(place), access_of(storage), location)
    return WriterLock(Path(place).absolute(), location)
