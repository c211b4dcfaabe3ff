"""An existing Dask scheduler, with workers on any machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters.settings import ClusterSettings, Size

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["AddressSettings"]


class AddressSettings(ClusterSettings):
    """An existing scheduler; its workers must see the log and the store."""

    kind: Literal["address"]
    address: str = Field(
        pattern=r"^[a-z]+://.+", description="the scheduler, as in tcp://HOST:PORT"
    )

    @contextmanager
    def connect(self) -> Iterator["Client"]:
        """Connect to the scheduler; it and its workers stay after the run.

        Raises
        ------
        ConfigError
            When no scheduler answers, or it has no workers.
        """
        from distributed import Client

        try:
            client = Client(self.address, timeout=self.connect_seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ConfigError(
                f"no Dask scheduler answers at {self.address} within "
                f"{self.connect_seconds:g} seconds; start one with: dask scheduler"
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=self.connect_seconds)
            except TimeoutError:
                raise ConfigError(
                    f"the scheduler at {self.address} has no workers; start one with: "
                    f"dask worker {self.address}"
                ) from None
            yield client

    def size(self) -> Size:
        """Ask the scheduler for its workers.

        Raises
        ------
        ConfigError
            When no scheduler answers, or it has no workers.
        """
        with self.connect() as client:
            workers = client.scheduler_info()["workers"].values()
            limits = [worker["memory_limit"] for worker in workers if worker["memory_limit"]]
            threads = sum(worker["nthreads"] for worker in workers)
            return Size(len(workers), max(1, threads // len(workers)), min(limits, default=None))

    def resized(self, workers: int) -> Self:
        """Refuse: an existing scheduler has its own workers.

        Raises
        ------
        ConfigError
            Always.
        """
        raise ConfigError(
            f"--workers {workers}: the scheduler at {self.address} has its own workers; leave "
            "the option out"
        )
