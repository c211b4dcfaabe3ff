"""Workers as pods of a Kubernetes cluster, made by the Dask operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters.settings import (
    AdaptiveSettings,
    ClusterSettings,
    Memory,
    Size,
    parse_memory,
    worker_environment,
)

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["KubernetesSettings", "cluster_spec"]

VOLUME = "data"


class KubernetesSettings(ClusterSettings):
    """A Dask cluster in a namespace, created for one run."""

    kind: Literal["kubernetes"]
    connect_seconds: float = Field(
        default=600.0, gt=0, description="how long to wait for the first worker's pod"
    )
    name: str = Field(
        default="deeptracker",
        pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
        max_length=53,
        description="name of the DaskCluster resource",
    )
    namespace: str | None = Field(
        default=None, description="namespace; by default that of the current context"
    )
    image: str = Field(description="image with deeptracker[process] installed")
    workers: int = Field(default=1, ge=1, description="worker pods")
    threads: int = Field(default=1, ge=1, description="threads of a worker, a core each")
    memory: Memory = Field(default="4GiB", description="memory of a worker's pod")
    environment: dict[str, str] = Field(
        default={}, description="variables of the scheduler and the workers, as in AWS_REGION"
    )
    secret: str | None = Field(
        default=None,
        description="secret whose keys become variables, such as the keys of object storage",
    )
    volume_claim: str | None = Field(
        default=None, description="persistent volume claim that holds the log and the store"
    )
    mount_path: str = Field(
        default="/data",
        pattern=r"^/.+",
        description="where pods mount the claim; this machine must mount it at the same path",
    )
    adaptive: AdaptiveSettings | None = Field(
        default=None, description="start and stop pods with the work, instead of a fixed number"
    )

    @contextmanager
    def connect(self) -> Iterator["Client"]:
        """Create the cluster's resource, and delete it afterwards.

        Raises
        ------
        ConfigError
            When dask-kubernetes is missing, the cluster cannot be created, or no pod starts in
            time.
        """
        spec = cluster_spec(self)
        from dask_kubernetes.operator import KubeCluster
        from distributed import Client

        try:
            cluster = KubeCluster(
                custom_cluster_spec=spec,
                namespace=self.namespace,
                resource_timeout=int(self.connect_seconds),
                quiet=True,
            )
        except Exception as error:  # kr8s, httpx and the operator have different error types
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ConfigError(
                f"no cluster {self.name!r} on Kubernetes: {reason}; check the output of: "
                "kubectl get daskclusters, and that the Dask operator runs"
            ) from error
        with cluster, Client(cluster) as client:
            if self.adaptive:
                cluster.adapt(minimum=self.adaptive.minimum, maximum=self.adaptive.maximum)
            if self.adaptive is None or self.adaptive.minimum:  # else workers start with the work
                try:
                    client.wait_for_workers(1, timeout=self.connect_seconds)
                except TimeoutError:
                    raise ConfigError(
                        f"no worker of {self.name!r} started within {self.connect_seconds:g} "
                        "seconds; check the output of: kubectl get pods"
                    ) from None
            yield client

    def size(self) -> Size:
        """Give the size of all pods together."""
        workers = self.adaptive.maximum if self.adaptive else self.workers
        return Size(workers, self.threads, parse_memory(self.memory))

    def resized(self, workers: int) -> Self:
        """Give the same settings for a fixed number of pods."""
        return self.model_copy(update={"workers": workers, "adaptive": None})


def cluster_spec(settings: KubernetesSettings) -> dict[str, Any]:
    """Describe the cluster as a ``DaskCluster`` resource.

    Raises
    ------
    ConfigError
        When dask-kubernetes is missing.
    """
    try:
        from dask_kubernetes.operator import make_cluster_spec
    except ModuleNotFoundError:
        raise ConfigError(
            "kind: kubernetes needs dask-kubernetes; install it with: "
            "pip install 'deeptracker[kubernetes]'"
        ) from None
    memory = parse_memory(settings.memory)
    amounts = {"cpu": str(settings.threads), "memory": str(memory)}
    spec: dict[str, Any] = make_cluster_spec(
        settings.name,
        image=settings.image,
        n_workers=settings.adaptive.minimum if settings.adaptive else settings.workers,
        resources={"requests": amounts, "limits": amounts},
        env={
            **worker_environment(settings),
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{settings.worker_ttl_seconds}s",
            **settings.environment,
        },
        worker_command=(
            f"dask worker --nthreads {settings.threads} --nworkers 1 --memory-limit {memory}"
        ),
    )
    for part in ("scheduler", "worker"):
        pod = spec["spec"][part]["spec"]
        for container in pod["containers"]:
            if settings.secret:
                container["envFrom"] = [{"secretRef": {"name": settings.secret}}]
            if settings.volume_claim and part == "worker":
                container["volumeMounts"] = [{"name": VOLUME, "mountPath": settings.mount_path}]
        if settings.volume_claim and part == "worker":
            claim = {"claimName": settings.volume_claim}
            pod["volumes"] = [{"name": VOLUME, "persistentVolumeClaim": claim}]
    return spec
