"""A scheduler that is there already, wherever its workers are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters.settings import ClusterSettings, Size

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["AddressSettings", "connect", "size"]


class AddressSettings(ClusterSettings):
    """An existing scheduler; its workers must see the log and the store."""

    kind: Literal["address"]
    address: str = Field(
        pattern=r"^[a-z]+://.+", description="the scheduler, as in tcp://HOST:PORT"
    )


@contextmanager
def connect(settings: AddressSettings) -> Iterator["Client"]:
    """Use the scheduler; it and its workers stay when the run is over.

    Raises
    ------
    ConfigError
        When nobody answers, or no worker is there.
    """
    from distributed import Client

    try:
        client = Client(settings.address, timeout=settings.connect_seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {settings.address} within "
            f"{settings.connect_seconds:g} seconds; start one with: dask scheduler"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=settings.connect_seconds)
        except TimeoutError:
            raise ConfigError(
                f"the scheduler at {settings.address} has no workers; start one with: "
                f"dask worker {settings.address}"
            ) from None
        yield client


def size(settings: AddressSettings) -> Size:
    """Ask the scheduler for its workers.

    Raises
    ------
    ConfigError
        When nobody answers, or no worker is there.
    """
    with connect(settings) as client:
        workers = client.scheduler_info()["workers"].values()
        limits = [worker["memory_limit"] for worker in workers if worker["memory_limit"]]
        threads = sum(worker["nthreads"] for worker in workers)
        return Size(len(workers), max(1, threads // len(workers)), min(limits, default=None))
