"""Where tasks run: a cluster of local processes, or a scheduler that is there already.

A kind is one function that yields a client, and one line in `KINDS`.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from distributed import Client, LocalCluster

from deeptracker.errors import ConfigError
from pipeline.config import ClusterConfig

__all__ = ["KINDS", "connect"]


@contextmanager
def local(config: ClusterConfig) -> Iterator[Client]:
    """Start worker processes on this machine, and end them afterwards."""
    with (
        LocalCluster(
            n_workers=config.workers or os.cpu_count() or 1,
            threads_per_worker=config.threads,
            memory_limit=config.memory or "auto",
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def address(config: ClusterConfig) -> Iterator[Client]:
    """Use a scheduler that is there already; its workers must see the log and the store.

    Raises
    ------
    ConfigError
        When nobody answers, or no worker is there.
    """
    if not config.address:
        raise ConfigError("key 'cluster.address': given nothing, allowed: tcp://HOST:PORT")
    try:
        client = Client(config.address, timeout=config.connect_seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {config.address} within "
            f"{config.connect_seconds:g} seconds; start one with: dask scheduler"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=config.connect_seconds)
        except TimeoutError:
            raise ConfigError(
                f"the scheduler at {config.address} has no workers; start one with: "
                f"dask worker {config.address}"
            ) from None
        yield client


KINDS: dict[str, Callable[[ClusterConfig], AbstractContextManager[Client]]] = {
    "local": local,
    "address": address,
}


def connect(config: ClusterConfig) -> AbstractContextManager[Client]:
    """Open a client to the cluster that the config names."""
    return KINDS[config.kind](config)


def workers_of(config: ClusterConfig) -> int:
    """Guess how many tasks will run at once, before there is a cluster."""
    return (config.workers or os.cpu_count() or 1) * config.threads
