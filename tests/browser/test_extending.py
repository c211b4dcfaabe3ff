"""The view and the component of docs/extending.md in a browser, added as the page says."""

import subprocess
import sys
import urllib.request

import pytest
from extending.blocks import write_blocks
from extending.checkout import checked_out, environment
from ports import free_port

from deeptracker.dashboard.data.run import Run

# A page with the new component, and the share of the last click.
BAR_PAGE = """
import sys
import panel as pn
from deeptracker.dashboard.widgets.share_bar import ShareBar

def page():
    bar = ShareBar(share=0.25, label="done", width=200)
    bar.param.watch(lambda event: bar.param.update(share=event.new["share"]), "event")
    return bar

pn.serve(page, port=int(sys.argv[1]), address="127.0.0.1", show=False)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    folder = checked_out(tmp_path_factory.mktemp("extended"))
    write_blocks("A view", folder)
    write_blocks("A component", folder)
    return folder


def test_a_new_view_is_drawn_in_its_tab_and_its_field_is_part_of_the_link(
    person, extended, digits_store, serve_stores, monkeypatch
):
    # What `python -m` finds first is what lies in its working folder.
    monkeypatch.chdir(extended)
    monkeypatch.setenv("PYTHONPATH", str(extended))
    run = Run(str(digits_store))
    ratios = run.array("nodes/update_ratio")[0]
    greatest = int(run.iterations[ratios[1:].argmax() + 1])
    for address in serve_stores(digits_store):
        person.open(f"{address}?v=changes&mc=3")
        (group,) = person.wait_for("changes")
        assert group["title"] == "Greatest update ratios"
        assert len(group["links"]) == 3
        field = person.element("field-Changes")
        field.fill("5")
        person.wait(lambda: "mc=5" in person.query(), "the field in the link")
        person.wait(lambda: len(person.state("changes")[0]["links"]) == 5, "five changes")
        person.element("changes").query_selector("button").click()
        person.wait_for("layers")
        person.wait(lambda: f"i=[{greatest}]" in person.query(), "the pick in the link")
        assert person.errors == []


def test_a_new_component_draws_its_share_and_says_where_it_was_clicked(person, extended):
    port = free_port()
    command = [sys.executable, "-c", BAR_PAGE, str(port)]
    process = subprocess.Popen(command, env=environment(extended), cwd=extended)
    try:
        address = f"http://127.0.0.1:{port}/"
        person.wait(lambda: is_answering(address), "the server", seconds=60)
        person.page.goto(address)
        bar = person.wait(lambda: person.element("share"), "the bar")
        assert bar.get_attribute("aria-label") == "done: 25 %"
        box = bar.bounding_box()
        filled = bar.query_selector("i").bounding_box()
        assert filled["width"] == pytest.approx(box["width"] / 4, abs=2)
        person.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 5)
        person.wait(lambda: bar.get_attribute("aria-label") == "done: 75 %", "the click's share")
        assert person.errors == []
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_answering(address):
    try:
        urllib.request.urlopen(address, timeout=5).read()
    except OSError:
        return False
    return True
