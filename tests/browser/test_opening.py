"""Opening a page that is slow to open: it says so at once, and nobody else waits."""

import json
import math
import subprocess
import threading

import pytest
from logs import LogWriter
from servers import CLI, Pulse, goto

from deeptracker.dashboard.shell.page import POLL_MILLISECONDS

pytestmark = pytest.mark.slow

# Seconds. What Panel shows is made on the loop: 0.35 s of work, a multiple on a busy machine.
LONGEST_PAUSE = 3.0
# A widget for each of so many scalars would keep the loop busy for longer than that.
MANY = 5000
VALUES = 20_000


@pytest.fixture
def gate(proxy):
    """A bucket's server that takes requests and does not answer them while the gate is shut."""
    gate = threading.Event()
    gate.set()

    def wait(*_):
        gate.wait(300)

    proxy.refuse = wait
    yield gate
    gate.set()


def test_a_store_that_hangs_keeps_nobody_from_another_run(
    visit, server_of, digits_store, bucket, gate
):
    server = server_of(digits_store, bucket.upload(digits_store, "remote.dtstore"))
    server.start()
    early, late, other, home = visit(), visit(), visit(), visit()
    # The home page shows runs that answer while another hangs.
    gate.clear()
    goto(home, server.address)
    rows = home.page.get_by_role("row")
    digits, remote = rows.filter(has_text="digits"), rows.filter(has_text="remote")
    home.wait(lambda: "DigitsResNet" in digits.inner_text(), "the run that answers")
    assert "is being opened" in remote.inner_text()
    gate.set()
    home.wait(lambda: "DigitsResNet" in remote.inner_text(), "the other", seconds=120)
    goto(early, server.address + "remote?v=validation")
    early.wait_for("timeline")
    early.wait_for("validation")

    gate.clear()
    with Pulse(server.address) as pulse:
        late.page.goto(server.address + "remote?v=validation")
        opening = late.page.get_by_test_id("opening")
        late.wait(opening.is_visible, "word that it is being opened")
        assert "Opening remote" in opening.inner_text()
        # What has to be read now waits too, in its own place.
        early.tab("Layers")
        other.open(server.address + "digits")
        other.wait_for("validation")
        other.click("timeline", "loss", 30, line=-1)
        other.wait(lambda: other.state("validation")["picked"] == [30], "the pick", seconds=10)
        # Longer than the period at which open pages ask for a newer commit.
        other.page.wait_for_timeout(POLL_MILLISECONDS + 1000)
        # The store's client has not given up yet.
        assert opening.is_visible()
        assert early.state("layers") is None
        other.tab("Layers")
        other.wait(lambda: other.state("layers"), "another view", seconds=60)
    assert pulse.count > 100
    assert pulse.longest < LONGEST_PAUSE

    gate.set()
    late.wait(lambda: late.state("timeline"), "the run, as soon as it answers", seconds=120)
    late.wait_for("validation")
    assert [person.errors for person in (early, late, other, home)] == [[], [], [], []]


@pytest.fixture(scope="module")
def many_stores(tmp_path_factory):
    """Two runs: one of 5,000 scalars, one of 20,000 values of a scalar."""
    folder = tmp_path_factory.mktemp("many")
    stores = []
    for kind in ("names", "values"):
        log = LogWriter(folder / kind, images=20)
        for iteration in (0, 10, 20):
            log.snapshot(iteration)
            log.outcomes(iteration)
        others = {f"group{place // 100}/metric_{place}": place for place in range(MANY)}
        with (log.path / "scalars.jsonl").open("w", encoding="utf-8") as file:
            for iteration in (0, 10, 20) if kind == "names" else range(VALUES):
                line = {"iteration": iteration, "train_loss": 2 + math.sin(iteration)}
                file.write(json.dumps(line | (others if kind == "names" else {})) + "\n")
        stores.append(folder / f"{kind}.dtstore")
        subprocess.run([*CLI, "process", log.path, "--store", stores[-1]], check=True)
    return stores


def test_a_page_of_5_000_scalars_opens_without_a_pause(person, visit, server_of, many_stores):
    server = server_of(*many_stores)
    server.start()
    long = visit()
    goto(person, server.address)
    with Pulse(server.address) as pulse:
        person.page.goto(server.address + "names?v=validation")
        long.page.goto(server.address + "values?v=validation")
        for each in (person, long):
            each.wait(lambda each=each: each.state("timeline"), "the timeline", seconds=60)
            each.wait_for("validation")
    assert pulse.count > 20
    assert pulse.longest < LONGEST_PAUSE
    scalars = person.page.get_by_test_id("other-scalars")
    assert scalars.inner_text() == "Further scalars: 3 of 5,000 drawn"
    box = person.page.get_by_label("group47.metric 4777", exact=True)
    assert not box.is_visible()
    person.page.get_by_label("Search further scalars").fill("metric_4777")
    person.wait(box.is_visible, "the scalar that was searched for")
    box.check()
    ids = lambda: [row["id"] for row in person.state("timeline")["rows"]]  # noqa: E731
    person.wait(lambda: "group47.metric_4777" in ids(), "its row")
    assert (person.errors, long.errors) == ([], [])
