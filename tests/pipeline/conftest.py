"""A cluster in this process, for the many small runs of the tests."""

import pytest
from distributed import LocalCluster

from deeptracker.pipeline.clusters.worker_process import set_defaults

# Of the clusters that tests start themselves, too.
set_defaults()


@pytest.fixture(scope="session")
def scheduler():
    """The address of one worker, a thread of this process; it is reached as any other."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address
