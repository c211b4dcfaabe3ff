"""Pace: how long tasks of each kind take, and from when on one of them is a straggler."""

import statistics
from collections import defaultdict, deque

__all__ = ["Pace"]

# Before any of a kind has ended, a task may take as long as at this speed, and then some.
SLOWEST_BYTES_PER_SECOND = 10e6
REMEMBERED = 256


class Pace:
    """What is known of the tasks that have ended.

    Parameters
    ----------
    factor : float
        A straggler takes so many times the median of its kind.
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

        The median of its kind counts, more for a task that reads more than the median of them.
        """
        known = self._ended.get(kind)
        if known:
            usual = statistics.median(seconds for seconds, _ in known)
            size = statistics.median(nbytes for _, nbytes in known)
            expected = usual * max(1.0, nbytes / size if size else 1.0)
        else:
            expected = self._seconds + nbytes / SLOWEST_BYTES_PER_SECOND
        return max(self._seconds, self._factor * expected)
