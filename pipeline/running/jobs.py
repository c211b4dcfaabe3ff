"""Jobs: units of work on the cluster; a straggler is also attempted on another worker.

A job has one attempt, a Dask task, or several where the first does not end. The first result counts
and is passed on; Dask itself moves the tasks of lost workers. A second attempt does no harm: each
attempt writes its chunks under unique names, and only the fork of the result that counts refers to
them.
"""

import queue
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from distributed import Client, Future
from distributed.scheduler import KilledWorker

from deeptracker.errors import ClusterError
from deeptracker.pipeline.clusters import ClusterSettings
from deeptracker.pipeline.running.progress import Progress, SilentProgress
from deeptracker.pipeline.running.standstill import Standstill
from deeptracker.pipeline.running.stragglers import Stragglers
from deeptracker.pipeline.running.task_log import TaskLog
from deeptracker.pipeline.running.worker_task import given, run_job

__all__ = ["Job", "Jobs", "Label"]

# Retries of a task that raises: a failed read of a network file system may succeed later.
RETRIES = 1
ATTEMPTS = 3
TICK_SECONDS = 1.0
LOST_CLUSTER_SECONDS = 60.0
# Longer than it takes to send a shared value to workers that respond.
SPREAD_SECONDS = 10.0


@dataclass(frozen=True)
class Label:
    """A job's description for people.

    Attributes
    ----------
    kind : str
        Durations are compared between jobs of one kind.
    iterations : tuple of int or None
        First and last.
    nbytes : int
        Bytes of the log that it reads.
    """

    kind: str
    name: str = ""
    iterations: tuple[int, int] | None = None
    nbytes: int = 0

    def __str__(self) -> str:
        span = f"-it{self.iterations[0]}-{self.iterations[1]}" if self.iterations else ""
        return f"{self.kind}-{self.name}{span}" if self.name else f"{self.kind}{span}"


