"""Stragglers: which tasks run, where and since when; which take far longer than their kind."""

import statistics
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Pace", "Running", "Stragglers"]

# Speed that is assumed until the first task of a kind has ended.
SLOWEST_BYTES_PER_SECOND = 10e6
REMEMBERED = 256


class Pace:
    """How long tasks of each kind take, and after how long one is a straggler.

    Parameters
    ----------
    factor : float
        A task over this multiple of its kind's median time is a straggler.
    seconds : float
        A task younger than this is never a straggler.
    """

    def __init__(self, factor: float, seconds: float) -> None:
        self._factor = factor
        self._seconds = seconds
        self._ended: dict[str, deque[tuple[float, int]]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED)
        )

    def ended(self, kind: str, seconds: float, nbytes: int) -> None:
        """Remember a task that ended well."""
        self._ended[kind].append((seconds, nbytes))

    def limit(self, kind: str, nbytes: int) -> float:
        """Give the seconds after which a task that reads `nbytes` is a straggler.

        The limit follows the median time of its kind, and grows for a task that reads more than
        the median.
        """
        known = self._ended.get(kind)
        if known:
            usual = statistics.median(seconds for seconds, _ in known)
            size = statistics.median(nbytes for _, nbytes in known)
            expected = usual * max(1.0, nbytes / size if size else 1.0)
        else:
            expected = self._seconds + nbytes / SLOWEST_BYTES_PER_SECOND
        return max(self._seconds, self._factor * expected)


@dataclass(frozen=True)
class Running:
    """A task that has started."""

    worker: str
    since: float
    kind: str
    nbytes: int

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.since


class Stragglers:
    """Knows every task that runs, and which of them are late.

    Parameters
    ----------
    factor, seconds : float
        See `Pace`.
    """

    def __init__(self, factor: float, seconds: float) -> None:
        self._pace = Pace(factor, seconds)
        self._patience = seconds
        self._running: dict[str, Running] = {}
        self._heard: dict[str, float] = {}

    def started(self, key: str, worker: str, kind: str, nbytes: int) -> None:
        """Note that a task has started; a second call restarts its time."""
        now = time.monotonic()
        self._running[key] = Running(worker, now, kind, nbytes)
        self._heard[worker] = now

    def ended(self, key: str, seconds: float) -> None:
        """Note that a task has ended well."""
        task = self._running.pop(key, None)
        if task is not None:
            self._heard[task.worker] = time.monotonic()
            self._pace.ended(task.kind, seconds, task.nbytes)

    def failed(self, key: str) -> None:
        """Note that a task has finally failed; its time does not count for its kind."""
        task = self._running.pop(key, None)
        if task is not None:
            self._heard[task.worker] = time.monotonic()

    def running(self, key: str) -> Running | None:
        """Give a task, if it runs."""
        return self._running.get(key)

    def all(self) -> Mapping[str, Running]:
        """Give every task that runs, by key."""
        return self._running

    def late(self) -> dict[str, Running]:
        """Give the stragglers, by key."""
        return {
            key: task
            for key, task in self._running.items()
            if task.seconds > self._pace.limit(task.kind, task.nbytes)
        }

    def holds_up(self, worker: str, since: float) -> bool:
        """Whether a worker, given a task at `since`, delays it without a good reason.

        It does if its own tasks are late, or if it has neither begun nor ended one for long.
        """
        here = {key for key, task in self._running.items() if task.worker == worker}
        if here:
            return here <= self.late().keys()
        heard = max(since, self._heard.get(worker, since))
        return time.monotonic() - heard > self._patience
