"""Following: a store keeps up with its log while the training goes on, one commit a batch.

The log is looked at every few seconds, at its listing alone. Files that are there are whole, since
writers rename; what may still be missing is another file of the newest iteration, so that waits
until it has what the iteration before has.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from deeptracker.errors import LogError, StoreBusyError
from deeptracker.pipeline.clusters import AnyCluster, connect
from deeptracker.pipeline.clusters.main_guard import refuse_unguarded
from deeptracker.pipeline.compaction_schedule import Upkeep
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.run_inputs import Subject
from deeptracker.pipeline.processing import Connecting, default_store, update, with_cluster
from deeptracker.pipeline.running.interrupts import terminate_as_interrupt
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.pipeline.running.run_watchers import Watch
from deeptracker.pipeline.sources import Source, open_source
from deeptracker.pipeline.sources.file_listing import list_log
from deeptracker.pipeline.store.arrays.array_spec import read
from deeptracker.pipeline.store.one_writer import lock_of
from deeptracker.pipeline.store.run_store import find_store
from deeptracker.pipeline.summary import Summary

__all__ = ["follow"]

Listing = frozenset[tuple[str, int, str]]
SCALARS = "scalars.jsonl"


def follow(
    log: str | Path,
    store: str | Path | None = None,
    *,
    config: Config | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    poll_seconds: float | None = None,
    task_log: str | Path | None = None,
    committed: Callable[[Summary], None] | None = None,
    noticed: Callable[[str], None] | None = None,
) -> None:
    """Process what is in a log, and then whatever is added to it, until told to stop.

    It returns on SIGINT (Ctrl-C) or SIGTERM while it waits. During a batch they end it by
    KeyboardInterrupt, as they end `process`: nothing of the batch is committed. While another
    process writes the store, it waits. Now and then it compacts the store.

    Parameters
    ----------
    log, store, config, workers, scheduler, task_log
        As of `process`. The log need not be there yet. The cluster is started for the first batch
        and kept.
    poll_seconds : float, optional
        Between two looks at the log; overrides the config.
    committed : callable, optional
        Told of every commit.
    noticed : callable, optional
        Told, once each, of files that were left out, rewritten or removed, of a log that cannot be
        read at the moment, of who else writes the store, and of what compacting it has freed.

    Raises
    ------
    DeepTrackerError
        When the config or the store is unfit, or the cluster is lost.
    """
    refuse_unguarded()
    config = with_cluster(config or Config(), workers, scheduler)
    pause = config.follow.poll_seconds if poll_seconds is None else poll_seconds
    location = str(store or default_store(log))
    watch = Watch(SilentProgress(), None, Path(task_log) if task_log else None)
    watch.check()
    lookout = Lookout(str(log), location, config)
    lock = lock_of(location, config.storage)
    notices = _Notices(noticed or (lambda _: None))
    with terminate_as_interrupt(), _kept(config.cluster) as connecting:
        batches = _Batches(location, config, watch, connecting, notices)
        upkeep = Upkeep(location, config)
        try:
            while True:
                _look_once(lookout, batches, upkeep, notices, committed)
                time.sleep(pause)
                while batches.waits and not lock.is_free():
                    time.sleep(pause)
        except KeyboardInterrupt:
            if batches.within:
                raise


def _look_once(
    lookout: "Lookout",
    batches: "_Batches",
    upkeep: Upkeep,
    notices: "_Notices",
    committed: Callable[[Summary], None] | None,
) -> None:
    """Process what is new in the log, if anything, and compact the store when it is due."""
    source = lookout.look_or_tell(notices)
    if source is not None:
        summary = batches.process(source)
        if summary is None:
            lookout.forget()
        elif summary.action != "unchanged":
            upkeep.note_commit()
            if committed:
                committed(summary)
    freed = upkeep.look()
    if freed is not None and freed.freed_bytes:
        notices.say(freed.text())


class Lookout:
    """Looks at a log, and gives its source when there may be something new in it.

    Parameters
    ----------
    log, store : str
        Locations.
    """

    def __init__(self, log: str, store: str, config: Config) -> None:
        self._log = log
        self._store = store
        self._config = config
        self._seen: Listing = frozenset()
        self._given = self._changed = 0.0
        self._held = False

    def look(self) -> Source | None:
        """Give the source if the listing has changed, or if what was held back has waited enough.

        Scalars may come every second: where nothing else has changed they wait for a while.

        Raises
        ------
        LogError
            When there is no log, or nothing in it yet.
        """
        listing = self._listing()
        now = time.monotonic()
        if _without_scalars(listing) != _without_scalars(self._seen):
            self._changed = now
            awaited = True
        else:
            awaited = listing != self._seen and (
                now - self._given >= self._config.follow.scalars_seconds
            )
        waited = now - self._changed >= self._config.follow.settle_seconds
        if not awaited and not (self._held and waited):
            return None
        source = open_source(self._log, self._config.source.pattern, self._config.storage)
        self._seen, self._given = listing, now
        self._held = not waited and _is_incomplete(source) and not self._is_stored(source)
        if not self._held:
            return source
        return _without_newest(source) if len(source.iterations) > 1 else None

    def look_or_tell(self, notices: "_Notices") -> Source | None:
        """Look, and tell of a log that cannot be read at the moment."""
        try:
            return self.look()
        except LogError as error:
            notices.tell([str(error)])
            return None

    def forget(self) -> None:
        """Look at everything anew."""
        self._seen = frozenset()

    def _listing(self) -> Listing:
        return frozenset(
            (file.location, file.size, file.version)
            for file in list_log(self._log, self._config.storage)
        )

    def _is_stored(self, source: Source) -> bool:
        """Whether the newest iteration was processed before: held back, it would seem removed."""
        reader = find_store(self._store, self._config.storage)
        return reader is not None and source.iterations[-1] in read(reader.root(), "iteration")


class _Batches:
    """Brings the store up to what the log has, batch by batch.

    Attributes
    ----------
    within : bool
        Whether a batch is being processed: ended there, it is lost.
    waits : bool
        Whether the last batch found another process writing the store.
    """

    def __init__(
        self,
        location: str,
        config: Config,
        watch: Watch,
        connecting: Connecting,
        notices: "_Notices",
    ) -> None:
        self._location = location
        self._config = config
        self._watch = watch
        self._connecting = connecting
        self._notices = notices
        self.within = False
        self.waits = False

    def process(self, source: Source) -> Summary | None:
        """Process a batch; none where it must be looked at anew, which is told."""
        self.within, self.waits = True, False
        try:
            summary = update(
                Subject(source, self._config), self._location, self._watch, self._connecting
            )
        except LogError as error:
            # A file vanished or shrank while it was read: what is there now comes next.
            self._put_off(str(error))
            return None
        except StoreBusyError as error:
            self.waits = True
            self._put_off(
                f"{self._location}: is being written by {error.holder}; following goes on when "
                "that is done"
            )
            return None
        self.within = False
        self._notices.tell(summary.problems)
        return summary

    def _put_off(self, reason: str) -> None:
        self.within = False
        self._notices.tell([reason])


class _Notices:
    """Passes on what was not said before."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._said: set[str] = set()

    def tell(self, messages: tuple[str, ...] | list[str]) -> None:
        """Say what is new, and forget what is no longer so."""
        for message in messages:
            if message not in self._said:
                self.say(message)
        self._said = set(messages)

    def say(self, message: str) -> None:
        """Say something that happened once."""
        self._tell(message)


def _without_scalars(listing: Listing) -> Listing:
    return frozenset(file for file in listing if not file[0].endswith(f"/{SCALARS}"))


def _is_incomplete(source: Source) -> bool:
    """Whether the newest iteration lacks a file of a kind that the one before has.

    The first is expected to have outcomes where the validation images are there already.
    """
    newest = source.iterations[-1]
    if len(source.iterations) == 1:
        return source.images() is not None and source.outcomes(newest) is None
    before = source.iterations[-2]
    return (source.has_snapshot(before) and not source.has_snapshot(newest)) or (
        source.outcomes(before) is not None and source.outcomes(newest) is None
    )


def _without_newest(source: Source) -> Source:
    kept = copy.copy(source)
    kept.iterations = source.iterations[:-1]
    return kept


@contextmanager
def _kept(settings: AnyCluster) -> Iterator[Connecting]:
    """Give a way to connect of which the first call starts the cluster, and later ones use it."""
    with ExitStack() as cluster:
        clients: list[Client] = []

        @contextmanager
        def client(_nbytes: int) -> Iterator[Client]:
            if not clients:
                clients.append(cluster.enter_context(connect(settings)))
            yield clients[0]

        yield client
