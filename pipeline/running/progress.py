"""Progress: the events that the pipeline reports, and a terminal bar that shows them."""

from typing import Protocol

__all__ = ["Progress", "RichProgress", "SilentProgress"]


CACHE_NOTICE = (
    "the workers cannot keep compiled kernels, so that every process compiles them again; set "
    "NUMBA_CACHE_DIR to a folder that they can write and that lasts"
)


class Progress(Protocol):
    """Receives the steps of a run; the pipeline knows nothing else of its display."""

    def start(self, total_bytes: int) -> None:
        """Begin a run that reads `total_bytes` of snapshots."""
        ...

    def cluster(self, dashboard: str) -> None:
        """Note that workers have started; Dask's dashboard is at the link `dashboard`."""
        ...

    def stage(self, name: str) -> None:
        """Begin a stage."""
        ...

    def compiling(self, kept: bool) -> None:
        """Show that a worker compiles kernels, which takes seconds.

        `kept` is whether they are kept for later runs; if not, no cache folder can be written.
        """
        ...

    def advance(self, done_bytes: int) -> None:
        """Note that `done_bytes` more have been processed."""
        ...

    def stop(self) -> None:
        """End the run, after success or failure."""
        ...


class SilentProgress:
    """Shows nothing."""

    def start(self, total_bytes: int) -> None:
        """Show nothing."""

    def cluster(self, dashboard: str) -> None:
        """Show nothing."""

    def stage(self, name: str) -> None:
        """Show nothing."""

    def compiling(self, kept: bool) -> None:
        """Show nothing."""

    def advance(self, done_bytes: int) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Show nothing."""


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
        self._noticed = False

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
        """Show compiling in place of the stage's name until the bar moves."""
        self._bar.update(self._task, description="compiling (first run)" if kept else "compiling")
        if not kept and not self._noticed:
            self._noticed = True
            self._bar.console.print(f"[bold yellow]notice:[/] {CACHE_NOTICE}", soft_wrap=True)

    def advance(self, done_bytes: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=self._stage, advance=done_bytes)

    def stop(self) -> None:
        """Remove the bar."""
        self._bar.stop()
