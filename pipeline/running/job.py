"""A job and its attempts: their statuses, and the only methods that change them.

A job has one attempt, a Dask task, or several where the first does not end. The first result
counts. A job's status follows from those of its attempts and from its result.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from distributed import Future

__all__ = ["Attempt", "Job", "Label", "Status"]


class Status(Enum):
    """The status of an attempt or of a job.

    A job waits while no attempt runs, and runs while at least one does. It is done with the first
    result, and failed when all attempts have failed. Of an attempt only FAILED is final: Dask
    repeats a task whose worker was lost with the result. Results and errors do not travel with the
    events of a task, and may arrive before its start.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


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
class Attempt:
    """One Dask task that tries a job.

    Attributes
    ----------
    label : Label
        Of the job.
    future : Future or None
        The task's future, until it fails or becomes the job's result.
    worker : str
        Address of the worker that started it last.
    started : float
        Time of that start.
    reported : bool
        Whether a worker has reported its end.
    """

    label: Label
    future: Future | None
    status: Status = Status.WAITING
    worker: str = ""
    started: float = 0.0
    reported: bool = False


@dataclass(eq=False)
class Job:
    """One unit of work; its methods alone change its attempts.

    All times are seconds of one monotonic clock. A method that is asked for an impossible change
    raises ValueError.

    Attributes
    ----------
    attempts : dict of str to Attempt
        Its attempts by the key of their task, in order.
    submitted : float
        Time of the last attempt's submission.
    winner : Attempt or None
        The attempt that gave the result.
    result : Future or None
        Future of the winner. Set to None once it is no longer needed, so that the workers release
        it.
    """

    label: Label
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempts: dict[str, Attempt] = field(default_factory=dict)
    submitted: float = 0.0
    winner: Attempt | None = None
    result: Future | None = None

    @property
    def status(self) -> Status:
        """The job's status, from its attempts and its result."""
        if self.winner is not None:
            return Status.DONE
        statuses = {attempt.status for attempt in self.attempts.values()}
        if Status.RUNNING in statuses:
            return Status.RUNNING
        return Status.FAILED if statuses == {Status.FAILED} else Status.WAITING

    @property
    def running(self) -> set[Attempt]:
        """The attempts that run."""
        return {a for a in self.attempts.values() if a.status is Status.RUNNING}

    @property
    def retry_waits(self) -> bool:
        """Whether an attempt after the first has yet to start."""
        retries = list(self.attempts.values())[1:]
        return any(attempt.status in {Status.WAITING, Status.DONE} for attempt in retries)

    def number(self, key: str) -> int:
        """Give the number of an attempt, from 1."""
        return list(self.attempts).index(key) + 1

    def submit(self, key: str, future: Future, now: float) -> None:
        """Add an attempt that waits; a job that is done or has failed takes none."""
        if key in self.attempts or self.status in {Status.DONE, Status.FAILED}:
            raise ValueError(f"{key}: cannot be submitted, its job is {self.status.value}")
        self.attempts[key] = Attempt(self.label, future)
        self.submitted = now

    def start(self, key: str, worker: str, now: float) -> None:
        """Note that a worker has started an attempt; a second start restarts its time."""
        attempt = self._changed(key, Status.RUNNING)
        attempt.worker, attempt.started = worker, now

    def end(self, key: str) -> None:
        """Note that a worker has reported the good end of an attempt."""
        self._changed(key, Status.DONE).reported = True

    def succeed(self, key: str) -> bool:
        """Note that an attempt's result has arrived; give whether it is the job's first."""
        attempt = self._changed(key, Status.DONE)
        if self.winner is not None:
            return False
        self.winner = attempt
        self.result, attempt.future = attempt.future, None
        self.arguments = ()  # no further attempt follows: release them
        return True

    def fail(self, key: str) -> None:
        """Note that an attempt has failed for good: Dask does not repeat it any more."""
        self._changed(key, Status.FAILED).future = None

    def _changed(self, key: str, status: Status) -> Attempt:
        """Change an attempt's status: never one that has failed; the winner cannot fail."""
        attempt = self.attempts.get(key)
        if attempt is None:
            raise ValueError(f"{key}: no attempt of job {self.label}")
        lost = attempt is self.winner and status is Status.FAILED
        if lost or attempt.status is Status.FAILED:
            raise ValueError(f"{key}: cannot change from {attempt.status.value} to {status.value}")
        attempt.status = status
        return attempt