@dataclass(eq=False)
class Job:
    """One unit of work.

    Attributes
    ----------
    attempts : dict of str to Future
        Its tasks by key, without those that failed and the one that gave the result.
    keys : list of str
        Keys of all its tasks, in the order of the attempts.
    submitted : float
        Time of the last attempt.
    result : Future or None
        Result of the first task that succeeded. Set to None once it is no longer needed, so that
        the workers release it.
    """

    label: Label
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempts: dict[str, Future] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    submitted: float = 0.0
    result: Future | None = None


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
        Shows when workers compile.

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
        self._jobs: dict[str, Job] = {}
        self._open: set[Job] = set()
        self._told: set[str] = set()
        self._unheard: set[str] = set()  # keys of results whose end event has not arrived
        self._failed: set[str] = set()  # keys of the failed attempts
        self._stragglers = Stragglers(limits.straggler_factor, limits.straggler_seconds)
        self._standstill = Standstill(limits.stall_seconds)
        # Filled by Dask's threads, read by our thread alone.
        self._inbox: queue.SimpleQueue[Future | dict[str, Any]] = queue.SimpleQueue()
        self._looked = self._seen = time.monotonic()

    def __enter__(self) -> Self:
        self.client.subscribe_topic(self._topic, lambda event: self._inbox.put(event[1]))
        return self

    def __exit__(self, *error: object) -> None:
        """Cancel tasks that are not needed: on a shared scheduler they would go on."""
        failed = error[0] is not None
        if not failed:
            self._hear_the_last()
        unneeded = [future for job in self._jobs.values() for future in job.attempts.values()]
        if failed:
            unneeded += [job.result for job in self._jobs.values() if job.result]
        if self.client.status == "running":
            self.client.cancel(unneeded, force=True)
            self.client.unsubscribe_topic(self._topic)

    def submit(self, label: Label, function: Callable[..., Any], *arguments: Any) -> Job:
        """Begin a job; arguments may hold other jobs' results; `Packed` arguments are opened."""
        job = Job(label, function, arguments)
        self._open.add(job)
        self._attempt(job)
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
        job = self.submit(label, given, value)
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
            try:
                message = self._inbox.get(timeout=TICK_SECONDS)
                self._standstill.moved()
            except queue.Empty:
                message = None
            if isinstance(message, Future):
                job = self._ended(message)
                if job is not None:
                    yield job
            elif message is not None:
                self._hear(message)
            if time.monotonic() - self._looked >= TICK_SECONDS:
                with suppress(OSError):  # futures report a lost scheduler
                    self._look()

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
                f"the workers at {_address(self.client)} do not give their results within "
                f"{self._limits.stall_seconds:g} seconds; nothing that was committed is lost. "
                "Restart them, and process again"
            ) from None
        for job in ended:
            job.result = None
        return found

    def _attempt(self, job: Job, workers: list[str] | None = None) -> None:
        key = f"{job.label}-{self._run}-{len(self._jobs)}"
        self._jobs[key] = job
        job.keys.append(key)
        job.submitted = time.monotonic()
        self._standstill.moved()
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
        job.attempts[key] = future
        future.add_done_callback(self._inbox.put)

    def _ended(self, future: Future) -> Job | None:
        """Take a result; None if the job has one, or another attempt may still give one."""
        key = str(future.key)
        job = self._jobs[key]
        if future.status == "error":
            self._failed.add(key)
            self._stragglers.failed(key)
        if job not in self._open:
            return None
        if future.status == "finished":
            job.result = job.attempts.pop(key)
            # No further attempt will follow: release the arguments.
            job.arguments = ()
            self._open.discard(job)
            if key not in self._told:
                self._unheard.add(key)
            return job
        if future.status == "error":
            self._drop(job, key, _error_of(job, future))
            return None
        raise ClusterError(
            f"the Dask scheduler at {_address(self.client)} was lost; what was committed before "
            "is intact. Start it again, and process again"
        )

    def _drop(self, job: Job, key: str, error: BaseException) -> None:
        """Forget an attempt that failed; if it is the last one, its error ends the run."""
        if len(job.attempts) == 1:
            raise error
        del job.attempts[key]
        if self._log:
            self._log.failed(task=job.label.kind, name=job.label.name, reason=str(error))

    def _hear(self, event: dict[str, Any]) -> None:
        """Note that a task has started, compiles, or has ended."""
        key = event["key"]
        job = self._jobs[key]
        label = job.label
        if "compiling" in event:
            self.compiled = True
            self._progress.compiling(event["kept"])
        if "seconds" not in event:
            # The error may arrive before the start event. Compiling restarts the task's time.
            if key not in self._failed:
                self._stragglers.started(key, event["worker"], label.kind, label.nbytes)
            return
        self._stragglers.ended(key, event["seconds"])
        self._told.add(key)
        self._unheard.discard(key)
        if self._log:
            self._log.ended(
                task=label.kind,
                name=label.name,
                iterations=label.iterations,
                # A merging job reports the sum of its inputs' bytes, but reads nothing itself.
                nbytes=event["nbytes"] if label.nbytes else 0,
                seconds=event["seconds"],
                worker=event["worker"],
                memory_bytes=event["memory"],
                attempt=job.keys.index(key) + 1,
            )

    def _hear_the_last(self) -> None:
        """Wait briefly for missing end events: results may arrive before them."""
        deadline = time.monotonic() + 5
        while self._log and time.monotonic() < deadline:
            if not self._unheard:
                return
            try:
                message = self._inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(message, dict):
                self._hear(message)

    def _look(self) -> None:
        """Check for stragglers, for jobs that wait behind them, and for lost workers."""
        self._looked = now = time.monotonic()
        self._standstill.check(self.client, self._stragglers.all(), self._jobs.keys())
        late = self._stragglers.late()
        waiting, stuck = [], []
        for job in self._open:
            running = {key for key in job.keys if self._stragglers.running(key)}
            if not running:
                waiting.append(job)
            elif running <= late.keys():  # all its running attempts are late
                stuck.append((job, [late[key] for key in running]))
        long = any(now - job.submitted > self._limits.straggler_seconds for job in waiting)
        if len(waiting) < len(self._open) and not late and not long:
            self._seen = now
            return
        workers = self._workers(now) - {task.worker for task in late.values()}
        for job, tasks in stuck:
            told = ", ".join(f"{task.seconds:.0f} s on {task.worker}" for task in tasks)
            self._retry(job, workers, f"runs for {told}")
        if late or long:
            self._retry_behind(waiting, workers)

    def _workers(self, now: float) -> set[str]:
        """Ask for the workers; raise when there has been none for too long."""
        workers = set(self.client.scheduler_info()["workers"])
        if workers:
            self._seen = now
        elif now - self._seen > max(LOST_CLUSTER_SECONDS, self._limits.connect_seconds):
            raise ClusterError(
                f"no worker is left at {_address(self.client)}, and none came for "
                f"{now - self._seen:.0f} seconds; what was committed before is intact. Start "
                "workers, and process again"
            )
        return workers

    def _retry_behind(self, waiting: list[Job], workers: set[str]) -> None:
        """Attempt jobs elsewhere that wait for a worker which does not start them."""
        jobs = {key: job for job in waiting for key in job.attempts}
        for worker, keys in self.client.processing().items():
            for job in {jobs[str(key)] for key in keys if str(key) in jobs}:
                if self._stragglers.holds_up(worker, job.submitted):
                    self._retry(job, workers - {worker}, f"waits for {worker}")

    def _retry(self, job: Job, workers: set[str], reason: str) -> None:
        """Attempt a job again on other workers, unless a recent retry has yet to start."""
        untried = any(
            key in job.attempts and not self._stragglers.running(key) for key in job.keys[1:]
        )
        recent = time.monotonic() - job.submitted < self._limits.straggler_seconds
        if not workers or (untried and recent) or len(job.keys) >= ATTEMPTS:
            return
        if self._log:
            self._log.retried(task=job.label.kind, name=job.label.name, reason=reason)
        self._attempt(job, sorted(workers))


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
    return str(client.scheduler.address) if client.scheduler else "its address"
