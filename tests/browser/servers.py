"""A server of a test's own: stopped and started, asked whether it answers, and how fast."""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from ports import free_port

CLI = [sys.executable, "-m", "deeptracker.cli"]


class Server:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, *stores):
        self.port = free_port()
        self.stores = [str(store) for store in stores]
        self.process = None

    @property
    def address(self):
        return f"http://localhost:{self.port}/"

    def start(self):
        command = [*CLI, "serve", *self.stores, f"--port={self.port}", "--no-browser"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(command, **pipes)
        # It listens a moment after it has said so.
        assert "DeepTracker shows" in self.process.stdout.readline()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
            self.process = None


def goto(person, address):
    def answered():
        try:
            return urllib.request.urlopen(address, timeout=60).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    person.wait(answered, "the server", seconds=60)
    person.page.goto(address)


class Pulse:
    """Asks a server for a small page without a pause, and keeps the longest time it took.

    The server's event loop answers it, so that is how long the loop stood still, at most.
    """

    def __init__(self, address):
        self.address = address + "nowhere"
        self.longest = 0.0
        self.count = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(timeout=120)

    def _ask(self):
        while not self._ended.wait(0.02):
            begun = time.monotonic()
            try:
                urllib.request.urlopen(self.address, timeout=100)
            except urllib.error.HTTPError as answer:
                assert answer.code == 404  # noqa: PT017
            self.longest = max(self.longest, time.monotonic() - begun)
            self.count += 1
