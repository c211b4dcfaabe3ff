"""Progress: the events that the pipeline reports, and a terminal bar that shows them."""

from typing import Protocol

__all__ = ["Progress", "RichProgress", "SilentProgress"]


UNKEPT = (
    "the workers find no folder to keep compiled kernels in, so that every process compiles them "
    "anew; set NUMBA_CACHE_DIR to one that they can write and that lasts"
)


class Progress(Protocol):
    """Receives every step of the pipeline, which knows nothing else of its watcher."""

    def start(self, total_bytes: int) -> None:
        """Begin: `total_bytes` of snapshots will be read."""
        ...

    def cluster(self, dashboard: str) -> None:
        """Workers are there; Dask's own dashboard is at `dashboard`."""
        ...

    def stage(self, name: str) -> None:
        """Begin a stage."""
        ...

    def compiling(self, kept: bool) -> None:
        """Show that a worker compiles kernels, which takes seconds.

        `kept` says whether they are kept for later runs; otherwise no folder can be written.
        """
        ...

    def advance(self, done_bytes: int) -> None:
        """`done_bytes` more have been processed."""
        ...

    def stop(self) -> None:
        """End, after success or failure."""
        ...


class SilentProgress:
    """Says nothing."""

    def start(self, total_bytes: int) -> None:
        """Say nothing."""

    def cluster(self, dashboard: str) -> None:
        """Say nothing."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def compiling(self, kept: bool) -> None:
        """Say nothing."""

    def advance(self, done_bytes: int) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Say nothing."""


class RichProgress:
    """A bar on standard error: stage, bytes, bytes a second and the time left."""

    def __init__(self) -> None:
        # A silent run needs no rich.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as Bar  # noqa: PLC0415

        self._bar = Bar(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._stage = "starting"
        self._told = False

    def start(self, total_bytes: int) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=max(total_bytes, 1))
        self._bar.start()

    def cluster(self, dashboard: str) -> None:
        """Print the link above the bar."""
        self._bar.console.print(f"Dask dashboard: {dashboard}", highlight=False, soft_wrap=True)

    def stage(self, name: str) -> None:
        """Show the stage's name next to the bar."""
        self._stage = name
        self._bar.update(self._task, description=name)

    def compiling(self, kept: bool) -> None:
        """Show it in place of the stage's name until something has been processed."""
        self._bar.update(self._task, description="compiling (first run)" if kept else "compiling")
        if not kept and not self._told:
            self._told = True
            self._bar.console.print(f"[bold yellow]notice:[/] {UNKEPT}", soft_wrap=True)

    def advance(self, done_bytes: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=self._stage, advance=done_bytes)

    def stop(self) -> None:
        """Remove the bar."""
        self._bar.stop()
