"""The store: an Icechunk repository, its one writer and its many readers."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import icechunk
import zarr

from deeptracker.errors import StoreError
from deeptracker.pipeline.locations.paths import is_remote
from deeptracker.pipeline.locations.refusals import DISK_FULL, cause_of
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.bucket_lease import Lease
from deeptracker.pipeline.store.disk_lock import WriterLock
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.one_writer import locked
from deeptracker.pipeline.store.repository import (
    BRANCH,
    STAGING_PREFIX,
    NothingCommittedError,
    NothingThereError,
    branch_tag,
    changed_meanwhile,
    drop_staged_branches,
    open_or_create,
    open_repository,
    refusals,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "SCHEMA_VERSION",
    "StoreReader",
    "StoreWriter",
    "find_store",
    "open_store",
    "open_writer",
]

SCHEMA_VERSION = 4


class StoreReader:
    """Reads the last commit of a store; `refresh` moves to a newer one.

    Parameters
    ----------
    location : str
        Path or URL.
    storage : StorageConfig, optional
        How buckets are reached; settings left out come from the environment.

    Attributes
    ----------
    read_error : str
        Why the last check for a newer commit failed; empty if it succeeded.
    """

    def __init__(self, location: str, storage: StorageConfig | None = None) -> None:
        self.location = location
        self._storage = storage
        self._tag: str | None = None
        self.read_error = ""
        self._repository = open_repository(location, storage)
        try:
            with refusals(location, storage):
                self._session = self._repository.readonly_session(BRANCH)
                root = self.root()
        except zarr.errors.GroupNotFoundError:
            # The group also seems missing if its commit cannot be read: this raises the reason.
            with refusals(location, storage):
                self._repository.lookup_snapshot(self.snapshot_id)
            raise NothingCommittedError(
                f"{location}: nothing was committed to this store yet; process its log (again)"
            ) from None
        _check_schema(location, root)

    @property
    def snapshot_id(self) -> str:
        """The commit that is read."""
        return str(self._session.snapshot_id)

    def root(self) -> zarr.Group:
        """Open the root group, read-only."""
        return zarr.open_group(self._session.store, mode="r", zarr_format=3)

    def tree(self) -> "xr.DataTree":
        """Open everything as a DataTree of lazily read variables."""
        import xarray as xr  # noqa: PLC0415  # it brings pandas, which no run needs

        return xr.open_datatree(
            self._session.store,  # type: ignore[arg-type]  # any zarr store does
            engine="zarr",
            consolidated=False,
            zarr_format=3,
        )

    def refresh(self) -> bool:
        """Move to the newest commit.

        Returns
        -------
        bool
            Whether there was a newer one.
        """
        tag = None
        self.read_error = ""
        if is_remote(self.location):
            # Icechunk would wait for a server that is gone: keep the present commit for this time.
            tag = branch_tag(self.location, self._storage)
            if tag is None:
                self.read_error = f"{self.location} does not answer"
            if tag is None or tag == self._tag:
                return False
        newest = self._repository.lookup_branch(BRANCH)
        moved = bool(newest != self.snapshot_id)
        if moved:
            self._session = self._repository.readonly_session(snapshot_id=newest)
        self._tag = tag
        return moved

    def history(self) -> list[str]:
        """List the messages of the commits, newest first."""
        return [
            info.message
            for info in self._repository.ancestry(branch=BRANCH)
            if info.metadata.get("published")
        ]


def open_store(
    location: str | Path, storage: StorageConfig | None = None, *, older: bool = False
) -> StoreReader:
    """Open a store for reading.

    Parameters
    ----------
    older : bool
        Whether to accept an older schema: the description of the run and its tree is the same.

    Raises
    ------
    StoreError
        When there is no store, nothing was committed yet, or its schema is not supported.
    """
    reader = StoreReader(str(location), storage)
    if not older:
        _check_not_older(reader.location, reader.root())
    return reader


def find_store(location: str | Path, storage: StorageConfig | None = None) -> StoreReader | None:
    """Open a store of any schema; None if it is missing or has no commit."""
    try:
        return open_store(location, storage, older=True)
    except NothingThereError:
        return None


class StoreWriter:
    """A staged run: everything is written to a staging branch and becomes visible in one step.

    Arrays must exist in a committed snapshot before tasks can write them in parallel, so a run
    works on a staging branch; publishing moves the branch that readers follow, once.
    """

    def __init__(
        self, location: str, repository: icechunk.Repository, lock: WriterLock | Lease
    ) -> None:
        self.location = location
        self._repository = repository
        self._lock = lock
        drop_staged_branches(repository)
        self._base = repository.lookup_branch(BRANCH)
        self._branch = STAGING_PREFIX + uuid.uuid4().hex[:12]
        repository.create_branch(self._branch, self._base)
        self.session = repository.writable_session(self._branch)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was published yet."""
        root = self.root()
        return not root.attrs and not any(True for _ in root)

    def root(self) -> zarr.Group:
        """Open the root group of the staging branch; writable until it is published."""
        mode: Literal["r", "a"] = "r" if self.session.read_only else "a"
        return zarr.open_group(self.session.store, mode=mode, zarr_format=3)

    def clear(self) -> None:
        """Remove everything from the staged run."""
        zarr.create_group(self.session.store, overwrite=True, zarr_format=3)

    def stage(self, message: str) -> None:
        """Commit to the staging branch, which readers do not see, and start a new session on it."""
        self._lock.check()
        if self.session.has_uncommitted_changes:
            self.session.commit(message)
            self.session = self._repository.writable_session(self._branch)

    def fork(self) -> bytes:
        """Give a fork for tasks to write to; everything staged must be committed."""
        return packed_fork(self.session.fork())

    def merge(self, fork: bytes) -> None:
        """Add the changes of a fork of this commit or of an earlier one."""
        self.session.merge(opened_fork(fork))

    def publish(self, message: str) -> str:
        """Commit the staged changes and show them to readers in one step.

        Returns
        -------
        str
            The new snapshot's id.

        Raises
        ------
        StoreError
            When another run has published meanwhile: the branch moves only from the commit on which
            this run started.
        """
        self._lock.check()
        snapshot = self.session.commit(message, metadata={"published": True})
        try:
            self._repository.reset_branch(BRANCH, snapshot, from_snapshot_id=self._base)
        except icechunk.IcechunkError as error:
            newest = self._repository.lookup_branch(BRANCH)
            if newest == self._base:
                raise
            # If only the answer was lost, the repeated request finds the branch already moved.
            if newest != snapshot:
                raise StoreError(changed_meanwhile(self.location)) from error
        self._base = snapshot
        return self.published

    @property
    def published(self) -> str:
        """The snapshot that readers see."""
        return str(self._base)

    def close(self) -> None:
        """Drop the staging branch with everything that was not published."""
        self._repository.delete_branch(self._branch)


