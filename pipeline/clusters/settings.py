"""Common parts of all kinds of cluster: settings, size, and Dask's time limits."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from deeptracker.pipeline.clusters.worker_process import ENVIRONMENT
from deeptracker.settings_section import Section

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "MOST_MEMORY",
    "AdaptiveSettings",
    "ClusterSettings",
    "Memory",
    "Size",
    "dask_settings",
    "parse_memory",
    "worker_environment",
]

# Below 11 s distributed refuses every connection: its ten keep-alive probes need one second each.
SHORTEST_TIMEOUT_SECONDS = 12
MOST_MEMORY = 2**60


@dataclass(frozen=True)
class Size:
    """The size of a cluster, as far as it is known before the run.

    Attributes
    ----------
    workers, threads : int
        Worker processes, and threads of each.
    memory : int or None
        Memory limit of a worker in bytes; None where it has none or it is unknown.
    """

    workers: int
    threads: int
    memory: int | None

    @property
    def tasks(self) -> int:
        """Tasks that run in parallel."""
        return self.workers * self.threads


class AdaptiveSettings(Section):
    """Bounds of a number of workers that follows the work."""

    minimum: int = Field(default=1, ge=0, description="workers that always stay")
    maximum: int = Field(ge=1, le=100_000, description="workers at most")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError("a minimum that is no more than the maximum")
        return self


class ClusterSettings(Section):
    """A kind of cluster: its settings, its size, and how to connect to it.

    Every kind has limits after which a worker counts as lost and a task as stuck.
    """

    kind: str
    connect_seconds: float = Field(
        default=10.0, gt=0, description="how long to wait for a scheduler, and for a first worker"
    )
    worker_ttl_seconds: float = Field(
        default=30.0,
        ge=10,
        description="silence after which a worker counts as lost and its tasks move",
    )
    timeout_seconds: float = Field(
        default=30.0,
        ge=SHORTEST_TIMEOUT_SECONDS,
        description="silence after which a connection is closed",
    )
    straggler_factor: float = Field(
        default=5.0, gt=1, description="times the median of its kind after which a task is retried"
    )
    straggler_seconds: float = Field(
        default=60.0, gt=0, description="a task younger than this is never a straggler"
    )
    stall_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="time in which no task begins or ends, after which all workers count as hung "
        "and the run ends",
    )

    @abstractmethod
    def connect(self) -> "AbstractContextManager[Client]":
        """Give a client for a `with` block, whose end stops the workers that it started.

        Raises
        ------
        ConfigError
            When there is no such cluster, or it has no workers.
        """

    @abstractmethod
    def size(self) -> Size:
        """Give the size of the cluster."""

    @abstractmethod
    def resized(self, workers: int) -> Self:
        """Give the same settings for a fixed number of workers.

        Raises
        ------
        ConfigError
            When the cluster has workers of its own, whose number cannot be set.
        """

    def fitted(self, nbytes: int) -> Self:  # noqa: ARG002  # most kinds ignore it
        """Give the settings for a run that reads so many bytes."""
        return self


@contextmanager
def dask_settings(settings: ClusterSettings) -> Iterator[None]:
    """Apply the time limits to the scheduler, client and workers that this process starts."""
    import dask
    import distributed  # noqa: F401  # registers its defaults, which would override ours

    limits = {
        "distributed.scheduler.worker-ttl": f"{settings.worker_ttl_seconds}s",
        "distributed.comm.timeouts.tcp": f"{settings.timeout_seconds}s",
        "distributed.comm.timeouts.connect": f"{settings.timeout_seconds}s",
        # The shared value is sent once and may be large: users cannot act on the warning.
        "distributed.admin.large-graph-warning-threshold": "4GiB",
    }
    with dask.config.set(limits):
        yield


def worker_environment(settings: ClusterSettings) -> dict[str, str]:
    """Give the same limits, and the memory settings, for workers on other machines."""
    return {
        **{name: str(value) for name, value in ENVIRONMENT.items()},
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": f"{settings.timeout_seconds}s",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{settings.timeout_seconds}s",
    }


def parse_memory(text: str) -> int:
    """Turn ``4GiB`` into bytes.

    Raises
    ------
    ValueError
        When the text is not a size.
    """
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(text))
    except ValueError:
        raise ValueError("a size as in 4GiB") from None


def _checked_size(text: str) -> str:
    try:
        nbytes = parse_memory(text)
    except OverflowError:
        nbytes = MOST_MEMORY + 1
    if not 0 < nbytes <= MOST_MEMORY:
        raise ValueError("a size of at least 1 byte and at most 1 EiB, as in 4GiB")
    return text


# A setting: a text that `parse_memory` takes.
Memory = Annotated[str, AfterValidator(_checked_size)]
