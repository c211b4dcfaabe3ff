"""What an open page does while its server or its store is away, or not there yet."""

import shutil
import subprocess

import pytest
from logs import LogWriter
from servers import CLI, goto

from deeptracker.pipeline.store.run_store import open_writer

pytestmark = pytest.mark.slow


def process(log, store):
    subprocess.run([*CLI, "process", log, "--store", store], check=True)


def test_a_page_tells_that_its_server_is_gone_and_comes_back_where_it_was(
    person, server_of, digits_store
):
    server = server_of(digits_store)
    server.start()
    goto(person, server.address + digits_store.stem + "?v=layers")
    person.wait_for("layers")
    person.click("timeline", "loss", 30, line=-1)
    person.wait(lambda: person.state("layers")["picked"] == [30], "the pick")
    bar = person.page.get_by_role("alert")
    assert not bar.is_visible()

    server.stop()
    person.wait(bar.is_visible, "word of the server's absence", seconds=60)
    assert "The server does not answer" in bar.inner_text()
    assert person.state("header")["live"] == "away"
    # What is drawn stays, and can be pointed at.
    assert person.state("layers")["picked"] == [30]
    assert person.hover("timeline", "loss", 40, line=-1, dy=10)

    with person.page.expect_navigation(timeout=120_000):
        server.start()
    person.wait_for("timeline")
    person.wait_for("layers")
    assert not bar.is_visible()
    assert person.state("timeline")["picked"] == [30]
    person.click("timeline", "loss", 50, line=-1)
    person.wait(lambda: person.state("layers")["picked"] == [50], "a pick with the new server")
    assert person.errors == []


def test_a_page_shows_its_run_when_the_first_commit_arrives_and_after_the_store_is_made_anew(
    person, visit, server_of, digits_store, tmp_path
):
    store = tmp_path / "fresh.dtstore"
    log = LogWriter(tmp_path / "log").iterations(range(0, 60, 10))
    # As far as a run has come that has not committed yet.
    with open_writer(str(store)):
        pass
    server = server_of(digits_store, store)
    server.start()
    home = visit()
    goto(home, server.address)
    row = home.page.get_by_role("row").filter(has_text="fresh")
    home.wait(lambda: "nothing was committed" in row.inner_text(), "the run to come")
    goto(person, server.address + "fresh?k=3")
    person.wait(
        lambda: "not processed yet" in person.element("failed").inner_text(),
        "the page of a run to come",
    )
    assert "nothing was committed" in person.element("failed").inner_text()
    process(log.path, store)
    person.wait(lambda: person.state("timeline"), "the run", seconds=60)
    person.wait_for("validation")
    assert person.state("timeline")["last"] == 5
    assert "k=3" in person.query()
    # The home page follows too, and stays as it was sorted.
    home.wait(lambda: iterations(row) == ["6"], "the first commit", seconds=60)
    home.page.get_by_role("button", name="iterations").click()

    # Deleted under the open page, and made anew of a longer log.
    shutil.rmtree(store)
    person.wait(lambda: person.state("header")["live"] == "lost", "the loss", seconds=60)
    log.iterations(range(60, 90, 10))
    process(log.path, store)
    person.wait(lambda: person.state("header")["live"] == "new", "the new store", seconds=60)
    person.wait(lambda: person.state("timeline")["last"] == 8, "its iterations")
    person.wait(lambda: person.state("validation")["last"] == 8, "its iterations everywhere")
    person.click("validation", "class:kind 1", 7)
    person.wait(lambda: person.state("timeline")["picked"] == [7], "a pick")
    home.wait(lambda: iterations(row) == ["9"], "the next commit", seconds=60)
    heads = home.page.get_by_role("columnheader").filter(has_text="iterations")
    assert heads.get_attribute("aria-sort") == "descending"
    assert (person.errors, home.errors) == ([], [])


def iterations(row):
    """Give what a row of the home page says of its run's iterations."""
    return row.get_by_role("cell").all_inner_texts()[2:3]
