"""Measure a server's live pages and resident memory after visits have ended.

    python benchmarks/visits.py                             # a small network, made first
    python benchmarks/visits.py --store demo/digits.dtstore --visits 200 --gets 600

A visit opens the page as a browser does, waits for its views, picks an iteration and closes the
connection. A bare GET requests the page and opens no connection, as a crawler or a health check
does. Both are repeated after a first round that loads and compiles the server's code. The figures
are of the server's process before and after, once all sessions have ended.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from people import Person
from synthesize import synthesize

from deeptracker.pipeline import process

END_SECONDS = 30.0  # much longer than the server keeps unused sessions
POLL_SECONDS = 0.5
PARALLEL_VISITS = 4
MOST_GROWTH = 0.05


class Server:
    """The app in a new process that counts its live objects."""

    def __init__(self, store: Path | str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # Safe path: this folder has a dashboard.py that would hide the package.
        script = Path(__file__).with_name("counted.py")
        command = [sys.executable, "-P", str(script), str(store)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([*command, str(port)], **pipes)
        line = self.process.stdout.readline()
        self.address = next(word for word in line.split() if word.startswith("http"))
        for _ in range(120):
            try:
                urllib.request.urlopen(self.address, timeout=30).read()
            except OSError:
                time.sleep(0.5)
            else:
                return
        raise SystemExit("the app did not start")

    def count(self) -> dict[str, int]:
        """Count once all sessions have ended; those that never end are in the count."""
        deadline = time.monotonic() + END_SECONDS
        while (found := self._count_now())["ServerSession"] and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return found

    def _count_now(self) -> dict[str, int]:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        while not (line := self.process.stdout.readline()).startswith("{"):
            pass
        return dict(json.loads(line))

    def stop(self) -> None:
        """Stop the process."""
        self.process.terminate()
        self.process.wait(timeout=20)


async def visit(address: str, times: int) -> None:
    """Visit the page `times` times, a few in parallel."""
    turn = asyncio.Semaphore(PARALLEL_VISITS)

    async def one(number: int) -> None:
        async with turn:
            person = Person(address)
            await person.open()
            await person.pick(number % person.columns)
            person.socket.close()

    await asyncio.gather(*(one(number) for number in range(times)))


def get(address: str, times: int) -> None:
    """Request the page without a connection."""
    for _ in range(times):
        urllib.request.urlopen(address, timeout=60).read()


def measure(store: Path | str, visits: int, gets: int, warm_up: int) -> dict[str, object]:
    """Give the live objects before and after some visits, and after some bare GETs."""
    server = Server(store)
    try:
        asyncio.run(visit(server.address, warm_up))
        get(server.address, warm_up)
        before = server.count()
        asyncio.run(visit(server.address, visits))
        visited = server.count()
        get(server.address, gets)
        requested = server.count()
    finally:
        server.stop()
    return {
        "visits": visits,
        "gets": gets,
        "before": before,
        "after_visits": visited,
        "after_gets": requested,
        "growth_of_visits": visited["bytes"] / before["bytes"] - 1,
        "growth_of_gets": requested["bytes"] / visited["bytes"] - 1,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", help="an existing store")
    parser.add_argument("--visits", type=int, default=200)
    parser.add_argument("--gets", type=int, default=600)
    parser.add_argument("--warm-up", type=int, default=40, help="visits and GETs before counting")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        store = options.store
        if not store:
            log, store = Path(temporary) / "log", Path(temporary) / "log.dtstore"
            synthesize(log, network="lenet5", snapshots=12, images=1000, classes=10)
            process(log, store, workers=1)
        found = measure(store, options.visits, options.gets, options.warm_up)
    if options.json:
        print(json.dumps(found))
        return
    megabytes = {
        name: found[name]["bytes"] / 1e6 for name in ("before", "after_visits", "after_gets")
    }
    print(
        f"{megabytes['before']:.0f} MB before, {megabytes['after_visits']:.0f} MB after "
        f"{options.visits} visits ({found['growth_of_visits']:+.1%}), "
        f"{megabytes['after_gets']:.0f} MB after {options.gets} bare GETs "
        f"({found['growth_of_gets']:+.1%}; bar: {MOST_GROWTH:.0%} each); "
        f"live pages: {found['after_visits']['RunPage']} and {found['after_gets']['RunPage']}"
    )


if __name__ == "__main__":
    main()
