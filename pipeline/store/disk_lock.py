"""One writer at a time on a disk: the system's lock on a file, held while the store is written.

Icechunk's storage on a local file system is not safe for concurrent commits. The system frees the
lock when its holder ends, in any way. The file's content names the holder, for the error message of
a second writer.
"""

import errno
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from deeptracker.errors import StoreBusyError, StoreError
from deeptracker.pipeline.store.holder import Holder

__all__ = ["WriterLock"]

# A check of whether the lock is free holds it for some microseconds: wait that long.
TIMEOUT_SECONDS = 0.2
NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK}


class WriterLock:
    """Held while a store is written.

    Parameters
    ----------
    path : Path
        The lock file; its folder is created if missing. The file exists while the lock is held.
    store : str
        The store's name, for messages.
    """

    def __init__(self, path: Path, store: str) -> None:
        self._path = path
        self._store = store
        # Otherwise filelock would treat an existing file as a lock if the system has no locks.
        self._lock = FileLock(path, thread_local=False, fallback_to_soft=False)

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        StoreBusyError
            When another process, or another thread of this one, holds it.
        StoreError
            When the file cannot be written, or its file system has no locks.
        """
        try:
            self._lock.acquire(timeout=TIMEOUT_SECONDS)
        except Timeout:
            holder = str(self._holder() or "another process")
            raise StoreBusyError(
                f"{self._store}: is being written by {holder}; wait until it is done, or end it",
                holder,
            ) from None
        except OSError as error:
            raise StoreError(self._refused(error)) from None
        with suppress(OSError):  # on a full disk the file names no holder
            self._path.write_bytes(Holder.new().packed())

    def is_free(self) -> bool:
        """Whether nobody else holds it."""
        if not self._path.exists():
            return True
        try:
            with self._lock.acquire(blocking=False):
                return True
        except (Timeout, OSError):
            return False

    def check(self) -> None:
        """Do nothing: the system takes a lock from no living process."""

    def release(self) -> None:
        """Release the lock if this object holds it, and remove its file."""
        if self._lock.is_locked:
            # Before the release: a process that has opened the file sees that it is gone.
            self._path.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _holder(self) -> Holder | None:
        try:
            return Holder.parse(self._path.read_bytes())
        except OSError:
            return None

    def _refused(self, error: OSError) -> str:
        if error.errno in NO_LOCKS:
            return (
                f"{self._store}: this file system has no locks ({error.strerror}), which "
                "exclude a second writer; put the store on a local disk or in a bucket"
            )
        return f"{self._store}: {self._path} cannot be written ({error.strerror})"
