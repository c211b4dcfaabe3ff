"""Ceph's S3 gateway for tests: one monitor, one store in memory, all on this machine alone."""

import subprocess
import time
import urllib.error
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager

from objectstorage import CREDENTIALS, free_port

SETTINGS = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
mon data = {folder}/monitor
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw dns name = 127.0.0.1
"""


@contextmanager
def ceph_server(folder):
    """Run the daemons as processes of their own, and give the gateway's URL."""
    fsid, monitor, gateway = str(uuid.uuid4()), free_port(), free_port()
    settings = folder / "ceph.conf"
    settings.write_text(SETTINGS.format(fsid=fsid, monitor=monitor, gateway=gateway, folder=folder))
    (folder / "monitor").mkdir()
    (folder / "osd").mkdir()

    def run(program, *arguments):
        command = [program, "-c", settings, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
        return done.stdout.strip()

    with ExitStack() as running:

        def start(program, *arguments):
            log = running.enter_context((folder / f"{program}.out").open("wb"))
            command = [program, "-c", settings, "--foreground", *arguments]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            running.callback(process.wait)
            running.callback(process.kill)  # what it holds is in memory, and of no more use

        monmap = folder / "monmap"
        address = f"[v2:127.0.0.1:{monitor}]"
        run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, monmap)
        run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        start("ceph-mon", "-i", "a")
        disk = str(uuid.uuid4())
        number = run("ceph", "--connect-timeout", "60", "osd", "new", disk)
        run("ceph-osd", "--mkfs", "-i", number, "--osd-uuid", disk)
        start("ceph-osd", "-i", number)
        start("radosgw", "-n", "client.gateway")
        url = f"http://127.0.0.1:{gateway}"
        wait_for(url, folder)
        run(
            "radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "tests",
            "--access-key", CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "--secret-key", CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        yield url


def wait_for(url, folder):
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            said = "\n".join(path.read_text() for path in folder.glob("*.out"))
            assert time.monotonic() < deadline, f"the gateway does not answer: {said}"
            time.sleep(0.2)
        else:
            return
