"""One writer at a time on object storage: a lease, an object that its owner keeps renewing.

A bucket knows no locks, and a process that dies leaves nothing behind that says so. So the right to
write is a small object beside the store, put there only if none is there, and replaced only if it
is still the one that was seen. Its owner puts it anew every few seconds; when that has stopped for
longer than the lease lasts, the next writer may take it over.

The lease keeps a second run from wasting its work. What keeps the store whole is the commit: the
branch that readers follow moves only if it stands where the run found it.
"""

import json
import threading
import uuid
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError

from deeptracker.errors import StoreBusyError, StoreError
from deeptracker.pipeline.locations.object_store import REQUEST_ERRORS, Access, ObjectURL, bucket_at
from deeptracker.pipeline.locations.refusals import cause_of
from deeptracker.pipeline.store.disk_lock import Owner

__all__ = ["Lease"]

# Long against renewals and the difference of two clocks, short against a person's patience.
LEASE = timedelta(seconds=120)
ATTEMPTS = 5
ENDED = "ended"
# Leases of this very process that the server did not let it give back.
_abandoned: set[str] = set()


class Lease:
    """Held while a store in a bucket is written.

    Parameters
    ----------
    url : ObjectURL
        The lease's object.
    store : str
        The store's location, for messages.
    duration : timedelta
        How long after the last renewal it counts.
    """

    def __init__(
        self, url: ObjectURL, access: Access, store: str, duration: timedelta = LEASE
    ) -> None:
        self._url = url
        self._bucket = bucket_at(url.bucket, access)
        self._store = store
        self._duration = duration
        self._token = uuid.uuid4().hex
        self._tag: str | None = None
        self._renewed = datetime.now(UTC)
        self._lost = ""
        self._ended = threading.Event()
        self._renewer: threading.Thread | None = None

    def acquire(self) -> None:
        """Take the lease, from an owner that is gone or silent too.

        Raises
        ------
        StoreBusyError
            When somebody else holds it.
        StoreError
            When the bucket cannot be written.
        """
        try:
            for _ in range(ATTEMPTS):
                if self._take():
                    break
            else:
                raise StoreError(f"{self._store}: several processes want to write it; try again")
        except REQUEST_ERRORS as error:
            raise StoreError(
                f"{self._store}: cannot be written: {cause_of(error)}; check the bucket, "
                "AWS_ENDPOINT_URL and the credentials"
            ) from error
        self._renewer = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewer.start()

    def is_free(self) -> bool:
        """Whether nobody else is known to hold it; it is not touched."""
        try:
            return self._held()[0] is None
        except REQUEST_ERRORS:
            return True  # none is there; or the server refuses, and says why to who acquires it

    def check(self) -> None:
        """Make sure that it is still ours.

        Raises
        ------
        StoreError
            When it was taken over, or could not be renewed for too long.
        """
        try:
            if not self._lost and self._seen()[1] != self._token:
                self._lost = "another process took it over"
        except REQUEST_ERRORS:
            if datetime.now(UTC) - self._renewed > self._duration:
                self._lost = "it could not be renewed in time"
        if self._lost:
            raise StoreError(
                f"{self._store}: the right to write it was lost ({self._lost}); nothing of this "
                "run was published, what was committed before is intact. Process again"
            )

    def release(self) -> None:
        """Give it back, if it is still ours."""
        self._ended.set()
        if self._renewer is not None:
            self._renewer.join()
        if self._lost or self._tag is None:
            return
        try:
            # A conditional delete does not exist: an ended lease stands for a deleted one.
            self._replace({"token": ENDED}, self._tag)
            obstore.delete(self._bucket, self._url.key)
        except REQUEST_ERRORS:
            _abandoned.add(self._token)  # for others it runs out by itself

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> bool:
        """Try once; whether it is ours."""
        try:
            self._put(self._content(), "create")
        except (AlreadyExistsError, PreconditionError):
            return self._take_over()
        return True

    def _take_over(self) -> bool:
        try:
            if self._is_ours():
                return True
            holder, silent, tag = self._held()
        except FileNotFoundError:
            return False  # it was given back meanwhile
        if holder is not None:
            wait = round((self._duration - silent).total_seconds()) + 1
            raise StoreBusyError(
                f"{self._store}: is being written by {holder}, heard of {silent.seconds} s ago; "
                f"wait until it is done, or end it. Where it is long gone, try again in {wait} s",
                holder,
            )
        try:
            self._replace(self._content(), tag)
        except (PreconditionError, FileNotFoundError):
            return False  # somebody was faster
        return True

    def _is_ours(self) -> bool:
        """Whether what is there was put by us, in a request whose answer was lost."""
        _, token, meta = self._seen()
        if token != self._token:
            return False
        self._tag = meta["e_tag"]
        return True

    def _held(self) -> tuple[str | None, timedelta, str]:
        """Give who holds it, if somebody does; how long it was silent, and the object's tag."""
        owner, token, meta = self._seen()
        silent = datetime.now(UTC) - meta["last_modified"]
        gone = token == ENDED or token in _abandoned or (owner is not None and owner.is_gone())
        held = not gone and silent < self._duration
        return str(owner or "somebody") if held else None, silent, meta["e_tag"]

    def _renew(self) -> None:
        while not self._ended.wait(self._duration.total_seconds() / 4):
            try:
                try:
                    self._replace(self._content(), self._tag)
                except PreconditionError:
                    if not self._is_ours():
                        self._lost = "another process took it over"
                        return
            except FileNotFoundError:
                self._lost = "somebody removed the lease"
                return
            except REQUEST_ERRORS:
                continue  # the next renewal may succeed, and `check` watches the time

    def _seen(self) -> tuple[Owner | None, str, Any]:
        """Give the owner and the token that the bucket holds, and what the server says of them."""
        found = obstore.get(self._bucket, self._url.key)
        return *_read(bytes(found.bytes())), found.meta

    def _replace(self, content: dict[str, object], tag: str | None) -> None:
        """Put it, if what is there is still what was seen.

        Raises
        ------
        PreconditionError, FileNotFoundError
            When it is not.
        """
        try:
            self._put(content, {"e_tag": tag})
        except PreconditionError:
            if obstore.head(self._bucket, self._url.key)["e_tag"] != tag:
                raise
            # A server that refuses every conditional update, as some do: what was seen is there
            # all the same. Who loses a race here learns it when it checks.
            self._put(content, "overwrite")

    def _content(self) -> dict[str, object]:
        # The time makes every renewal another object: one that is the same would have the same tag.
        now = datetime.now(UTC).isoformat()
        return {"owner": asdict(Owner.current()), "token": self._token, "renewed": now}

    def _put(self, content: dict[str, object], mode: object) -> None:
        begun = datetime.now(UTC)
        done = obstore.put(
            self._bucket,
            self._url.key,
            json.dumps(content).encode(),
            mode=mode,  # type: ignore[arg-type]  # a literal or an update's conditions
            use_multipart=False,
        )
        self._tag = done["e_tag"]
        self._renewed = begun


def _read(content: bytes) -> tuple[Owner | None, str]:
    """Give a lease's owner, where it can be read, and its token."""
    try:
        fields = json.loads(content)
        token = str(fields["token"])
    except (ValueError, TypeError, KeyError):
        return None, ""
    try:
        return Owner(**fields["owner"]), token
    except (TypeError, KeyError):
        return None, token
