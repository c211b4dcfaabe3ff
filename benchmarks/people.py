"""Measure twenty people at one server: waiting time of a linked selection, cost per person.

    python benchmarks/people.py                             # ResNet-50, 1,000 classes, made first
    python benchmarks/people.py --store demo/digits.dtstore --people 20

Every person is a websocket client that speaks the page's own protocol: it opens the page, reads
the document and its charts, then picks an iteration on the timeline every few seconds and waits
until the validation view receives it. Browsers would measure their own drawing, and twenty of them
and a server do not fit on a small machine. With ``--zoom`` one more person zooms into weights the
whole time. The reference is one person alone at the same server.
"""

import argparse
import asyncio
import itertools
import json
import random
import re
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil
from serving import serve
from synthesize import synthesize
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from deeptracker.pipeline import process

THINK_SECONDS = (1.0, 4.0)
TIMEOUT_SECONDS = 60.0
LARGEST_MESSAGE = 256 * 2**20


def models(value: Any) -> Any:
    """Yield every model of a document's JSON."""
    if isinstance(value, dict):
        if value.get("type") == "object" and "id" in value:
            yield value
        for inner in value.values():
            yield from models(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from models(inner)


@dataclass
class Person:
    """A person at the page.

    Attributes
    ----------
    charts : dict of str to str
        Ids of the charts' data models, by their test id.
    """

    address: str
    socket: WebSocketClientConnection | None = None
    charts: dict[str, str] = field(default_factory=dict)
    columns: int = 0
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def open(self) -> float:
        """Open the page; give the seconds until its charts have arrived."""
        started = time.perf_counter()
        page = await AsyncHTTPClient().fetch(
            f"{self.address}?v=validation", request_timeout=TIMEOUT_SECONDS
        )
        token = re.search(r'"token":"([^"]+)"', page.body.decode())
        assert token, "the page has no token"
        parts = urlsplit(self.address)
        self.socket = await websocket_connect(
            f"ws://{parts.netloc}{parts.path}/ws",
            subprotocols=["bokeh", token[1]],
            max_message_size=LARGEST_MESSAGE,
        )
        await self.receive("ACK")
        await self.send("PULL-DOC-REQ", {})
        await self.receive("PULL-DOC-REPLY")
        ready = {"type": "event", "name": "document_ready", "values": {"type": "map"}}
        event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": ready}
        await self.send("PATCH-DOC", {"events": [event]})
        while not {"timeline", "validation"} <= self.charts.keys():
            self.note(await self.receive("PATCH-DOC"))
        return time.perf_counter() - started

    def note(self, sent: dict[str, Any]) -> None:
        """Note the charts in a sent document."""
        for model in models(sent):
            values = model.get("attributes", {})
            if "test_id" in values:
                self.charts[values["test_id"]] = model["id"]
                if values["test_id"] == "timeline":
                    self.columns = len(values["iterations"])

    async def pick(self, column: int) -> float:
        """Pick an iteration on the timeline; give the seconds until validation receives it."""
        act = {"type": "pick", "row": "loss", "line": -1, "column": column, "shift": False}
        event = {
            "kind": "ModelChanged",
            "model": {"id": self.charts["timeline"]},
            "attr": "event",
            "new": {"type": "map", "entries": [[key, value] for key, value in act.items()]},
        }
        started = time.perf_counter()
        await self.send("PATCH-DOC", {"events": [event]})
        while True:
            content = await self.receive("PATCH-DOC")
            for change in content["events"]:
                about = change.get("model", {}).get("id")
                if about == self.charts["validation"] and change.get("attr") == "picked":
                    return time.perf_counter() - started

    async def send(self, kind: str, content: dict[str, Any]) -> None:
        """Send one message, as three frames."""
        assert self.socket
        header = {"msgid": str(next(self.numbers)), "msgtype": kind}
        for part in (header, {}, content):
            await self.socket.write_message(json.dumps(part))

    async def receive(self, kind: str) -> dict[str, Any]:
        """Wait for a message of this kind, and ignore others."""
        assert self.socket
        deadline = asyncio.timeout(TIMEOUT_SECONDS)
        async with deadline:
            while True:
                header = json.loads(await self.frame())
                await self.frame()
                content = json.loads(await self.frame())
                for _ in range(2 * header.get("num_buffers", 0)):
                    await self.frame()
                if header["msgtype"] == "ERROR":
                    raise SystemExit(f"the server answered with an error: {content}")
                if header["msgtype"] == kind:
                    return dict(content)

    async def frame(self) -> str | bytes:
        """Give the next frame."""
        assert self.socket
        message = await self.socket.read_message()
        if message is None:
            raise SystemExit("the server closed the connection")
        return message


async def visit(address: str, picks: int, seed: int) -> tuple[float, list[float]]:
    """Open the page, pick a few times with pauses; give the seconds of opening and each pick."""
    choose = random.Random(seed)
    person = Person(address)
    opened = await person.open()
    waited = []
    column = -1
    for _ in range(picks):
        await asyncio.sleep(choose.uniform(*THINK_SECONDS))
        column = choose.choice([c for c in range(person.columns) if c != column])
        waited.append(await person.pick(column))
    return opened, waited


async def crowd(address: str, people: int, picks: int) -> tuple[list[float], list[float]]:
    """Let some people open the page within a few seconds; give all opening and pick times."""

    async def one(number: int) -> tuple[float, list[float]]:
        await asyncio.sleep(number * 0.4)
        return await visit(address, picks, number)

    found = await asyncio.gather(*(one(number) for number in range(people)))
    return [opened for opened, _ in found], [w for _, waited in found for w in waited]


def memory_of(pid: int) -> int:
    """Resident bytes of a server and its children."""
    server = psutil.Process(pid)
    return sum(each.memory_info().rss for each in [server, *server.children(recursive=True)])


def measure(store: Path | str, people: int, picks: int) -> dict[str, float]:
    """Measure one person alone, then a crowd."""
    server, address = serve(store)
    try:
        asyncio.run(crowd(address, 2, 1))  # compile and load first
        alone = asyncio.run(crowd(address, 1, picks))
        before = memory_of(server.pid)
        opened, waited = asyncio.run(crowd(address, people, picks))
        after = memory_of(server.pid)
    finally:
        server.terminate()
        server.wait(timeout=20)
    return {
        "people": people,
        "alone_median_ms": 1e3 * statistics.median(alone[1]),
        "opened_median_ms": 1e3 * statistics.median(opened),
        "linked_median_ms": 1e3 * statistics.median(waited),
        "linked_p95_ms": 1e3 * float(np.quantile(waited, 0.95)),
        "megabytes_a_session": (after - before) / 1e6 / people,
        "ratio_to_alone": statistics.median(waited) / statistics.median(alone[1]),
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", help="an existing store")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--picks", type=int, default=5, help="linked selections per person")
    parser.add_argument("--snapshots", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        store = options.store
        if not store:
            log, store = Path(temporary) / "log", Path(temporary) / "log.dtstore"
            synthesize(log, snapshots=options.snapshots, images=50_000, classes=1000)
            process(log, store, workers=1)
        found = measure(store, options.people, options.picks)
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"{found['people']} people: opened in a median of {found['opened_median_ms']:.0f} ms; "
        f"linked selection: median {found['linked_median_ms']:.0f} ms, "
        f"p95 {found['linked_p95_ms']:.0f} ms ({found['ratio_to_alone']:.1f} times one person's, "
        f"{found['alone_median_ms']:.0f} ms); "
        f"{found['megabytes_a_session']:.1f} MB per session"
    )


if __name__ == "__main__":
    main()
