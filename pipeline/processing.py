"""Processing: make a store of a training log, or add a grown log to it. The main flow."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client

from deeptracker.garbage import uncollected
from deeptracker.pipeline.clusters import connect, overridden
from deeptracker.pipeline.clusters.main_guard import refuse_unguarded
from deeptracker.pipeline.conclusions.conclude import judge, write_conclusions
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.forecast.forecast import Forecast
from deeptracker.pipeline.forecast.run_plan import RATE_ATTRIBUTE, forecast_of
from deeptracker.pipeline.locations.paths import name_of, sibling
from deeptracker.pipeline.planning.blocks import Columns, plan_blocks
from deeptracker.pipeline.planning.changes import Change
from deeptracker.pipeline.planning.empty_store import merged_recording, prepare
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.running.interrupts import terminate_as_interrupt
from deeptracker.pipeline.running.jobs import Jobs
from deeptracker.pipeline.running.progress import Progress, SilentProgress
from deeptracker.pipeline.running.run_watchers import Watch
from deeptracker.pipeline.sources import open_source
from deeptracker.pipeline.sources.file_listing import check_unchanged
from deeptracker.pipeline.store.arrays.array_spec import array_at
from deeptracker.pipeline.store.forks import opened_fork
from deeptracker.pipeline.store.run_store import StoreWriter, open_writer
from deeptracker.pipeline.store.stored_incidents import stored_incidents
from deeptracker.pipeline.summary import Summary
from deeptracker.pipeline.tasks.graph import ProcessingRun, compare, compared, measure
from deeptracker.wording import counted

__all__ = ["Connecting", "default_store", "plan", "process", "update", "with_cluster"]

# A shorter run gives no rate for forecasts.
MIN_RATE_SECONDS = 5.0
# Opens a client to the cluster, for a run that reads the given number of bytes.
Connecting = Callable[[int], AbstractContextManager[Client]]


def process(
    log: str | Path,
    store: str | Path | None = None,
    *,
    config: Config | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    report: str | Path | None = None,
    task_log: str | Path | None = None,
) -> Summary:
    """Process a training log (or a folder of checkpoints) into a store.

    A second call on a log that has grown adds its new files. Readers see the store either as it
    was before or with the whole new commit, even if the run fails.

    Parameters
    ----------
    log : str or Path
        The training log.
    store : str or Path, optional
        Path or URL of the store; ``LOG.dtstore`` next to the log by default.
    config : Config, optional
        See `deeptracker.pipeline.config`.
    workers : int, optional
        Local worker processes; overrides the config.
    scheduler : str, optional
        Address of an existing Dask scheduler; overrides the config.
    progress : Progress, optional
        Receives every step.
    report : str or Path, optional
        File for Dask's performance report, which is written also when the run fails.
    task_log : str or Path, optional
        Gets one JSON object per line for every task that ended (`running.task_log`).

    Returns
    -------
    Summary
        The commit, and what was read, measured and found.

    Raises
    ------
    DeepTrackerError
        When the log, the config or the store is invalid; earlier commits stay intact.
    """
    started = time.perf_counter()
    refuse_unguarded()
    config = with_cluster(config or Config(), workers, scheduler)
    location = str(store or default_store(log))
    connecting = partial(connect, config.cluster)
    report, task_log = (Path(path) if path else None for path in (report, task_log))
    watch = Watch(progress or SilentProgress(), report, task_log)
    watch.check()
    with terminate_as_interrupt(), uncollected() as collect_again:
        inputs = RunInputs(open_source(log, config.source, config.storage), config)
        return update(inputs, location, watch, connecting, started, begun=collect_again)


def update(
    subject: RunInputs,
    location: str,
    watch: Watch,
    connecting: Connecting,
    started: float | None = None,
    begun: Callable[[], None] = lambda: None,
) -> Summary:
    """Bring a store up to its log: compare, plan, measure, conclude, publish.

    Parameters
    ----------
    location : str
        Path or URL of the store.
    connecting : callable
        Called to connect to a cluster once there is something to measure.
    started : float, optional
        When the run began, by `time.perf_counter`; now by default.
    begun : callable, optional
        Called when the tasks of the first stage are submitted.
    """
    started = time.perf_counter() if started is None else started
    forecast_of(subject, location).check()
    with open_writer(location, subject.config.storage) as writer:
        change, subject = subject.compared(None if writer.is_empty else writer.root())
        if change.action == "nothing":
            return _summary(started, location, subject, change, writer)
        run = _planned(writer, subject, change)
        nbytes, findings = _measured(writer, run, change, watch, connecting, begun)
        writer.publish(_message(subject, change, run))
        return _summary(started, location, subject, change, writer, run, nbytes, findings)


def plan(
    log: str | Path,
    store: str | Path | None = None,
    *,
    config: Config | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    rate: float | None = None,
) -> Forecast:
    """Forecast what `process` would read, write and hold in memory, and how long it would take.

    No weight is read and nothing is written.

    Parameters
    ----------
    log, store, config, workers, scheduler
        As for `process`.
    rate : float, optional
        Bytes per second that one thread of a worker measures.

    Raises
    ------
    DeepTrackerError
        When the log, the config, the store or the cluster is invalid.
    """
    config = with_cluster(config or Config(), workers, scheduler)
    subject = RunInputs(open_source(log, config.source, config.storage), config)
    return forecast_of(subject, str(store or default_store(log)), rate)


def default_store(log: str | Path) -> str:
    """Name the default store of a log, next to the log."""
    return sibling(str(log), f"{name_of(str(log))}.dtstore")


def _planned(writer: StoreWriter, subject: RunInputs, change: Change) -> ProcessingRun:
    """Plan the run's blocks."""
    recording = merged_recording(writer.root(), change, subject.recording)
    schema = subject.schema(recording.iterations)
    columns = Columns(change.first_column, len(recording.iterations))
    plan = plan_blocks(
        schema.layout,
        columns,
        columns_per_chunk=subject.config.columns_per_chunk,
        workers=subject.cluster_size.tasks,
        measured=schema.measured,
    )
    return ProcessingRun(subject, schema, recording, columns, plan)


