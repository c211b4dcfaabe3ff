"""The repository behind a store: opening it, and explaining the errors of its storage."""

import errno
import re
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import icechunk

from deeptracker.errors import StoreError
from deeptracker.pipeline.locations.object_store import (
    REQUEST_ERRORS,
    ObjectURL,
    access_of,
    has_object,
    object_tag,
    trouble_with,
)
from deeptracker.pipeline.locations.paths import is_remote, local_path
from deeptracker.pipeline.locations.refusals import (
    CLOCK_APART,
    CLOCK_BEHIND,
    DISK_FULL,
    cause_of,
    is_damage,
)
from deeptracker.pipeline.locations.settings import StorageConfig

__all__ = [
    "BRANCH",
    "INLINE_BYTES",
    "MANIFEST_OBJECTS",
    "STAGING_PREFIX",
    "NothingCommittedError",
    "NothingThereError",
    "branch_tag",
    "changed_meanwhile",
    "drop_staged_branches",
    "is_half_made",
    "open_or_create",
    "open_repository",
    "refusals",
]

BRANCH = "main"
STAGING_PREFIX = "staging-"
# Objects up to this size are stored in their array's manifest. A commit rewrites the manifests that
# it changes: each covers only a few objects along the iterations.
INLINE_BYTES = 4096
MANIFEST_OBJECTS = 8

# What Icechunk writes before the branch of a new repository is there.
HALF_MADE = re.compile(
    r"config\.yaml(#\d+)?|snapshots(/1CECHNKREP0F1RSTCMT0(#\d+)?)?"
    r"|refs(/branch\.main(/ref\.json#\d+)?)?"
)
SETTLING_ROUNDS = 4
SETTLING_SECONDS = 0.05

# Icechunk logs to standard output; errors in its log are also raised.
icechunk.set_logs_filter("icechunk=off")
warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")


class NothingThereError(StoreError):
    """There is no store, or nothing was committed to it yet."""


class NothingCommittedError(NothingThereError):
    """A store was created, but nothing was committed to it yet."""


@contextmanager
def refusals(location: str, storage: StorageConfig | None = None) -> Iterator[None]:
    """Turn errors of a store's storage into a `StoreError` of one line."""
    try:
        yield
    except icechunk.ConflictError:
        raise StoreError(changed_meanwhile(location)) from None
    except icechunk.IcechunkError as error:
        raise StoreError(_refused(location, error, storage)) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            raise
        raise StoreError(_refused(location, error, storage)) from error


def _refused(location: str, error: Exception, storage: StorageConfig | None) -> str:
    cause = cause_of(error)
    remedy = "what was committed before is intact. Process again"
    if cause in (CLOCK_BEHIND, CLOCK_APART):
        return f"{location}: {cause}; correct it and process again"
    answer = None
    if is_remote(location):
        # Icechunk does not report the server's answer: one more request finds it.
        answer = trouble_with(ObjectURL.parse(location), access_of(storage))
    if not answer and is_damage(error):
        return f"{location}: the store is damaged: {cause}; process its log into another store"
    if is_remote(location):
        return f"{location}: storage refused: {answer or cause}; {remedy} when it is back"
    if cause == DISK_FULL:
        return f"{location}: {cause}; free space there, or name another --store. W{remedy[1:]}"
    return f"{location}: storage refused: {cause}; {remedy} when that is repaired"


def changed_meanwhile(location: str) -> str:
    """Write the error that another writer was faster."""
    return (
        f"{location}: another process has written it meanwhile; nothing of this run was published. "
        "Process again to add what is still new"
    )


def open_or_create(location: str, storage: StorageConfig | None) -> icechunk.Repository:
    """Open the repository of a store, or create it; the caller holds its lock."""
    place, config = _storage_at(location, storage)
    if _exists(location, storage):
        return icechunk.Repository.open(place, config)
    if is_remote(location):
        return icechunk.Repository.create(place, config)
    path = local_path(location)
    _remove_half_made(path)
    try:
        return icechunk.Repository.create(place, config)
    except icechunk.IcechunkError:
        for _ in range(SETTLING_ROUNDS):  # its other writes may still be under way
            time.sleep(SETTLING_SECONDS)
            _remove_half_made(path)
        raise


