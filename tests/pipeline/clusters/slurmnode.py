"""A Slurm cluster of one node: munged, slurmctld and slurmd of our own, on 127.0.0.1."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

__all__ = ["SlurmNode"]

STARTED_SECONDS = 60
CONF = """
ClusterName=deeptracker
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MpiDefault=none
ReturnToService=2
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 State=UNKNOWN
PartitionName=batch Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class SlurmNode:
    """Daemons that are started, told apart by their pids, and ended.

    Parameters
    ----------
    folder : Path
        Everything of theirs lies in it.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.host = socket.gethostname().split(".")[0]
        self.conf = self.folder / "slurm.conf"
        self._daemons = []

    @property
    def environment(self):
        return {**os.environ, "SLURM_CONF": str(self.conf)}

    def start(self):
        munge = self.folder / "munge"
        munge.mkdir(mode=0o755, parents=True)
        key = munge / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for name in ("spool", "state"):
            (self.folder / name).mkdir()
        controller_port, node_port = free_ports(2)
        self.conf.write_text(
            CONF.format(
                host=self.host,
                user=getpass.getuser(),
                folder=self.folder,
                controller_port=controller_port,
                node_port=node_port,
            )
        )
        self._begin(
            "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}/socket",
            f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed",
        )  # fmt: skip
        wait_until((munge / "socket").exists, "munged's socket")
        self._begin("slurmctld", "-D", "-f", self.conf)
        self._begin("slurmd", "-D", "-f", self.conf, "-N", self.host)
        wait_until(lambda: "idle" in self.told("sinfo", "--noheader", "-o", "%t"), "an idle node")

    def told(self, *command):
        """What a Slurm command prints; nothing while the daemons are not up."""
        result = subprocess.run(
            [program(command[0]), *command[1:]],
            capture_output=True, text=True, env=self.environment, check=False, timeout=60,
        )  # fmt: skip
        return result.stdout

    def jobs(self, state="RUNNING"):
        """Ids of the jobs in a state."""
        return self.told("squeue", "--noheader", "-o", "%A", "-t", state).split()

    def stop(self):
        """Cancel every job, and end the daemons in the opposite order of their start."""
        for job in self.told("squeue", "--noheader", "-o", "%A").split():
            self.told("scancel", job)
        deadline = time.monotonic() + 30
        while self.told("squeue", "--noheader", "-o", "%A").strip() and time.monotonic() < deadline:
            time.sleep(0.2)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _begin(self, name, *arguments):
        output = (self.folder / f"{name}.out").open("wb")
        self._daemons.append(
            subprocess.Popen(
                [program(name), *map(str, arguments)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        )


def program(name):
    """Find a daemon; they lie where only root's PATH leads."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert found, f"{name} is missing; run tests/pipeline/clusters/install-slurm.sh"
    return found


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_until(condition, what, seconds=STARTED_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} seconds"
        time.sleep(0.1)
