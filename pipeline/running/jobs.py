"""Jobs on the cluster: submit them, follow their tasks, and retry stragglers on other workers.

Dask itself moves the tasks of lost workers. A second attempt at a job does no harm: each attempt
writes its chunks under unique names, and only the fork of the result that counts refers to them.
"""

import queue
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self

from distributed import Client, Future
from distributed.scheduler import KilledWorker

from deeptracker.errors import ClusterError
from deeptracker.pipeline.clusters import ClusterSettings
from deeptracker.pipeline.running.job import Attempt, Job, Label, Status
from deeptracker.pipeline.running.progress import Progress, SilentProgress
from deeptracker.pipeline.running.standstill import serves_others, standstill
from deeptracker.pipeline.running.stragglers import Pace, delays, late_jobs, stragglers
from deeptracker.pipeline.running.task_log import TaskLog
from deeptracker.pipeline.running.worker_task import run_job, same_value

__all__ = ["Jobs"]

# Retries of a task that raises: a failed read of a network file system may succeed later.
RETRIES = 1
ATTEMPTS = 3
TICK_SECONDS = 1.0
LOST_CLUSTER_SECONDS = 60.0
# Longer than it takes to send a shared value to workers that respond.
SPREAD_SECONDS = 10.0
REPORT_SECONDS = 5.0


