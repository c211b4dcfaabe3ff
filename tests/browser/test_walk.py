"""One person's way through the page, from the whole training to single weights and back by link."""

import json
import urllib.parse

import pytest
from examples_truth import RESET_FILTER, RESET_ITERATION, RESET_PARAMETER, SPIKE_ITERATION

from deeptracker.dashboard.data.image_histories import images_of_class
from deeptracker.dashboard.data.run import Run


# Tests of the timeline, of each view and of the links hold each step in CI.
@pytest.mark.thorough
def test_a_walk_from_the_spike_to_single_weights_and_back_by_link(
    person, browser, app, digits_store
):
    run = Run(str(digits_store))
    person.open(app)
    person.wait_for("validation")
    brush(person, run.column(1000), run.column(2200))
    pick_the_spike(person, run.column(SPIKE_ITERATION))
    open_a_forgotten_image(person, run)
    find_the_filter(person, run.column(RESET_ITERATION))
    zoom_to_single_weights(person)
    pick_in_the_cube(person)
    open_the_link_elsewhere(person, browser)
    assert person.errors == []


def brush(person, first, last):
    """The window of every chart becomes the brushed columns."""
    x, y = person.bring("timeline", "loss")
    person.page.mouse.move(x + person.column_x("timeline", first), y + 20)
    person.page.mouse.down()
    person.page.mouse.move(x + person.column_x("timeline", last) - 30, y + 20, steps=4)
    person.page.mouse.move(x + person.column_x("timeline", last), y + 20, steps=4)
    person.page.mouse.up()
    person.wait(lambda: person.state("timeline")["first"] == first, "the brushed window")
    assert person.state("timeline")["last"] == last
    person.wait(lambda: person.state("validation")["first"] == first, "the window elsewhere")


def pick_the_spike(person, spike):
    """Where it stands in the anomaly counts."""
    person.click("timeline", "anomalous images", spike, line=-1)
    person.wait(lambda: person.state("timeline")["picked"] == [spike], "the picked spike")
    person.wait(lambda: person.state("validation")["picked"] == [spike], "the pick elsewhere")
    assert str(SPIKE_ITERATION) in urllib.parse.unquote(person.query())


def open_a_forgotten_image(person, run):
    """Unfold a class into its images, and open the one forgotten most often but one."""
    person.click_label("validation", "class:3")
    row = person.wait(lambda: person.row("validation", "images:0:3"), "the images of class 3")
    assert row["lines"] == int((run.array("images/label") == 3).sum())
    person.click("validation", "images:0:3", run.column(SPIKE_ITERATION), line=1)
    card = person.wait(lambda: person.element("image-card"), "the image")
    assert int(card.get_attribute("data-image")) == images_of_class(run, 3, "forgetting")[1]
    person.shot("walk-image")


def find_the_filter(person, reset):
    """Unfold a layer into its filters; the re-initialised one leads the list of its iteration."""
    person.tab("Layers")
    person.wait_for("layers")
    person.click_label("layers", "node:conv1")
    row = person.wait(lambda: person.row("layers", f"filters:{RESET_PARAMETER}"), "the filters")
    assert row["lines"] == 16
    person.click("layers", f"filters:{RESET_PARAMETER}", reset, line=RESET_FILTER)
    first = [RESET_PARAMETER, RESET_FILTER]
    person.wait(
        lambda: person.state("top-filters")[0]["links"][0]["key"] == first, "the top filter"
    )
    assert RESET_FILTER in person.row("layers", f"filters:{RESET_PARAMETER}")["row_marks"]
    person.shot("walk-filters")


def zoom_to_single_weights(person):
    """The filter's weights, then nearer until single weights show."""
    person.page.get_by_text("Weights of the picked filter").click()
    state = person.wait(lambda: person.element("raster-state"), "the raster")
    assert int(state.get_attribute("data-first")) <= RESET_FILTER * 9
    canvas = person.wait(
        lambda: person.page.locator(".bk-Figure, .bk-panel-models-plotly, .bk-Canvas").last,
        "a plot",
    )
    box = canvas.bounding_box()
    person.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(4):
        person.page.mouse.wheel(0, -240)
        person.page.wait_for_timeout(300)
    person.wait(
        lambda: (
            int(person.element("raster-state").get_attribute("data-last"))
            - int(person.element("raster-state").get_attribute("data-first"))
            < 9
        ),
        "a closer raster",
    )
    assert person.element("raster-state").get_attribute("data-level") == "0"
    person.shot("walk-raster")


def pick_in_the_cube(person):
    """The cube whole again; a click on the front face picks its class and layer."""
    person.tab("Correlation")
    person.wait_for("cube")
    person.page.get_by_text("Clear slices").click()
    cube = person.wait(
        lambda: (s := person.state("cube"))["settled"] and not s["cut"] and s, "the whole cube"
    )
    a, _, _, d, e, f = cube["faces"]["front"]
    element = person.element("cube")
    element.scroll_into_view_if_needed()
    box = element.query_selector("canvas").bounding_box()
    u, v = (7 + 0.5) / cube["classes"], (2 + 0.5) / cube["layers"]
    person.page.mouse.click(box["x"] + a * u + e, box["y"] + d * v + f)
    person.wait(lambda: person.state("cube")["picks"]["class_"] == 7, "the picked class")
    assert person.state("cube")["picks"]["layer"] == 2
    person.shot("walk-cube")


def open_the_link_elsewhere(person, browser):
    """The link, opened elsewhere, is the same state."""
    link, before = person.page.url, person.state("cube")
    timeline = person.state("timeline")
    other = type(person)(browser.new_page(viewport={"width": 1280, "height": 900}))
    other.open(link)
    again = other.wait_for("cube")
    assert again["picks"] == before["picks"]
    same = {"first", "last", "picked"}
    assert {k: other.state("timeline")[k] for k in same} == {k: timeline[k] for k in same}
    assert urllib.parse.parse_qs(other.query()) == urllib.parse.parse_qs(person.query())
    other.page.close()
    assert json.dumps(again["faces"]) == json.dumps(before["faces"])


def test_no_request_leaves_the_server(person, app):
    person.open(app)
    for tab, name in (("Layers", "layers"), ("Correlation", "cube"), ("Validation", "validation")):
        person.tab(tab)
        person.wait_for(name)
    person.tab("Weights")
    person.wait(lambda: person.element("raster-state"), "the raster")
    address = urllib.parse.urlsplit(app).netloc
    allowed = ("data:", "blob:", f"http://{address}", f"ws://{address}")
    assert [url for url in person.requests if not url.startswith(allowed)] == []
    assert person.requests


def test_a_garbled_link_still_opens_and_says_so(person, app):
    person.open(app + "?i=[x&k=900&v=nowhere&r=left")
    person.wait(lambda: person.page.get_by_text("Ignored invalid values").count(), "the notice")
    assert person.state("timeline")["picked"] == []
    assert person.errors == []
