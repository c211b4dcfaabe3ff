"""The task log: a JSON object per line for every task of a run that ended."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["TaskLog"]


class TaskLog:
    """Appends to a file, whole lines only.

    Parameters
    ----------
    path : Path
        The file; a run appends to it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def ended(
        self,
        *,
        task: str,
        name: str,
        iterations: tuple[int, int] | None,
        nbytes: int,
        seconds: float,
        worker: str,
        memory_bytes: int,
        attempt: int,
    ) -> None:
        """Record a task that ended well.

        Parameters
        ----------
        task, name : str
            Its kind, and the name of its subject.
        iterations : tuple of int or None
            First and last.
        nbytes : int
            Bytes of weights and gradients that it read from the log; 0 for a kind that reads none.
        memory_bytes : int
            Peak memory of the worker's process since the process started.
        attempt : int
            Number of the attempt, from 1.
        """
        self._write(
            event="ended",
            task=task,
            name=name,
            iterations=list(iterations) if iterations else None,
            bytes=nbytes,
            seconds=round(seconds, 6),
            worker=worker,
            memory_bytes=memory_bytes,
            attempt=attempt,
        )

    def retried(self, *, task: str, name: str, reason: str) -> None:
        """Record a further attempt at a task on another worker."""
        self._write(event="retried", task=task, name=name, reason=reason)

    def failed(self, *, task: str, name: str, reason: str) -> None:
        """Record a task that failed while another attempt goes on."""
        self._write(event="failed", task=task, name=name, reason=reason)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, **fields: Any) -> None:
        self._file.write(json.dumps({"time": round(time.time(), 3), **fields}) + "\n")
