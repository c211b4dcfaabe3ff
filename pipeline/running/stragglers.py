"""Stragglers: attempts that take far longer than their kind, and the workers that delay others."""

import statistics
from collections import defaultdict, deque
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from deeptracker.pipeline.running.job import Attempt, Job

__all__ = ["Pace", "delays", "late_jobs", "stragglers"]

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


def stragglers(running: Iterable[Attempt], pace: Pace, now: float) -> set[Attempt]:
    """Give the stragglers among running attempts.

    Parameters
    ----------
    now : float
        Seconds on the clock of the attempts.
    """
    return {
        attempt
        for attempt in running
        if now - attempt.started > pace.limit(attempt.label.kind, attempt.label.nbytes)
    }


def late_jobs(jobs: Iterable[Job], late: AbstractSet[Attempt]) -> list[Job]:
    """Give the jobs that run, but all of whose running attempts are stragglers."""
    return [job for job in jobs if job.running and job.running <= late]


def delays(
    here: AbstractSet[Attempt], late: AbstractSet[Attempt], quiet: float, patience: float
) -> bool:
    """Whether a worker delays a job that waits for it without a good reason.

    Parameters
    ----------
    here : set of Attempt
        The attempts that run on the worker: it delays others if all are stragglers.
    late : set of Attempt
        All stragglers.
    quiet : float
        Seconds since an idle worker last started or ended a task, or got the job.
    patience : float
        Longest such time that is not a delay.
    """
    return here <= late if here else quiet > patience