def is_half_made(path: Path) -> bool:
    """Whether a folder holds a repository whose creation was cut short, or nothing.

    Nothing can have been committed to it: the branch comes last, and each file is renamed into
    place when it is whole.
    """
    return all(HALF_MADE.fullmatch(each.relative_to(path).as_posix()) for each in path.rglob("*"))


def _remove_half_made(path: Path) -> None:
    if path.is_dir() and is_half_made(path):
        shutil.rmtree(path, ignore_errors=True)


def open_repository(location: str, storage: StorageConfig | None = None) -> icechunk.Repository:
    """Open the repository of a store that is there.

    Raises
    ------
    StoreError
        When there is no store, or it cannot be reached.
    """
    if not is_remote(location) and not local_path(location).is_dir():
        raise NothingThereError(
            f"{location}: there is no such store; make it with: deeptracker process"
        )
    place, config = _storage_at(location, storage)
    with refusals(location, storage):
        if _exists(location, storage):
            return icechunk.Repository.open(place, config)
    raise NothingThereError(
        f"{location}: is not a store; make one of a training log with: deeptracker process LOG "
        "--store STORE"
    )


def _storage_at(
    location: str, storage: StorageConfig | None
) -> tuple[icechunk.Storage, icechunk.RepositoryConfig]:
    """Give the storage of a path or URL, and the configuration of its repository."""
    if is_remote(location):
        access = access_of(storage)
        place = access.icechunk_storage(ObjectURL.parse(location))
        config = access.icechunk_config()
    else:
        # An absolute path: workers may have started in another folder.
        place = icechunk.local_filesystem_storage(str(local_path(location).absolute()))
        config = icechunk.RepositoryConfig()
    config.inline_chunk_threshold_bytes = INLINE_BYTES
    config.manifest = icechunk.ManifestConfig(
        splitting=icechunk.ManifestSplittingConfig.from_dict(
            {
                icechunk.ManifestSplitCondition.AnyArray(): {
                    icechunk.ManifestSplitDimCondition.DimensionName("^iteration$"): (
                        MANIFEST_OBJECTS
                    )
                }
            }
        )
    )
    return place, config


def _exists(location: str, storage: StorageConfig | None) -> bool:
    """Whether a repository is there.

    Raises
    ------
    StoreError
        When the bucket cannot be reached: this is the first request that a reader makes.
    """
    if not is_remote(location):
        return bool(icechunk.Repository.exists(_storage_at(location, storage)[0]))
    try:
        return has_object(_ref(location), access_of(storage))
    except REQUEST_ERRORS as error:
        raise StoreError(
            f"{location}: cannot be opened: {cause_of(error)}; check the bucket, AWS_ENDPOINT_URL "
            "and the credentials"
        ) from error


def branch_tag(location: str, storage: StorageConfig | None) -> str | None:
    """Give the tag of a bucket's branch object, which changes when the branch moves.

    Sends one request without retries, as callers ask every second; None if the server does not
    answer.
    """
    try:
        return str(object_tag(_ref(location), replace(access_of(storage), tries=1)))
    except REQUEST_ERRORS:
        return None


def _ref(location: str) -> ObjectURL:
    """Name the object that holds the branch's commit."""
    url = ObjectURL.parse(location)
    return ObjectURL(url.bucket, f"{url.key}/refs/branch.{BRANCH}/ref.json".lstrip("/"))


def drop_staged_branches(repository: icechunk.Repository) -> None:
    """Drop the staging branches of killed runs; the caller's lock excludes other writers."""
    for branch in repository.list_branches():
        if branch.startswith(STAGING_PREFIX):
            repository.delete_branch(branch)
