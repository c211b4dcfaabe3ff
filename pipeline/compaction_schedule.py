"""Compact a followed store at intervals, so that it does not grow without bound.

A commit of one iteration rewrites the objects that hold the iteration. The older objects stay for
current readers; compaction removes them.
"""

import time
from datetime import datetime, timedelta

from deeptracker.errors import StoreBusyError
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.compaction import Compaction, compact

__all__ = ["CompactionSchedule"]


class CompactionSchedule:
    """Compacts a store after its first commit, then at most every `follow.compact_hours`.

    Parameters
    ----------
    location : str
        The store.
    """

    def __init__(self, location: str, config: Config) -> None:
        self._location = location
        self._config = config
        self._due_at = time.monotonic()
        self._has_grown = False

    def note_commit(self) -> None:
        """Note that the store has grown."""
        self._has_grown = True

    def compact_if_due(self, now: datetime | None = None) -> Compaction | None:
        """Compact the store if it has grown and compaction is due.

        Parameters
        ----------
        now : datetime, optional
            The time from which ages are counted; the current time by default.

        Returns
        -------
        Compaction or None
            None if nothing was done: not due, not grown, or another process writes the store.
        """
        hours = self._config.follow.compact_hours
        if hours is None or not self._has_grown or time.monotonic() < self._due_at:
            return None
        try:
            done = compact(
                self._location,
                grace=timedelta(hours=self._config.follow.grace_hours),
                storage=self._config.storage,
                now=now,
            )
        except StoreBusyError:
            return None
        self._has_grown = False
        self._due_at = time.monotonic() + hours * 3600
        return done
