"""The store: an Icechunk repository, its one writer and its many readers."""

import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import icechunk
import xarray as xr
import zarr

from deeptracker.errors import StoreError
from pipeline.lock import WriterLock

__all__ = ["SCHEMA_VERSION", "StoreReader", "StoreWriter", "open_store", "open_writer"]

SCHEMA_VERSION = 1
BRANCH = "main"
STAGING_PREFIX = "staging-"

# Its warning about concurrent commits is what our lock is for.
icechunk.set_logs_filter("icechunk=error")


def storage_at(location: str) -> icechunk.Storage:
    """Give the storage behind a path or URL: the one place that knows the kinds of storage."""
    parts = urlsplit(location)
    if parts.scheme in ("", "file"):
        return icechunk.local_filesystem_storage(str(_local_path(location)))
    if parts.scheme == "s3":
        return icechunk.s3_storage(
            bucket=parts.netloc, prefix=parts.path.lstrip("/") or None, from_env=True
        )
    raise StoreError(f"{location}: stores live on a local path or s3://BUCKET/PREFIX")


class StoreReader:
    """Reads the last commit of a store; `refresh` goes on to a newer one.

    Parameters
    ----------
    location : str
        Path or URL.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._repository = _open_repository(location)
        self._session = self._repository.readonly_session(BRANCH)
        try:
            root = self.root()
        except zarr.errors.GroupNotFoundError:
            raise StoreError(
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

    def tree(self) -> xr.DataTree:
        """Open everything as a DataTree of lazily read variables."""
        return xr.open_datatree(
            self._session.store,  # type: ignore[arg-type]  # any zarr store does
            engine="zarr",
            consolidated=False,
            zarr_format=3,
        )

    def refresh(self) -> bool:
        """Go on to the newest commit.

        Returns
        -------
        bool
            Whether there was a newer one.
        """
        newest = self._repository.lookup_branch(BRANCH)
        if newest == self.snapshot_id:
            return False
        self._session = self._repository.readonly_session(snapshot_id=newest)
        return True

    def history(self) -> list[str]:
        """List the messages of the commits, newest first."""
        return [
            info.message
            for info in self._repository.ancestry(branch=BRANCH)
            if info.metadata.get("published")
        ]


def open_store(location: str | Path) -> StoreReader:
    """Open a store for reading.

    Raises
    ------
    StoreError
        When there is no store, nothing was committed yet, or its schema is newer than ours.
    """
    return StoreReader(str(location))


class StoreWriter:
    """A staged run: everything is written aside and becomes visible in one step.

    Arrays must exist in a committed snapshot before tasks can write them in parallel, so a run
    works on a staging branch; publishing moves the branch that readers follow, once.
    """

    def __init__(self, location: str, repository: icechunk.Repository) -> None:
        self.location = location
        self._repository = repository
        self._drop_leftovers()
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
        """Open the root group of what is staged, for writing until it is published."""
        mode: Literal["r", "a"] = "r" if self.session.read_only else "a"
        return zarr.open_group(self.session.store, mode=mode, zarr_format=3)

    def clear(self) -> None:
        """Remove everything from the staged run."""
        zarr.create_group(self.session.store, overwrite=True, zarr_format=3)

    def stage(self, message: str) -> None:
        """Commit to the staging branch, unseen by readers, and go on from there."""
        if self.session.has_uncommitted_changes:
            self.session.commit(message)
            self.session = self._repository.writable_session(self._branch)

    def publish(self, message: str) -> str:
        """Commit what is staged and show it to readers, at once and whole.

        Returns
        -------
        str
            The new snapshot's id.
        """
        snapshot = self.session.commit(message, metadata={"published": True})
        self._repository.reset_branch(BRANCH, snapshot, from_snapshot_id=self._base)
        self._base = snapshot
        return self.published

    @property
    def published(self) -> str:
        """The snapshot that readers see."""
        return str(self._base)

    def close(self) -> None:
        """Drop the staging branch; what was not published is gone."""
        self._repository.delete_branch(self._branch)

    def _drop_leftovers(self) -> None:
        """Drop what a killed run left staged; the lock says that nobody works on it."""
        for branch in self._repository.list_branches():
            if branch.startswith(STAGING_PREFIX):
                self._repository.delete_branch(branch)


@contextmanager
def open_writer(location: str) -> Iterator[StoreWriter]:
    """Lock a store (made where there is none) and stage a run on it.

    Raises
    ------
    StoreError
        When another process writes it, or its schema is newer than ours.
    """
    with _writer_lock(location):
        repository = _open_or_create(location)
        writer = StoreWriter(location, repository)
        try:
            if not writer.is_empty:
                _check_schema(location, writer.root())
            yield writer
        finally:
            writer.close()


@contextmanager
def _writer_lock(location: str) -> Iterator[None]:
    if urlsplit(location).scheme not in ("", "file"):
        # Object stores commit by conditional puts: the loser of a race is told, nothing is lost.
        yield
        return
    path = _local_path(location)
    if path.exists() and not path.is_dir():
        raise StoreError(f"{location}: is a file; name a folder for the store")
    if path.is_dir() and any(path.iterdir()) and not _is_repository(path):
        raise StoreError(
            f"{location}: is a folder with other things in it, not a store; name another"
        )
    # Beside the store: Icechunk makes a repository in an empty folder only.
    path = path.absolute()
    with WriterLock(path.with_name(f".{path.name}.lock"), location):
        yield


def _is_repository(path: Path) -> bool:
    return (path / "refs").is_dir()


def _open_or_create(location: str) -> icechunk.Repository:
    storage = storage_at(location)
    try:
        if icechunk.Repository.exists(storage):
            return icechunk.Repository.open(storage)
        return icechunk.Repository.create(storage)
    except icechunk.IcechunkError as error:
        raise StoreError(f"{location}: cannot be opened as a store: {_first_line(error)}") from None


def _open_repository(location: str) -> icechunk.Repository:
    if urlsplit(location).scheme in ("", "file") and not _local_path(location).is_dir():
        raise StoreError(f"{location}: there is no such store; make it with: deeptracker process")
    storage = storage_at(location)
    try:
        if icechunk.Repository.exists(storage):
            return icechunk.Repository.open(storage)
    except icechunk.IcechunkError as error:
        raise StoreError(f"{location}: cannot be opened as a store: {_first_line(error)}") from None
    raise StoreError(
        f"{location}: is not a store; make one of a training log with: deeptracker process LOG "
        "--store STORE"
    )


def _check_schema(location: str, root: zarr.Group) -> None:
    version: Any = root.attrs.get("deeptracker_schema")
    if version is None:
        raise StoreError(
            f"{location}: is an Icechunk repository, but not one of DeepTracker's; name another"
        )
    if int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"{location}: has schema {version}, this DeepTracker knows {SCHEMA_VERSION}; "
            "install a newer one"
        )


def _local_path(location: str) -> Path:
    return Path(urlsplit(location).path if location.startswith("file:") else location)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")
