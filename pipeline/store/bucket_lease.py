"""One writer at a time in a bucket: a lease, an object that its holder renews.

A bucket has no locks, and a process that dies leaves no trace there. The lease is created only if
there is none. Its holder writes it again every 15 seconds. Once it is a minute old by the server's
clock, the next writer replaces it. The clocks of the two machines do not matter.

The lease gives a second writer a clear error before it starts. The store stays consistent without
it: Icechunk moves the branch that readers follow only from the commit on which the run started.
"""

import threading
from contextlib import suppress
from datetime import datetime
from typing import Literal, Self

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError

from deeptracker.errors import StoreBusyError, StoreError
from deeptracker.pipeline.locations.object_store import REQUEST_ERRORS, Access, ObjectURL, bucket_at
from deeptracker.pipeline.locations.refusals import cause_of
from deeptracker.pipeline.store.holder import Holder

__all__ = ["Lease"]

LEASE_SECONDS = 60.0
ATTEMPTS = 5
# Holders of this process whose leases could not be deleted.
_abandoned: set[Holder | None] = set()


class Lease:
    """Held while a store in a bucket is written.

    Parameters
    ----------
    url : ObjectURL
        The lease's object.
    store : str
        The store's location, for messages.
    seconds : float
        Seconds for which the lease counts after it was last written.
    """

    def __init__(
        self, url: ObjectURL, access: Access, store: str, seconds: float = LEASE_SECONDS
    ) -> None:
        self._key = url.key
        self._bucket = bucket_at(url.bucket, access)
        self._store = store
        self._seconds = seconds
        self._holder = Holder.new()
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease.

        Raises
        ------
        StoreBusyError
            When another process, or another thread of this one, holds it.
        StoreError
            When the bucket cannot be written.
        """
        try:
            taken = any(self._take() for _ in range(ATTEMPTS))
        except REQUEST_ERRORS as error:
            raise StoreError(
                f"{self._store}: cannot be written: {cause_of(error)}; check the bucket, "
                "AWS_ENDPOINT_URL and the credentials"
            ) from error
        if not taken:
            raise StoreError(f"{self._store}: several processes want to write it; try again")
        self._renewer.start()

    def is_free(self) -> bool:
        """Whether nobody else is known to hold the lease; does not change it."""
        try:
            found = self._found()
            return found is None or found[0] == self._holder or self._age(*found) is None
        except REQUEST_ERRORS:
            return True  # `acquire` reports the error

    def check(self) -> None:
        """Check that this process still holds the lease.

        Raises
        ------
        StoreError
            When another process holds it. If the server does not answer, the commit will fail.
        """
        with suppress(*REQUEST_ERRORS):
            if not self._is_ours():
                raise StoreError(
                    f"{self._store}: another process took over its lease, which this run had not "
                    "renewed for too long; nothing of this run was published, what was "
                    "committed before is intact. Process again"
                )

    def release(self) -> None:
        """Delete the lease if this process still holds it."""
        self._ended.set()
        self._renewer.join()
        try:
            if self._is_ours():
                obstore.delete(self._bucket, self._key)
        except REQUEST_ERRORS:
            _abandoned.add(self._holder)  # other processes wait until it expires

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> bool:
        """Try once to take the lease; return whether this process holds it."""
        try:
            self._put("create")
        except (AlreadyExistsError, PreconditionError):
            found = self._found()
        else:
            return True
        if found is None:
            return False  # it was released meanwhile
        if found[0] == self._holder:
            return True  # the answer was lost, and the client repeated the request
        age = self._age(*found)
        if age is not None:
            who, wait = str(found[0] or "another process"), self._seconds - age + 1
            raise StoreBusyError(
                f"{self._store}: is being written by {who}, which renewed its lease {age:.0f} s "
                f"ago; wait until it is done, or end it. If it is gone, try again in {wait:.0f} s",
                who,
            )
        # Of two processes here, one may delete the other's new lease; `check` then reports that.
        obstore.delete(self._bucket, self._key)
        return False

    def _age(self, holder: Holder | None, written: datetime) -> float | None:
        """Give the seconds since a lease was written; None if it has expired."""
        # No answer has the server's time: write an object and read its time.
        probe = f"{self._key}.{self._holder.token}"
        obstore.put(self._bucket, probe, b"", use_multipart=False)
        try:
            now = obstore.head(self._bucket, probe)["last_modified"]
        finally:
            obstore.delete(self._bucket, probe)
        age = (now - written).total_seconds()
        return age if age < self._seconds and holder not in _abandoned else None

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 4):
            with suppress(*REQUEST_ERRORS):  # the next one may succeed
                if self._is_ours():
                    self._put("overwrite")

    def _is_ours(self) -> bool:
        found = self._found()
        return found is not None and found[0] == self._holder

    def _found(self) -> tuple[Holder | None, datetime] | None:
        """Read the holder and the time of the lease; None if there is none."""
        try:
            answer = obstore.get(self._bucket, self._key)
        except FileNotFoundError:
            return None
        return Holder.parse(bytes(answer.bytes())), answer.meta["last_modified"]

    def _put(self, mode: Literal["create", "overwrite"]) -> None:
        obstore.put(self._bucket, self._key, self._holder.packed(), mode=mode, use_multipart=False)
