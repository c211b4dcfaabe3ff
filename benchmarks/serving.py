"""Start the app in a new process, for benchmarks that visit it."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

__all__ = ["serve"]


def serve(store: Path | str) -> tuple[subprocess.Popen[str], str]:
    """Start the app; give its process and the address of the run's page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "deeptracker.cli", "serve", str(store)]
    command += ["--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=30).read()
        except OSError:
            time.sleep(0.5)
        else:
            return process, address
    raise SystemExit("the app did not start")