@contextmanager
def open_writer(location: str, storage: StorageConfig | None = None) -> Iterator[StoreWriter]:
    """Lock a store, creating it if needed, and stage a run on it.

    Raises
    ------
    StoreError
        When another process writes it, its schema is newer than supported, or its storage refuses.
    """
    with (
        refusals(location, storage),
        locked(location, storage) as lock,
        _staged(location, open_or_create(location, storage), lock) as writer,
    ):
        if not writer.is_empty:
            _check_schema(location, writer.root())
        yield writer


@contextmanager
def _staged(
    location: str, repository: icechunk.Repository, lock: WriterLock | Lease
) -> Iterator[StoreWriter]:
    writer = StoreWriter(location, repository, lock)
    try:
        yield writer
    except BaseException as error:
        if is_remote(location) and isinstance(error, icechunk.IcechunkError):
            raise  # send no more requests to a failing server; the next writer drops the branch
        # Report the error that ended the run, not that its branch could not be dropped.
        with suppress(icechunk.IcechunkError):
            writer.close()
            if cause_of(error) == DISK_FULL:
                # Free the full disk: no commit refers to what this run wrote, and the lock keeps
                # other writers away.
                repository.garbage_collect(datetime.now(UTC))
        raise
    writer.close()


def _check_schema(location: str, root: zarr.Group) -> None:
    version: Any = root.attrs.get("deeptracker_schema")
    if version is None:
        raise StoreError(
            f"{location}: is an Icechunk repository, but no DeepTracker store; name another"
        )
    if int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"{location}: has schema {version}, this DeepTracker supports {SCHEMA_VERSION}; "
            "install a newer DeepTracker"
        )


def _check_not_older(location: str, root: zarr.Group) -> None:
    attributes = root.attrs.asdict()
    version = int(str(attributes["deeptracker_schema"]))
    if version < SCHEMA_VERSION:
        raise StoreError(
            f"{location}: has schema {version}, this DeepTracker reads {SCHEMA_VERSION}; process "
            "its log again with: deeptracker process "
            f"{attributes.get('source', 'LOG')} --store {location}"
        )
