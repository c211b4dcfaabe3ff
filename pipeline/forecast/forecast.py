"""A forecast of a run: bytes read and written, memory and time, and whether they fit."""

from dataclasses import asdict, dataclass
from typing import Any

from deeptracker.errors import ConfigError, StoreError
from deeptracker.wording import counted, sized

__all__ = ["Forecast"]

# Above this share of its limit Dask ends a worker.
USABLE_SHARE = 0.95


@dataclass(frozen=True)
class Forecast:
    """The forecast of a run.

    Attributes
    ----------
    action : str
        The change of the store: create, append, rebuild or nothing.
    reason : str
        Why all iterations are processed again; "" if they are not.
    iterations, snapshots : int
        Numbers to be processed: all, or the new ones.
    parameters, weights : int
        Numbers in the last snapshot.
    read_bytes : int
        Bytes of the log that are read.
    written_bytes, objects : int
        Approximate growth of the store, in bytes and in files or objects.
    tasks : int
        Dask tasks.
    task_bytes, worker_bytes : int
        Memory of the largest task, and the peak memory of a worker's process.
    worker_limit : int or None
        Memory limit of a worker; None if it has none.
    free_bytes : int or None
        Free space on the disk of the store; None for object storage.
    seconds : float
        Approximate duration.
    problems : tuple of str
        Files that would be left out, and other warnings, each with its remedy.
    changes : str
        How the network changed in the new snapshots; empty if it did not.
    reading : tuple of str
        The format, the iterations and what is left out, a line each.
    """

    log: str
    store: str
    action: str
    reason: str
    iterations: int
    snapshots: int
    parameters: int
    weights: int
    read_bytes: int = 0
    written_bytes: int = 0
    objects: int = 0
    tasks: int = 0
    task_bytes: int = 0
    worker_bytes: int = 0
    worker_limit: int | None = None
    workers: int = 0
    threads: int = 0
    free_bytes: int | None = None
    seconds: float = 0.0
    bytes_per_second: float = 0.0
    rate_origin: str = ""
    problems: tuple[str, ...] = ()
    changes: str = ""
    reading: tuple[str, ...] = ()

    def check(self) -> None:
        """Check the memory of the workers and the space on the disk.

        Raises
        ------
        ConfigError
            When a worker's memory is less than its tasks hold.
        StoreError
            When the disk has less room than the store needs.
        """
        if self.worker_limit is not None:
            usable = int(self.worker_limit * USABLE_SHARE)
            if self.worker_bytes > usable:
                raise ConfigError(
                    f"a worker may hold {usable:,} bytes, less than the {self.worker_bytes:,} "
                    f"bytes that it needs for {counted(self.threads, 'task')} at once; give the "
                    "workers more memory, or lower block_bytes or columns_per_chunk"
                )
        if self.free_bytes is not None and self.written_bytes > self.free_bytes:
            raise StoreError(
                f"{self.store}: its disk has {self.free_bytes:,} bytes free, less than the "
                f"{self.written_bytes:,} bytes that the store would grow by; free space, or "
                "choose another disk with --store"
            )

    def as_dict(self) -> dict[str, Any]:
        """Give the forecast for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Give the forecast as text, one fact a line."""
        return "\n".join([*self._lines(), *(f"warning: {problem}" for problem in self.problems)])

    def _lines(self) -> list[str]:
        if self.action == "nothing":
            return [f"{self.store}: nothing new; processing {self.log} would write nothing"]
        if not self.iterations:
            line = f"{self.store}: new scalars only; processing {self.log} would read no weight"
            return [line]
        verb = {"create": "created", "append": "appended to", "rebuild": "rebuilt"}[self.action]
        each = " each" if self.workers > 1 else ""
        limit = f" of {sized(self.worker_limit)}" if self.worker_limit else ", with no limit"
        free = f", {sized(self.free_bytes)} free" if self.free_bytes is not None else ""
        lines = [
            f"{self.log}",
            f"  store    {self.store} would be {verb}",
            (
                f"  read     {sized(self.read_bytes)}: {counted(self.snapshots, 'snapshot')} of "
                f"{counted(self.parameters, 'parameter')}, {counted(self.weights, 'weight')}"
            ),
            f"  write    about {sized(self.written_bytes)} in {self.objects:,} objects{free}",
            f"  tasks    {self.tasks:,}, the largest holds {sized(self.task_bytes)}",
            (
                f"  workers  {counted(self.workers, 'worker')} with "
                f"{counted(self.threads, 'thread')}{each}, a worker holds up to "
                f"{sized(self.worker_bytes)}{limit}"
            ),
            (
                f"  time     about {_duration(self.seconds)}, at "
                f"{self.bytes_per_second / 1e9:.2f} GB/s a thread ({self.rate_origin})"
            ),
        ]
        if self.changes:
            lines.insert(3, f"  changes  {self.changes}")
        if self.reason:
            lines.insert(2, f"           all iterations are processed again: {self.reason}")
        lines[1:1] = self.reading
        return lines


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
