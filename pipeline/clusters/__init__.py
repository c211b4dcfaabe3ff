"""Clusters that run tasks: one module per kind, with a settings model that connects to it.

A kind is one module with a `ClusterSettings`, and one line in `MODELS`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
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

# A kind's name in configs, and the model of its settings as MODULE:CLASS of this folder.
MODELS = {
    "local": "local:LocalSettings",
    "address": "existing_scheduler:AddressSettings",
    "slurm": "slurm:SlurmSettings",
    "kubernetes": "kubernetes:KubernetesSettings",
}


def _load_model(path: str) -> type[ClusterSettings]:
    module, _, name = path.partition(":")
    model: type[ClusterSettings] = getattr(import_module(f"{__name__}.{module}"), name)
    return model


KINDS = {kind: _load_model(path) for kind, path in MODELS.items()}
if TYPE_CHECKING:
    AnyCluster = ClusterSettings
else:  # the kinds that pydantic chooses from
    AnyCluster = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007


@contextmanager
def connect(settings: AnyCluster, nbytes: int | None = None) -> Iterator["Client"]:
    """Open a client to the cluster that the settings name.

    Parameters
    ----------
    nbytes : int, optional
        Bytes that will be read, if known: a small run starts no worker processes.

    Raises
    ------
    ConfigError
        When there is no such cluster, or it has no workers.
    """
    settings = _fitted(settings, nbytes)
    with dask_settings(settings), settings.connect() as client:
        yield client


def size_of(settings: AnyCluster, nbytes: int | None = None) -> Size:
    """Give the cluster's size; an existing scheduler is asked for it.

    Parameters
    ----------
    nbytes : int, optional
        As for `connect`.

    Raises
    ------
    ConfigError
        When the scheduler cannot be reached.
    """
    return _fitted(settings, nbytes).size()


def _fitted(settings: AnyCluster, nbytes: int | None) -> AnyCluster:
    return settings if nbytes is None else settings.fitted(nbytes)


def overridden(settings: AnyCluster, workers: int | None, scheduler: str | None) -> AnyCluster:
    """Override the settings by a number of workers or an existing scheduler.

    Raises
    ------
    ConfigError
        When the cluster has workers of its own, whose number cannot be set.
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
