"""Standstill: a cluster with workers on which no task begins or ends any more."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from distributed import Client

from deeptracker.errors import ClusterError
from deeptracker.pipeline.running.stragglers import Running

__all__ = ["Standstill"]

# Workers send the scheduler a heartbeat about every second.
SILENT_SECONDS = 30.0
NAMED_WORKERS = 8


class Standstill:
    """Notes when a task last began or ended, and ends the run when that was too long ago.

    Parameters
    ----------
    seconds : float
        Longest time in which no task begins or ends.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._moved = time.monotonic()

    def moved(self) -> None:
        """Note that something was submitted, has begun or has ended."""
        self._moved = time.monotonic()

    def check(self, client: Client, running: Mapping[str, Running], ours: Collection[str]) -> None:
        """Raise at a standstill, unless there is a reason to wait.

        Parameters
        ----------
        running : mapping of str to Running
            Our tasks that have begun, by key.
        ours : collection of str
            The keys of all our tasks: a shared cluster may run other clients' tasks.

        Raises
        ------
        ClusterError
            Naming the workers, the tasks that each runs and the time since its last heartbeat.
        """
        still = time.monotonic() - self._moved
        if still <= self._seconds:
            return
        workers = client.scheduler_info()["workers"]
        now = time.time()
        silent = {name: now - known["last_seen"] for name, known in workers.items()}
        if not workers or _works_for_others(client, silent, ours):
            self.moved()
            return
        told = [_told(name, running, silent[name]) for name in list(workers)[:NAMED_WORKERS]]
        more = f" and {len(workers) - NAMED_WORKERS} more" if len(workers) > NAMED_WORKERS else ""
        raise ClusterError(
            f"no task has begun or ended for {still:.0f} seconds, all workers hang: "
            f"{', '.join(told)}{more}; nothing that was committed is lost. See why they hang (a "
            "file server that does not answer, a host that stands still), restart them, and "
            "process again; where tasks may take as long, raise stall_seconds of the cluster"
        )


def _works_for_others(client: Client, silent: Mapping[str, float], ours: Collection[str]) -> bool:
    """Whether a live worker has tasks of other clients, so that ours wait their turn."""
    tasks: Mapping[str, Any] = client.processing()
    return any(
        silent.get(worker, SILENT_SECONDS) < SILENT_SECONDS
        and any(str(key) not in ours for key in keys)
        for worker, keys in tasks.items()
    )


def _told(worker: str, running: Mapping[str, Running], silent: float) -> str:
    """Describe a worker: the tasks that it runs, and how long it has been silent."""
    here = [(key, task) for key, task in running.items() if task.worker == worker]
    what = "; ".join(f"{_name(key)} for {task.seconds:.0f} s" for key, task in here) or "nothing"
    heard = f", silent for {silent:.0f} s" if silent >= SILENT_SECONDS else ""
    return f"{worker} (runs {what}{heard})"


def _name(key: str) -> str:
    """Give a task's name without the run's token and its number."""
    return key.rsplit("-", 2)[0]
