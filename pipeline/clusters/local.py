"""Worker processes on this machine."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from deeptracker.errors import ClusterError
from deeptracker.pipeline.clusters.main_guard import GUARD
from deeptracker.pipeline.clusters.settings import (
    AdaptiveSettings,
    ClusterSettings,
    Memory,
    Size,
    parse_memory,
)
from deeptracker.pipeline.clusters.worker_process import PRELOAD, set_defaults

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["LocalSettings"]

# A run that reads less takes less time than worker processes take to start.
SMALL_BYTES = 2**30


class LocalSettings(ClusterSettings):
    """Worker processes on this machine, started for one run."""

    kind: Literal["local"] = "local"
    workers: int | None = Field(
        default=None, ge=1, description="worker processes; by default one per core"
    )
    threads: int = Field(default=1, ge=1, description="threads of a worker")
    processes: bool | None = Field(
        default=None,
        description="false: threads of this process instead of worker processes; the default when "
        "no number of workers is given and less than 1 GiB is read",
    )
    memory: Memory | None = Field(
        default=None, description="memory limit of a worker, as in 4GiB; by default an equal share"
    )
    adaptive: AdaptiveSettings | None = Field(
        default=None, description="start and stop workers with the work, instead of a fixed number"
    )

    @contextmanager
    def connect(self) -> Iterator["Client"]:
        """Start worker processes, and end them afterwards."""
        from distributed import Client, LocalCluster

        set_defaults()
        if self.processes is False:
            with _thread_client(self) as client:
                yield client
            return
        limits = self.size()
        with ExitStack() as stack:
            with _left_open_if_interrupted(), _start_errors():
                cluster = stack.enter_context(
                    LocalCluster(
                        n_workers=self.adaptive.minimum if self.adaptive else limits.workers,
                        threads_per_worker=self.threads,
                        memory_limit=limits.memory,
                        processes=True,
                        host="127.0.0.1",
                        dashboard_address="127.0.0.1:0",
                        preload=PRELOAD,
                        silence_logs=logging.CRITICAL,
                    )
                )
            client = stack.enter_context(Client(cluster))
            if self.adaptive:
                cluster.adapt(
                    minimum=self.adaptive.minimum, maximum=self.adaptive.maximum, interval="1s"
                )
            yield client

    def size(self) -> Size:
        """Give the number of workers, and an equal share of the machine's memory for each."""
        from distributed.worker_memory import parse_memory_limit

        workers, threads = self.workers or os.cpu_count() or 1, self.threads
        if self.adaptive:
            workers = self.adaptive.maximum
        if self.processes is False:
            workers, threads = 1, workers * threads
        memory = (
            parse_memory(self.memory)
            if self.memory
            else parse_memory_limit("auto", 1, workers, logger=logging.getLogger(__name__))
        )
        return Size(workers, threads, memory)

    def resized(self, workers: int) -> Self:
        """Give the same settings for a fixed number of worker processes."""
        return self.model_copy(update={"workers": workers, "adaptive": None})

    def fitted(self, nbytes: int) -> Self:
        """Choose threads for a run that reads little, unless the settings choose processes."""
        free = self.processes is None and self.workers is None and self.adaptive is None
        if free and nbytes < SMALL_BYTES:
            return self.model_copy(update={"processes": False})
        return self


@contextmanager
def _left_open_if_interrupted() -> Iterator[None]:
    """Start a cluster; leave it open if starting is interrupted: it cannot be closed then."""
    from distributed.deploy.spec import SpecCluster

    known = SpecCluster._instances  # noqa: SLF001  # Dask's only list of its clusters
    others = set(known)
    try:
        yield
    except KeyboardInterrupt:
        for cluster in set(known) - others:
            # Otherwise Dask closes it when the interpreter exits, and prints pages of errors.
            cluster.shutdown_on_close = False
        raise


@contextmanager
def _start_errors() -> Iterator[None]:
    """Report in one line why the scheduler or the worker processes do not start."""
    try:
        yield
    except RuntimeError as error:
        if "failed to start" not in str(error):
            raise
        cause: BaseException = error
        while cause.__cause__:
            cause = cause.__cause__
        # Dask reports the cause for a scheduler in this process, not for other processes.
        if "failed to start" not in str(cause):
            raise ClusterError(f"the scheduler and its workers did not start: {cause}") from error
        raise ClusterError(
            "the worker processes did not start; their output gives the reason. If a script calls "
            f"process() or follow(), {GUARD}"
        ) from None


@contextmanager
def _thread_client(settings: LocalSettings) -> Iterator["Client"]:
    """Run tasks in this process: one worker with the threads of all workers together."""
    import dask
    from distributed import Client, LocalCluster

    encrypted = dask.config.get("distributed.comm.require-encryption", default=False)
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=settings.size().tasks,
            memory_limit=None,
            processes=False,
            protocol="tls" if encrypted else "tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            # Bokeh alone takes half a second to import: a fifth of a rerun over one new snapshot.
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
