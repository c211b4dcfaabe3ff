"""Watchers of a run: the progress bar, Dask's performance report, the task log."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from distributed import Client, performance_report

from deeptracker.errors import ConfigError
from deeptracker.pipeline.running.progress import Progress
from deeptracker.pipeline.running.task_log import TaskLog

__all__ = ["Watch"]


@dataclass(frozen=True)
class Watch:
    """The progress bar and the files that report a run.

    Attributes
    ----------
    report : Path or None
        Dask's performance report, an HTML file.
    task_log : Path or None
        The task log, a JSON object per line for every task that ended.
    """

    progress: Progress
    report: Path | None = None
    task_log: Path | None = None

    def check(self) -> None:
        """Check before the run that every file can be written.

        Raises
        ------
        ConfigError
            When a file cannot be written, or Bokeh is missing for the report.
        """
        if self.report and find_spec("bokeh") is None:
            raise ConfigError(
                "--report needs bokeh; install it with: pip install 'deeptracker[app]'"
            )
        for path, kind in ((self.report, "report"), (self.task_log, "task log")):
            if path and not _is_writable(path):
                raise ConfigError(
                    f"{path}: the {kind} cannot be written; give a file in a writable folder"
                )

    @contextmanager
    def observe(self, client: Client) -> Iterator[TaskLog | None]:
        """Observe a client's tasks; give the task log. A failed run also writes its report."""
        if find_spec("bokeh") is not None and _has_dashboard(client):
            link = client.dashboard_link  # a request to an existing scheduler
            if link:
                self.progress.cluster(link)
        with ExitStack() as watching:
            log = watching.enter_context(TaskLog(self.task_log)) if self.task_log else None
            if self.report:
                watching.enter_context(_reporting(client, self.report))
            yield log


def _has_dashboard(client: Client) -> bool:
    """Whether the scheduler serves Dask's dashboard; a scheduler of ours may run without."""
    scheduler = getattr(client.cluster, "scheduler", None)
    application = getattr(scheduler, "http_application", None)
    return application is None or bool(application.applications)


@contextmanager
def _reporting(client: Client, path: Path) -> Iterator[None]:
    """Write the report when the run ends; a failed run's error takes precedence."""
    with client.as_current():
        report = performance_report(str(path), stacklevel=4)
        report.__enter__()
        try:
            yield
        except BaseException as error:
            if client.status == "running":
                with suppress(Exception):
                    report.__exit__(type(error), error, error.__traceback__)
            raise
        report.__exit__(None, None, None)


def _is_writable(path: Path) -> bool:
    if path.exists():
        return path.is_file() and os.access(path, os.W_OK)
    folder = path.absolute().parent
    return folder.is_dir() and os.access(folder, os.W_OK)
