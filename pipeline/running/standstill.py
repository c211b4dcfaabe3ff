"""Standstill: a cluster with workers on which no task begins or ends any more."""

from collections.abc import Collection, Iterable, Mapping

from deeptracker.errors import ClusterError
from deeptracker.pipeline.running.job import Attempt

__all__ = ["serves_others", "standstill"]

# Workers send the scheduler a heartbeat about every second.
SILENT_SECONDS = 30.0
NAMED_WORKERS = 8


def serves_others(
    processing: Mapping[str, Iterable[object]], silent: Mapping[str, float], ours: Collection[str]
) -> bool:
    """Whether a live worker has tasks of other clients, so that ours wait their turn.

    Parameters
    ----------
    processing : mapping of str to iterable
        The keys of the tasks that each worker has.
    silent : mapping of str to float
        Seconds since each worker's last heartbeat.
    ours : collection of str
        The keys of all our tasks.
    """
    return any(
        silent.get(worker, SILENT_SECONDS) < SILENT_SECONDS
        and any(str(key) not in ours for key in keys)
        for worker, keys in processing.items()
    )


def standstill(
    still: float, silent: Mapping[str, float], running: Collection[Attempt], now: float
) -> ClusterError:
    """Give the error of a standstill, with the workers and the tasks that each runs.

    Parameters
    ----------
    still : float
        Seconds for which no task has begun or ended.
    silent : mapping of str to float
        Seconds since each worker's last heartbeat.
    running : collection of Attempt
        The attempts that run.
    now : float
        Seconds on their clock.
    """
    named = [_described(name, silent[name], running, now) for name in list(silent)[:NAMED_WORKERS]]
    more = f" and {len(silent) - NAMED_WORKERS} more" if len(silent) > NAMED_WORKERS else ""
    return ClusterError(
        f"no task has begun or ended for {still:.0f} seconds, all workers hang: "
        f"{', '.join(named)}{more}; earlier commits are intact. Find out why they hang (a file "
        "server that does not answer, a suspended host), restart them, and process again; if tasks "
        "may take as long, raise stall_seconds of the cluster"
    )


def _described(worker: str, silent: float, running: Iterable[Attempt], now: float) -> str:
    """Describe a worker: the tasks that it runs, and how long it has been silent."""
    tasks = "; ".join(
        f"{attempt.label} for {now - attempt.started:.0f} s"
        for attempt in running
        if attempt.worker == worker
    )
    heard = f", silent for {silent:.0f} s" if silent >= SILENT_SECONDS else ""
    return f"{worker} (runs {tasks or 'nothing'}{heard})"
