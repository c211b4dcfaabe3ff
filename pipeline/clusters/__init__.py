"""Where tasks run: one module a kind of cluster, with its settings, its size and its client.

A kind is one module with a model of its settings, `connect(settings)` and `size(settings)`, and one
line in `KINDS` and in `AnyCluster`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters import existing_scheduler, kubernetes, local, slurm
from deeptracker.pipeline.clusters.existing_scheduler import AddressSettings
from deeptracker.pipeline.clusters.kubernetes import KubernetesSettings
from deeptracker.pipeline.clusters.local import LocalSettings
from deeptracker.pipeline.clusters.settings import (
    AdaptiveSettings,
    ClusterSettings,
    Size,
    dask_settings,
)
from deeptracker.pipeline.clusters.slurm import SlurmSettings

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "KINDS",
    "AdaptiveSettings",
    "AddressSettings",
    "AnyCluster",
    "ClusterSettings",
    "Kind",
    "KubernetesSettings",
    "LocalSettings",
    "Size",
    "SlurmSettings",
    "connect",
    "overridden",
    "size_of",
]

AnyCluster = Annotated[
    LocalSettings | AddressSettings | SlurmSettings | KubernetesSettings,
    Field(discriminator="kind"),
]


@dataclass(frozen=True)
class Kind:
    """What a module of this package offers."""

    settings: type[ClusterSettings]
    connect: Callable[[Any], AbstractContextManager["Client"]]
    size: Callable[[Any], Size]


KINDS = {
    "local": Kind(LocalSettings, local.connect, local.size),
    "address": Kind(AddressSettings, existing_scheduler.connect, existing_scheduler.size),
    "slurm": Kind(SlurmSettings, slurm.connect, slurm.size),
    "kubernetes": Kind(KubernetesSettings, kubernetes.connect, kubernetes.size),
}


@contextmanager
def connect(settings: AnyCluster, nbytes: int | None = None) -> Iterator["Client"]:
    """Open a client to the cluster that the settings name.

    Parameters
    ----------
    nbytes : int, optional
        Bytes that will be read, where that is known: for few, no worker processes are started.

    Raises
    ------
    ConfigError
        When there is none, or it has no workers.
    """
    settings = _fitted(settings, nbytes)
    with dask_settings(settings), KINDS[settings.kind].connect(settings) as client:
        yield client


def size_of(settings: AnyCluster, nbytes: int | None = None) -> Size:
    """Tell how much the cluster runs at once; an existing scheduler is asked.

    Parameters
    ----------
    nbytes : int, optional
        As of `connect`.

    Raises
    ------
    ConfigError
        When it cannot be asked.
    """
    settings = _fitted(settings, nbytes)
    return KINDS[settings.kind].size(settings)


def _fitted(settings: AnyCluster, nbytes: int | None) -> AnyCluster:
    if nbytes is not None and isinstance(settings, LocalSettings):
        return local.fitted(settings, nbytes)
    return settings


def overridden(settings: AnyCluster, workers: int | None, scheduler: str | None) -> AnyCluster:
    """Let a number of workers, or an existing scheduler, take the place of what is set.

    Raises
    ------
    ConfigError
        When the cluster's size is not ours to say.
    """
    if scheduler is not None:
        try:
            settings = AddressSettings.model_validate(
                {
                    **settings.model_dump(include=set(ClusterSettings.model_fields)),
                    "kind": "address",
                    "address": scheduler,
                }
            )
        except ValidationError:
            raise ConfigError(
                f"--scheduler: given {scheduler!r}, allowed: an address as in tcp://HOST:PORT"
            ) from None
    if workers is None:
        return settings
    if isinstance(settings, AddressSettings):
        raise ConfigError(
            f"--workers {workers}: the scheduler at {settings.address} has the workers that it "
            "has; leave the option out"
        )
    name = "jobs" if isinstance(settings, SlurmSettings) else "workers"
    return settings.model_copy(update={name: workers, "adaptive": None})
