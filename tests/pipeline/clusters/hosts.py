"""Two hosts, as network namespaces that a pair of virtual cables joins; both are this machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["CAN_MAKE_HOSTS", "Host", "Hosts"]

TOP = Path(__file__).parents[3]
NET_ADMIN, SYS_ADMIN = 12, 21  # of capabilities(7)
NETWORK = "10.77.0"


def _capabilities():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("CapEff"))
    return int(line.split()[1], 16)


CAN_MAKE_HOSTS = all(_capabilities() >> capability & 1 for capability in (NET_ADMIN, SYS_ADMIN))


class Host:
    """One namespace, with an address of its own.

    Parameters
    ----------
    number : int
        Ends its address.
    """

    def __init__(self, number):
        self.name = f"deeptracker-{os.getpid()}-{number}"
        self.cable = f"dt{os.getpid() % 10**6}-{number}"
        self.address = f"{NETWORK}.{number}"
        self.processes = []

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def begin(self, *command, **options):
        """Start a program on this host; it is ended with the hosts."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(TOP),
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "12s",
        }
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
        process = subprocess.Popen(self.command(*command), env=environment, **options)
        self.processes.append(process)
        return process

    def python(self, *arguments, **options):
        return self.begin(sys.executable, "-m", *arguments, **options)

    def cut_off(self):
        ip("-n", self.name, "link", "set", self.cable, "down")


class Hosts:
    """Two of them; use as a context manager."""

    def __init__(self):
        self.first, self.second = Host(1), Host(2)

    def __enter__(self):
        for host in (self.first, self.second):
            ip("netns", "add", host.name)
            ip("-n", host.name, "link", "set", "lo", "up")
        ip(
            "link", "add", self.first.cable, "netns", self.first.name, "type", "veth",
            "peer", "name", self.second.cable, "netns", self.second.name,
        )  # fmt: skip
        for host in (self.first, self.second):
            ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", host.cable)
            ip("-n", host.name, "link", "set", host.cable, "up")
        return self

    def __exit__(self, *_):
        for host in (self.second, self.first):
            for process in reversed(host.processes):
                process.terminate()
            for process in host.processes:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            # What they left behind, as a nanny's worker may be, is in no other namespace.
            for pid in ip("netns", "pids", host.name).split():
                os.kill(int(pid), 9)
            ip("netns", "delete", host.name)


def ip(*arguments):
    done = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} seconds"
        time.sleep(0.05)
