"""Following: add to a store during its training, one commit per batch.

Every few seconds the log's files are listed. Listed files are complete: recorders write a file
under another name and rename it. The newest iteration may still lack a file: it waits until it has
the same kinds of files as the iteration before.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from deeptracker.errors import LogError, StoreBusyError
from deeptracker.garbage import uncollected
from deeptracker.pipeline.clusters import AnyCluster, connect
from deeptracker.pipeline.clusters.main_guard import refuse_unguarded
from deeptracker.pipeline.compaction_schedule import CompactionSchedule
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.processing import Connecting, default_store, update, with_cluster
from deeptracker.pipeline.running.interrupts import terminate_as_interrupt
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.pipeline.running.run_watchers import Watch
from deeptracker.pipeline.sources import Source, open_source
from deeptracker.pipeline.sources.file_listing import list_log
from deeptracker.pipeline.store.arrays.array_spec import read_array
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
    """Process a log, and then everything that is added to it, until a signal ends it.

    SIGINT (Ctrl-C) or SIGTERM between two batches makes it return. During a batch they raise
    KeyboardInterrupt, as in `process`, and nothing of the batch is committed. While another
    process writes the store, it waits. It compacts the store at intervals.

    Parameters
    ----------
    log, store, config, workers, scheduler, task_log
        As for `process`. The log need not exist yet. The cluster is started for the first batch
        and kept.
    poll_seconds : float, optional
        Time between two listings of the log; overrides the config.
    committed : callable, optional
        Called with every commit's summary.
    noticed : callable, optional
        Called once with each notice: files left out, rewritten or removed; a log that cannot be
        read at the moment; another writer of the store; the bytes that compacting has freed.

    Raises
    ------
    DeepTrackerError
        When the config or the store is invalid, or the cluster is lost.
    """
    refuse_unguarded()
    config = with_cluster(config or Config(), workers, scheduler)
    pause = config.follow.poll_seconds if poll_seconds is None else poll_seconds
    location = str(store or default_store(log))
    watch = Watch(SilentProgress(), None, Path(task_log) if task_log else None)
    watch.check()
    poller = LogPoller(str(log), location, config)
    lock = lock_of(location, config.storage)
    notices = _Notices(noticed or (lambda _: None))
    with terminate_as_interrupt(), _reused_cluster(config.cluster) as connecting:
        batches = _Batches(location, config, watch, connecting, notices)
        compactions = CompactionSchedule(location, config)
        try:
            while True:
                _poll_once(poller, batches, compactions, notices, committed)
                time.sleep(pause)
                while batches.is_store_busy and not lock.is_free():
                    time.sleep(pause)
        except KeyboardInterrupt:
            if batches.is_processing:
                raise


def _poll_once(
    poller: "LogPoller",
    batches: "_Batches",
    compactions: CompactionSchedule,
    notices: "_Notices",
    committed: Callable[[Summary], None] | None,
) -> None:
    """Process new files of the log, if any, and compact the store when it is due."""
    source = poller.poll_or_report(notices)
    if source is not None:
        summary = batches.process(source)
        if summary is None:
            poller.forget()
        elif summary.action != "unchanged":
            compactions.note_commit()
            if committed:
                committed(summary)
    freed = compactions.compact_if_due()
    if freed is not None and freed.freed_bytes:
        notices.report(freed.text())


class LogPoller:
    """Lists a log, and gives its source when it may have new files.

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
        self._given_at = self._changed_at = 0.0
        self._holds_back = False

    def poll(self) -> Source | None:
        """Give the source if the listing has changed, or if held-back files have waited enough.

        Scalars may come every second: if only they have changed, they wait for a while.

        Raises
        ------
        LogError
            When there is no log, or it is still empty.
        """
        listing = self._listing()
        now = time.monotonic()
        if _without_scalars(listing) != _without_scalars(self._seen):
            self._changed_at = now
            awaited = True
        else:
            awaited = listing != self._seen and (
                now - self._given_at >= self._config.follow.scalars_seconds
            )
        waited = now - self._changed_at >= self._config.follow.settle_seconds
        if not awaited and not (self._holds_back and waited):
            return None
        source = open_source(self._log, self._config.source, self._config.storage)
        self._seen, self._given_at = listing, now
        self._holds_back = not waited and _is_incomplete(source) and not self._is_stored(source)
        if not self._holds_back:
            return source
        rest = _without_newest(source)
        return rest if any(map(rest.has_snapshot, rest.iterations)) else None

    def poll_or_report(self, notices: "_Notices") -> Source | None:
        """Poll; report a log that cannot be read at the moment."""
        try:
            return self.poll()
        except LogError as error:
            notices.report_new([str(error)])
            return None

    def forget(self) -> None:
        """Forget the last listing, so that the next poll gives the source again."""
        self._seen = frozenset()

    def _listing(self) -> Listing:
        return frozenset(
            (file.location, file.size, file.version)
            for file in list_log(self._log, self._config.storage)
        )

    def _is_stored(self, source: Source) -> bool:
        """Whether the store has the newest iteration: if held back, it would count as removed."""
        reader = find_store(self._store, self._config.storage)
        return reader is not None and source.iterations[-1] in read_array(
            reader.root(), "iteration"
        )


class _Batches:
    """Adds the log's new files to the store, batch by batch.

    Attributes
    ----------
    is_processing : bool
        Whether a batch is being processed: it is lost if the process ends now.
    is_store_busy : bool
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
        self.is_processing = False
        self.is_store_busy = False

    def process(self, source: Source) -> Summary | None:
        """Process a batch; report why and return None if it must be processed again."""
        self.is_processing, self.is_store_busy = True, False
        try:
            inputs = RunInputs(source, self._config)
            with uncollected() as collect_again:
                summary = update(
                    inputs, self._location, self._watch, self._connecting, begun=collect_again
                )
        except LogError as error:
            # A file vanished or shrank while it was read: the next batch takes the files of then.
            self._postpone(str(error))
            return None
        except StoreBusyError as error:
            self.is_store_busy = True
            self._postpone(
                f"{self._location}: is being written by {error.holder}; following continues "
                "when that is done"
            )
            return None
        self.is_processing = False
        self._notices.report_new(summary.problems)
        return summary

    def _postpone(self, reason: str) -> None:
        self.is_processing = False
        self._notices.report_new([reason])


class _Notices:
    """Passes on each message once."""

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        self._pass_on = pass_on
        self._reported: set[str] = set()

    def report_new(self, messages: tuple[str, ...] | list[str]) -> None:
        """Pass on the messages that are new, and forget those that no longer hold."""
        for message in messages:
            if message not in self._reported:
                self.report(message)
        self._reported = set(messages)

    def report(self, message: str) -> None:
        """Pass on a message about a single event."""
        self._pass_on(message)


def _without_scalars(listing: Listing) -> Listing:
    return frozenset(file for file in listing if not file[0].endswith(f"/{SCALARS}"))


def _is_incomplete(source: Source) -> bool:
    """Whether the newest iteration lacks a file of a kind that the one before has.

    The first iteration is expected to have outcomes if the log has validation images.
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
def _reused_cluster(settings: AnyCluster) -> Iterator[Connecting]:
    """Give a function that starts the cluster at its first call and reuses it later."""
    with ExitStack() as cluster:
        clients: list[Client] = []

        @contextmanager
        def client(_nbytes: int) -> Iterator[Client]:
            if not clients:
                clients.append(cluster.enter_context(connect(settings)))
            yield clients[0]

        yield client