class Jobs:
    """Submits jobs and yields them as they end.

    Parameters
    ----------
    client : Client
        Client of the cluster. One `Jobs` serves a whole run, so that it remembers hanging workers.
    limits : ClusterSettings
        When a task is a straggler.
    log : TaskLog, optional
        Records every task that ended, every further attempt, and every attempt that failed.
    progress : Progress, optional
        Shows when workers compile kernels.

    Attributes
    ----------
    compiled : bool
        Whether a worker has compiled so far: the durations of its tasks are then not typical.
    """

    def __init__(
        self,
        client: Client,
        limits: ClusterSettings,
        log: TaskLog | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.client = client
        self._limits = limits
        self._log = log
        self._progress = progress or SilentProgress()
        self.compiled = False
        self._run = uuid.uuid4().hex[:8]
        self._topic = f"deeptracker-{self._run}"
        self._jobs: dict[str, Job] = {}  # by the key of each attempt
        self._open: set[Job] = set()  # those that wait or run
        self._pace = Pace(limits.straggler_factor, limits.straggler_seconds)
        # Filled by Dask's threads, read by our thread alone.
        self._inbox: queue.SimpleQueue[Future | dict[str, Any]] = queue.SimpleQueue()
        # Times: of each worker's last start or end of a task, of the last progress of any task, of
        # the last check, and when there was a worker.
        self._worker_times: dict[str, float] = {}
        self._moved = self._checked = self._had_workers = time.monotonic()

    def __enter__(self) -> Self:
        self.client.subscribe_topic(self._topic, lambda event: self._inbox.put(event[1]))
        return self

    def __exit__(self, *error: object) -> None:
        """Cancel tasks that are no longer needed: a shared scheduler would go on with them."""
        failed = error[0] is not None
        if not failed:
            self._await_reports()
        unneeded = [attempt.future for attempt in self._attempts() if attempt.future]
        if failed:
            unneeded += [job.result for job in self._jobs.values() if job.result]
        if self.client.status == "running":
            self.client.cancel(unneeded, force=True)
            self.client.unsubscribe_topic(self._topic)

    def submit(self, label: Label, function: Callable[..., Any], *arguments: Any) -> Job:
        """Submit a job; arguments may hold other jobs' results, and `Packed` ones are opened."""
        job = Job(label, function, arguments)
        self._submit(job)
        self._open.add(job)
        return job

    def share(self, label: Label, value: Any, jobs: int) -> Job:
        """Copy a value to the workers; many jobs then get it by its `Job.result`.

        The scheduler keeps one copy, and sends it again to workers that replace others.
        No other job may be open during the call.

        Parameters
        ----------
        jobs : int
            Number of jobs that will get the value: at most as many workers get a copy.
        """
        job = self.submit(label, same_value, value)
        for _ in self.finished():
            pass
        # Copy first: Dask runs a task on a worker that has its inputs. If workers hang or end
        # meanwhile, copying fails in many ways, but the jobs get the value nevertheless.
        with suppress(Exception):
            self.client.replicate([job.result], n=jobs, callback_timeout=SPREAD_SECONDS)
        return job

    def finished(self) -> Iterator[Job]:
        """Yield each job as it ends, including jobs submitted meanwhile, until all have ended.

        Raises
        ------
        ClusterError
            When the scheduler or all workers are lost, all workers hang for `stall_seconds`, or a
            job ends every worker that it runs on.
        Exception
            The error of a job's last attempt.
        """
        while self._open:
            with suppress(queue.Empty):
                message = self._inbox.get(timeout=TICK_SECONDS)
                self._moved = time.monotonic()
                if isinstance(message, dict):
                    self._note_event(message)
                elif (job := self._note_end(message)) is not None:
                    yield job
            if time.monotonic() - self._checked >= TICK_SECONDS:
                with suppress(OSError):  # futures report a lost scheduler
                    self._check()

    def results(self, ended: Sequence[Job]) -> list[Any]:
        """Fetch the results of jobs that have ended; the workers may release them.

        Raises
        ------
        ClusterError
            When the workers do not send the results within `stall_seconds`.
        """
        held = [job.result for job in ended]
        try:
            found: list[Any] = self.client.sync(
                lambda: self.client.gather(held, asynchronous=True),
                callback_timeout=self._limits.stall_seconds,
            )
        except TimeoutError:
            raise ClusterError(
                f"the workers at {_address(self.client)} do not send their results within "
                f"{self._limits.stall_seconds:g} seconds; earlier commits are intact. Restart "
                "them, and process again"
            ) from None
        for job in ended:
            job.result = None
        return found

    def _attempts(self) -> Iterator[Attempt]:
        return (job.attempts[key] for key, job in self._jobs.items())

    def _submit(self, job: Job, workers: list[str] | None = None) -> None:
        """Submit an attempt at a job, preferably to some workers."""
        key = f"{job.label}-{self._run}-{len(self._jobs)}"
        future = self.client.submit(
            run_job,
            self._topic,
            job.function,
            *job.arguments,
            key=key,
            pure=False,
            retries=RETRIES,
            workers=workers,
            allow_other_workers=workers is not None,
        )
        self._jobs[key] = job
        self._moved = time.monotonic()
        job.submit(key, future, self._moved)
        future.add_done_callback(self._inbox.put)

    def _note_end(self, future: Future) -> Job | None:
        """Note a result or an error; give the job if this is its first result."""
        key = str(future.key)
        job = self._jobs[key]
        if future.status == "finished":
            if not job.succeed(key):
                return None
            self._open.discard(job)
            return job
        if future.status == "error":
            self._note_failure(job, key, future)
        elif job in self._open:
            raise ClusterError(
                f"the Dask scheduler at {_address(self.client)} was lost; earlier commits "
                "are intact. Start it again, and process again"
            )
        return None

    def _note_failure(self, job: Job, key: str, future: Future) -> None:
        """Note that an attempt failed; the error of a job's last attempt ends the run."""
        if job.attempts[key].status is Status.RUNNING:
            self._worker_times[job.attempts[key].worker] = self._moved
        job.fail(key)
        if job.status is Status.DONE:
            return
        error = _error_of(job, future)
        if job.status is Status.FAILED:
            raise error
        if self._log:
            self._log.failed(task=job.label.kind, name=job.label.name, reason=str(error))

    def _note_event(self, event: dict[str, Any]) -> None:
        """Note that a task has started, compiles, or has ended."""
        key, worker = event["key"], event["worker"]
        job = self._jobs[key]
        if "compiling" in event:
            self.compiled = True
            self._progress.compiling(event["kept"])
        # The error of an attempt may arrive before its events.
        if job.attempts[key].status is not Status.FAILED:
            self._worker_times[worker] = self._moved
            if "seconds" in event:
                job.end(key)
                self._pace.ended(job.label.kind, event["seconds"], job.label.nbytes)
            else:
                job.start(key, worker, self._moved)
        if self._log and "seconds" in event:
            self._log.ended(
                task=job.label.kind,
                name=job.label.name,
                iterations=job.label.iterations,
                # A merging job reports the sum of its inputs' bytes, but reads nothing itself.
                nbytes=event["nbytes"] if job.label.nbytes else 0,
                seconds=event["seconds"],
                worker=worker,
                memory_bytes=event["memory"],
                attempt=job.number(key),
            )

    def _await_reports(self) -> None:
        """Wait briefly for the end events that the log lacks: results may arrive before them."""
        deadline = time.monotonic() + REPORT_SECONDS
        while self._log and time.monotonic() < deadline:
            if all(job.winner is None or job.winner.reported for job in self._jobs.values()):
                return
            with suppress(queue.Empty):
                message = self._inbox.get(timeout=0.1)
                if isinstance(message, dict):
                    self._note_event(message)

    def _check(self) -> None:
        """Check for stragglers, for jobs that wait behind them, and for lost workers."""
        self._checked = now = time.monotonic()
        running = {a for a in self._attempts() if a.status is Status.RUNNING}
        self._check_standstill(running, now)
        late = stragglers(running, self._pace, now)
        waiting = [job for job in self._open if job.status is Status.WAITING]
        long = any(now - job.submitted > self._limits.straggler_seconds for job in waiting)
        if len(waiting) < len(self._open) and not late and not long:
            self._had_workers = now
            return
        workers = self._workers(now) - {attempt.worker for attempt in late}
        for job in late_jobs(self._open, late):
            where = ", ".join(f"{now - a.started:.0f} s on {a.worker}" for a in job.running)
            self._retry(job, workers, f"runs for {where}")
        if late or long:
            self._retry_delayed(waiting, workers, running, late)

    def _check_standstill(self, running: set[Attempt], now: float) -> None:
        """Raise when no task has begun or ended for too long, unless there is a reason to wait."""
        if now - self._moved <= self._limits.stall_seconds:
            return
        workers = self.client.scheduler_info()["workers"]
        silent = {name: time.time() - known["last_seen"] for name, known in workers.items()}
        if silent and not serves_others(self.client.processing(), silent, self._jobs.keys()):
            raise standstill(now - self._moved, silent, running, now)
        self._moved = now

    def _workers(self, now: float) -> set[str]:
        """Ask for the workers; raise when there has been none for too long."""
        workers = set(self.client.scheduler_info()["workers"])
        if workers:
            self._had_workers = now
        elif now - self._had_workers > max(LOST_CLUSTER_SECONDS, self._limits.connect_seconds):
            raise ClusterError(
                f"no worker is left at {_address(self.client)}, and none came for "
                f"{now - self._had_workers:.0f} seconds; earlier commits are intact. Start "
                "workers, and process again"
            )
        return workers

    def _retry_delayed(
        self, waiting: list[Job], workers: set[str], running: set[Attempt], late: set[Attempt]
    ) -> None:
        """Retry jobs on other workers that wait for a worker which does not start them."""
        jobs = {key: job for job in waiting for key in job.attempts}
        for worker, keys in self.client.processing().items():
            here = {attempt for attempt in running if attempt.worker == worker}
            for job in {jobs[str(key)] for key in keys if str(key) in jobs}:
                since = max(job.submitted, self._worker_times.get(worker, job.submitted))
                if delays(here, late, self._checked - since, self._limits.straggler_seconds):
                    self._retry(job, workers - {worker}, f"waits for {worker}")

    def _retry(self, job: Job, workers: set[str], reason: str) -> None:
        """Attempt a job again on other workers, unless a recent retry has yet to start."""
        recent = time.monotonic() - job.submitted < self._limits.straggler_seconds
        if not workers or (job.retry_waits and recent) or len(job.attempts) >= ATTEMPTS:
            return
        if self._log:
            self._log.retried(task=job.label.kind, name=job.label.name, reason=reason)
        self._submit(job, sorted(workers))


def _error_of(job: Job, future: Future) -> BaseException:
    """Give the error that a task raised, or one that says that it ended its workers."""
    error = future.exception()
    if isinstance(error, KilledWorker):
        return ClusterError(
            f"{job.label}: {error.allowed_failures + 1} workers ended while they ran it, "
            f"the last at {error.last_worker.address}; most likely they had too little "
            "memory: raise that of the workers, or lower block_bytes"
        )
    return error


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "an unknown address"
