"""Several hosts with addresses of their own; one of them is cut off in the middle of a run."""

import json
import subprocess

import pytest
from hosts import CAN_MAKE_HOSTS, Hosts, wait_until
from logs import LogWriter
from stores import assert_equal

from deeptracker.pipeline import process
from deeptracker.pipeline.config import Config, load_config

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CAN_MAKE_HOSTS, reason="network namespaces need CAP_NET_ADMIN and CAP_SYS_ADMIN (root)"
    ),
]


@pytest.fixture
def hosts():
    """A scheduler and two workers on the first, two workers on the second."""
    with Hosts() as hosts:
        scheduler = f"tcp://{hosts.first.address}:8786"
        hosts.first.python(
            "distributed.cli.dask_scheduler", "--host", hosts.first.address, "--port", "8786",
            "--dashboard-address", f"{hosts.first.address}:0",
        )  # fmt: skip
        for host in (hosts.first, hosts.second):
            host.python(
                "distributed.cli.dask_worker", scheduler, "--host", host.address,
                "--nworkers", "2", "--nthreads", "1", "--no-dashboard",
            )  # fmt: skip
        hosts.scheduler = scheduler
        yield hosts


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", images=30).iterations(range(0, 320, 5)).path


def lines_of(path):
    if not path.exists():
        return []
    whole = path.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def test_a_host_that_is_cut_off_in_the_middle_costs_only_time(hosts, log, tmp_path):
    process(log, tmp_path / "undisturbed", config=Config(columns_per_chunk=4))
    config = tmp_path / "hosts.yaml"
    config.write_text(
        "columns_per_chunk: 4\n"
        f"cluster: {{kind: address, address: '{hosts.scheduler}', connect_seconds: 60}}\n"
    )
    assert load_config(config).cluster.kind == "address"
    tasks = tmp_path / "tasks"
    running = hosts.first.python(
        "deeptracker.cli", "process", log, "--store", tmp_path / "store", "--config", config,
        "--log", tasks, "--quiet", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def measured_on(host):
        return [line for line in lines_of(tasks) if host.address in line["worker"]]

    wait_until(
        lambda: measured_on(hosts.second) or running.poll() is not None, "a block of the second"
    )
    hosts.second.cut_off()
    before = len(lines_of(tasks))
    out, error = running.communicate(timeout=240)
    assert running.returncode == 0, error
    assert "created, 64 snapshots" in out
    after = lines_of(tasks)[before:]
    assert sum(hosts.first.address in line["worker"] for line in after) > 5
    assert_equal(tmp_path / "store", tmp_path / "undisturbed")
