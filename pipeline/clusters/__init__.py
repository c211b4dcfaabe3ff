"""Where tasks run: one module a kind of cluster, a model of its settings that knows how to connect.

A kind is one module with a `ClusterSettings`, and one line in `KINDS`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field, ValidationError

from deeptracker.errors import ConfigError
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
    "KubernetesSettings",
    "LocalSettings",
    "Size",
    "SlurmSettings",
    "connect",
    "overridden",
    "size_of",
]

KINDS: dict[str, type[ClusterSettings]] = {
    "local": LocalSettings,
    "address": AddressSettings,
    "slurm": SlurmSettings,
    "kubernetes": KubernetesSettings,
}
if TYPE_CHECKING:
    AnyCluster = ClusterSettings
else:  # what pydantic chooses from
    AnyCluster = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007


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
    with dask_settings(settings), settings.connect() as client:
        yield client


def size_of(settings: AnyCluster, nbytes: int | None = None) -> Size:
    """Give how much the cluster runs at once; an existing scheduler is asked.

    Parameters
    ----------
    nbytes : int, optional
        As of `connect`.

    Raises
    ------
    ConfigError
        When it cannot be asked.
    """
    return _fitted(settings, nbytes).size()


def _fitted(settings: AnyCluster, nbytes: int | None) -> AnyCluster:
    return settings if nbytes is None else settings.fitted(nbytes)


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
    return settings if workers is None else settings.resized(workers)
