"""Compaction: drop old commits, and delete objects to which nothing refers any more.

A reader holds one commit and may still read it for a while after the next one was published. So
the time since a commit was *superseded* counts, not its age: a commit that was the newest at any
moment of the grace period stays, with all its chunks.

Chunks of a killed run belong to no commit. They are deleted once they are older than the grace
period, and only under the store's lock: no other run may be writing chunks to which nothing refers
*yet*.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icechunk

from deeptracker.errors import StoreError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.one_writer import locked
from deeptracker.pipeline.store.repository import (
    BRANCH,
    drop_staged_branches,
    open_repository,
    refusals,
)
from deeptracker.wording import counted, sized

__all__ = ["DEFAULT_GRACE", "Compaction", "compact"]

DEFAULT_GRACE = timedelta(hours=24)


@dataclass(frozen=True)
class Compaction:
    """The result of a compaction.

    Attributes
    ----------
    store : str
    forgotten, kept : int
        Commits that readers could see.
    freed_bytes : int
        Size of everything that was deleted.
    freed_chunks, freed_others : int
        Objects that were deleted: chunks, and descriptions of commits.
    """

    store: str
    forgotten: int
    kept: int
    freed_bytes: int
    freed_chunks: int
    freed_others: int

    def as_dict(self) -> dict[str, Any]:
        """Give the result for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Write the result as one line."""
        if not self.forgotten and not self.freed_bytes:
            return f"{self.store}: nothing to free, {counted(self.kept, 'commit')} kept"
        return (
            f"{self.store}: {counted(self.forgotten, 'commit')} forgotten, {self.kept} kept; freed "
            f"{sized(self.freed_bytes)} in {self.freed_chunks:,} chunks and "
            f"{self.freed_others:,} other objects"
        )


def compact(
    location: str | Path,
    *,
    grace: timedelta = DEFAULT_GRACE,
    keep: timedelta = timedelta(0),
    storage: StorageConfig | None = None,
    now: datetime | None = None,
) -> Compaction:
    """Delete what no reader can hold.

    Parameters
    ----------
    location : str or Path
        The store.
    grace : timedelta
        How long a reader may still read a commit after the next one was published.
    keep : timedelta
        How far back the history is kept, if that is longer.
    storage : StorageConfig, optional
        How buckets are reached.
    now : datetime, optional
        The time from which ages are counted; the current time by default.

    Returns
    -------
    Compaction
        The deleted commits, bytes and objects.

    Raises
    ------
    StoreError
        When there is no store, somebody writes it, or its storage refuses.
    """
    location = str(location)
    now = now or datetime.now(UTC)
    open_repository(location, storage)  # raises before a lock file is created
    with refusals(location, storage), locked(location, storage) as lock:
        repository = open_repository(location, storage)
        drop_staged_branches(repository)
        commits = _commits_of(repository)
        if not commits:
            raise StoreError(f"{location}: nothing was committed to this store yet")
        kept = _held_since(commits, now - max(grace, keep))
        # Writers' clocks may differ: the last commit need not have the latest time.
        expired = repository.expire_snapshots(min(commit.written_at for commit in kept))
        lock.check()
        freed = repository.garbage_collect(now - grace)
    return Compaction(
        store=location,
        forgotten=sum(commit.id in expired for commit in commits),
        kept=sum(commit.id not in expired for commit in commits),
        freed_bytes=freed.bytes_deleted,
        freed_chunks=freed.chunks_deleted,
        freed_others=(
            freed.manifests_deleted
            + freed.snapshots_deleted
            + freed.attributes_deleted
            + freed.transaction_logs_deleted
        ),
    )


def _commits_of(repository: icechunk.Repository) -> list[icechunk.SnapshotInfo]:
    """List the commits that readers could see, newest first."""
    return [
        commit for commit in repository.ancestry(branch=BRANCH) if commit.metadata.get("published")
    ]


def _held_since(
    commits: list[icechunk.SnapshotInfo], moment: datetime
) -> list[icechunk.SnapshotInfo]:
    """List the commits that were the newest at a moment or later."""
    older = [place for place, commit in enumerate(commits) if commit.written_at <= moment]
    return commits[: older[0] + 1] if older else commits