def _measured(
    writer: StoreWriter,
    run: ProcessingRun,
    change: Change,
    watch: Watch,
    connecting: Connecting,
    begun: Callable[[], None],
) -> tuple[int, int]:
    """Run both stages on the cluster and conclude; return (bytes read, number of findings)."""
    if not len(run.columns):
        prepare(writer, run.subject, run.schema, change, run.recording)
        judgement = judge(writer.session.store, run, ())
        write_conclusions(writer.session.store, run, judgement, ())
        return 0, len(judgement.findings)
    progress = watch.progress
    progress.start(run.plan.nbytes)
    try:
        progress.stage("starting workers")
        limits = run.subject.config.cluster
        cluster = connecting(run.plan.nbytes)
        with (
            _in_thread(prepare, writer, run.subject, run.schema, change, run.recording) as prepared,
            cluster as client,
            watch.observe(client) as log,
            Jobs(client, limits, log, progress) as jobs,
        ):
            prepared.result()
            writer.stage("Staged: arrays")
            fork = writer.fork()
            started = time.perf_counter()
            measured = measure(jobs, fork, run, progress, begun)
            seconds = time.perf_counter() - started
            check_unchanged(run.subject.source, run.read_iterations, run.subject.config.storage)
            scores = compare(jobs, fork, run, measured, progress)
            writer.merge(measured.written)
            if not jobs.compiled:
                _store_rate(writer, client, measured.nbytes, seconds)
            # Overlap with comparing: a commit writes a manifest for each of hundreds of arrays.
            with _in_thread(writer.stage, "Staged: measures") as staged:
                known = opened_fork(measured.written).store
                judgement = judge(known, run, measured.classes)
                staged.result()
            comparison = compared(jobs, fork, scores)
            writer.merge(comparison.written)
            write_conclusions(writer.session.store, run, judgement, comparison.bands)
            return measured.nbytes, len(judgement.findings)
    finally:
        progress.stop()


@contextmanager
def _in_thread(function: Callable[..., None], *arguments: Any) -> Iterator[Future[None]]:
    """Run a function in a second thread; the end of the block waits for it."""
    with ThreadPoolExecutor(1, thread_name_prefix="deeptracker-second") as pool:
        yield pool.submit(function, *arguments)


def _store_rate(writer: StoreWriter, client: Client, nbytes: int, seconds: float) -> None:
    """Store the rate of one thread for the next forecast, unless the run was short."""
    threads = sum(client.nthreads().values())
    if seconds >= MIN_RATE_SECONDS and threads:
        writer.root().attrs[RATE_ATTRIBUTE] = nbytes / seconds / threads


def with_cluster(config: Config, workers: int | None, scheduler: str | None) -> Config:
    """Replace the config's cluster by the arguments, if given."""
    return config.model_copy(update={"cluster": overridden(config.cluster, workers, scheduler)})


def _message(subject: RunInputs, change: Change, run: ProcessingRun) -> str:
    name = subject.description.name
    if not len(run.columns):
        return f"New scalars or findings of {name}"
    iterations = run.recording.iterations[run.columns.start :]
    number = counted(len(iterations), "iteration")
    span = f"{number} of {name} ({iterations[0]} to {iterations[-1]})"
    if change.action == "append":
        return f"Append {span}"
    return f"Process {span}" + (f" again: {change.reason}" if change.reason else "")


def _summary(
    started: float,
    location: str,
    subject: RunInputs,
    change: Change,
    writer: StoreWriter,
    run: ProcessingRun | None = None,
    nbytes: int = 0,
    findings: int | None = None,
) -> Summary:
    words = {"create": "created", "append": "appended", "rebuild": "rebuilt"}
    root = writer.root()
    problems = (*subject.source.problems, *change.warnings)
    new = run.recording.snapshots[run.columns.start :] if run else ()
    return Summary(
        store=location,
        action=words.get(change.action, "unchanged"),  # type: ignore[arg-type]
        reason=change.reason,
        snapshots=sum(1 for fingerprint in new if fingerprint),
        iterations=array_at(root, "iteration").shape[0],
        nbytes=nbytes,
        seconds=time.perf_counter() - started,
        findings=array_at(root, "health/rule").shape[0] if findings is None else findings,
        problems=tuple(str(problem) for problem in problems),
        commit=writer.published,
        changes=subject.history.changes(subject.stored),
        incidents=tuple(incident.message for incident in stored_incidents(root)),
        reading=tuple(subject.source.reading.lines(subject.source.iterations)),
    )
