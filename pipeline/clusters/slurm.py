"""Workers as jobs of a Slurm cluster, submitted by dask-jobqueue."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self

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
    from dask_jobqueue import SLURMCluster
    from distributed import Client

__all__ = ["SlurmSettings"]


class SlurmSettings(ClusterSettings):
    """Jobs of one partition; the scheduler runs on this program's machine."""

    kind: Literal["slurm"]
    connect_seconds: float = Field(
        default=600.0, gt=0, description="how long to wait for the first job to start"
    )
    queue: str | None = Field(default=None, description="partition; by default Slurm's own default")
    account: str | None = Field(default=None, description="account that is charged")
    jobs: int = Field(
        default=1, ge=1, description="Slurm jobs, each with all its workers on one node"
    )
    cores: int = Field(default=1, ge=1, description="cores of a job, shared by its workers")
    processes: int = Field(default=1, ge=1, description="workers of a job")
    memory: Memory = Field(default="4GiB", description="memory of a job, shared by its workers")
    walltime: str = Field(default="01:00:00", description="time limit of a job")
    interface: str | None = Field(
        default=None, description="network interface that nodes reach each other by, as in ib0"
    )
    python: str | None = Field(
        default=None,
        description="interpreter on the nodes; by default the one that runs this program",
    )
    log_directory: str | None = Field(default=None, description="folder for the jobs' output")
    directives: tuple[str, ...] = Field(default=(), description="further #SBATCH lines")
    prologue: tuple[str, ...] = Field(
        default=(), description="shell lines before the workers start, as in: module load python"
    )
    adaptive: AdaptiveSettings | None = Field(
        default=None, description="submit and cancel jobs with the work, instead of a fixed number"
    )

    @contextmanager
    def connect(self) -> Iterator["Client"]:
        """Submit the jobs, and cancel them afterwards.

        Raises
        ------
        ConfigError
            When dask-jobqueue or Slurm is missing, Slurm refuses the job, or no job starts in time.
        """
        from distributed import Client

        with _cluster(self) as cluster, Client(cluster) as client:
            _check_job(cluster.job_script())
            if self.adaptive:
                cluster.adapt(
                    minimum_jobs=self.adaptive.minimum, maximum_jobs=self.adaptive.maximum
                )
            else:
                cluster.scale(jobs=self.jobs)
            if self.adaptive is None or self.adaptive.minimum:  # else workers start with the work
                try:
                    client.wait_for_workers(1, timeout=self.connect_seconds)
                except TimeoutError:
                    raise ConfigError(
                        f"no Slurm job started within {self.connect_seconds:g} seconds; "
                        "check the output of: squeue --me"
                    ) from None
            yield client

    def size(self) -> Size:
        """Give the size of all jobs together."""
        jobs = self.adaptive.maximum if self.adaptive else self.jobs
        threads = max(1, self.cores // self.processes)
        memory = parse_memory(self.memory) // self.processes
        return Size(jobs * self.processes, threads, memory)

    def resized(self, workers: int) -> Self:
        """Give the same settings for a fixed number of jobs."""
        return self.model_copy(update={"jobs": workers, "adaptive": None})


def _cluster(settings: SlurmSettings) -> "SLURMCluster":
    try:
        from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError:
        raise ConfigError(
            "kind: slurm needs dask-jobqueue; install it with: pip install 'deeptracker[slurm]'"
        ) from None
    if shutil.which("sbatch") is None:
        raise ConfigError("kind: slurm needs the command sbatch; run this where Slurm is installed")
    exports = [f"export {name}={value}" for name, value in worker_environment(settings).items()]
    # Let the nodes import the code of this process, even from a checkout not installed.
    if "PYTHONPATH" in os.environ:
        exports.append(f"export PYTHONPATH={os.environ['PYTHONPATH']}")
    try:
        return SLURMCluster(
            queue=settings.queue,
            account=settings.account,
            cores=settings.cores,
            processes=settings.processes,
            memory=settings.memory,
            walltime=settings.walltime,
            interface=settings.interface,
            python=settings.python or sys.executable,
            log_directory=settings.log_directory,
            job_name="deeptracker",
            job_extra_directives=list(settings.directives),
            job_script_prologue=[*exports, *settings.prologue],
            # Any free port: another run of the same person may have the usual one.
            scheduler_options={"dashboard_address": ":0"},
            # A worker that lost its scheduler must not occupy its node until the time limit.
            death_timeout=settings.timeout_seconds * 2,
        )
    except (RuntimeError, ValueError) as error:
        # Most often: a network interface that does not exist.
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"the Slurm cluster cannot be started ({reason}); check the keys of 'cluster', such "
            "as 'cluster.interface'"
        ) from None


def _check_job(script: str) -> None:
    """Ask Slurm whether it accepts the job: dask-jobqueue does not report a later refusal."""
    asked = subprocess.run(
        ["sbatch", "--test-only"],  # noqa: S607  # Slurm's commands are found on PATH
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        reason = next((line for line in asked.stderr.splitlines() if line.strip()), "no reason")
        raise ConfigError(f"Slurm refuses the job: {reason.strip()}")
