"""One writer at a time in a bucket: a lease, an object that its holder writes again and again.

A bucket has no locks, and a process that dies leaves no sign there. The lease is put only where
there is none; its holder writes it again every 15 seconds; once it is a minute old by the server's
clock, the next writer replaces it. No clock of the two machines counts.

The lease gives a second writer one clear sentence before it begins. It is not what keeps the store
whole: Icechunk moves the branch that readers follow only from the commit on which the run began.
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
# Holders of this process whose leases the server did not let it give back.
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
        How long after it was last written it counts.
    """

    def __init__(
        self, url: ObjectURL, access: Access, store: str, seconds: float = LEASE_SECONDS
    ) -> None:
        self._key = url.key
        self._bucket = bucket_at(url.bucket, access)
        self._store = store
        self._seconds = seconds
        self._me = Holder.new()
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
        """Whether nobody else is known to hold it; it is not touched."""
        try:
            found = self._found()
            return found is None or found[0] == self._me or self._silence(*found) is None
        except REQUEST_ERRORS:
            return True  # the server says why to who acquires it

    def check(self) -> None:
        """Make sure that it is still ours.

        Raises
        ------
        StoreError
            When it is not. A server that does not answer is left to the commit.
        """
        with suppress(*REQUEST_ERRORS):
            if not self._is_ours():
                raise StoreError(
                    f"{self._store}: another process took over the right to write it, which this "
                    "run had not renewed for too long; nothing of this run was published, what was "
                    "committed before is intact. Process again"
                )

    def release(self) -> None:
        """Give it back, where it is still ours."""
        self._ended.set()
        self._renewer.join()
        try:
            if self._is_ours():
                obstore.delete(self._bucket, self._key)
        except REQUEST_ERRORS:
            _abandoned.add(self._me)  # for other processes it runs out

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> bool:
        """Try once; whether it is ours."""
        try:
            self._put("create")
        except (AlreadyExistsError, PreconditionError):
            found = self._found()
        else:
            return True
        if found is None:
            return False  # it was given back meanwhile
        if found[0] == self._me:
            return True  # the answer was lost, and the client repeated the request
        silence = self._silence(*found)
        if silence is not None:
            who, wait = str(found[0] or "another process"), self._seconds - silence + 1
            raise StoreBusyError(
                f"{self._store}: is being written by {who}, last heard of {silence:.0f} s ago; "
                f"wait until it is done, or end it. Where it is gone, try again in {wait:.0f} s",
                who,
            )
        # Of two who find it so, one may delete the other's new one, who learns it by `check`.
        obstore.delete(self._bucket, self._key)
        return False

    def _silence(self, holder: Holder | None, written: datetime) -> float | None:
        """Give the seconds since a lease was written; None where it does not count any more."""
        # An object that is put now tells the server's time, which no answer gives.
        probe = f"{self._key}.{self._me.token}"
        obstore.put(self._bucket, probe, b"", use_multipart=False)
        try:
            now = obstore.head(self._bucket, probe)["last_modified"]
        finally:
            obstore.delete(self._bucket, probe)
        silence = (now - written).total_seconds()
        return silence if silence < self._seconds and holder not in _abandoned else None

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 4):
            with suppress(*REQUEST_ERRORS):  # the next one may succeed
                if self._is_ours():
                    self._put("overwrite")

    def _is_ours(self) -> bool:
        found = self._found()
        return found is not None and found[0] == self._me

    def _found(self) -> tuple[Holder | None, datetime] | None:
        """Look who holds it and when it was written; None where there is none."""
        try:
            answer = obstore.get(self._bucket, self._key)
        except FileNotFoundError:
            return None
        return Holder.parse(bytes(answer.bytes())), answer.meta["last_modified"]

    def _put(self, mode: Literal["create", "overwrite"]) -> None:
        obstore.put(self._bucket, self._key, self._me.packed(), mode=mode, use_multipart=False)
