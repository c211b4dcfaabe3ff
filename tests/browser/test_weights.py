"""The weights view in a browser: what is pointed at, zoomed to and compared is the log's."""

import json
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

import numpy as np
import pytest
from logs import LogWriter
from pixels import at
from safetensors.numpy import load_file

from deeptracker.dashboard.data.run import Run

NAME = "layer3.1.conv2.weight"
SHAPE = (16, 16, 3, 3)


def value_of(log, iteration, name, weight):
    tensors = load_file(log / "snapshots" / f"{iteration:09d}.safetensors")
    return float(tensors[name].astype(np.float32).ravel()[weight])


def opened(person, app, query):
    person.open(f"{app}?v=weights&{query}")
    return person.wait(lambda: person.element("raster-state"), "the raster")


def centre(person):
    box = person.page.locator(".bk-Figure").first.bounding_box()
    return box["x"] + 196 + (box["width"] - 216) / 2, box["y"] + 180


def raster_first(person):
    return int(person.element("raster-state").get_attribute("data-first"))


def told(person):
    """What the card at the pointer says: iteration, place, value."""
    return person.page.locator(".bk-tooltip-row-value").all_inner_texts()


@pytest.mark.parametrize("prefix", ["", "grad/"])
def test_pointing_at_a_single_weight_tells_its_place_and_the_logs_value(
    person, app, digits_log, prefix
):
    quantity = "&q=gradients" if prefix else ""
    state = opened(person, app, f"p={NAME}&z=[40.3,52.8,930.2,951.7]{quantity}")
    assert state.get_attribute("data-exact") == "1"
    x, y = centre(person)
    person.page.mouse.move(x - 5, y - 5)
    person.page.mouse.move(x, y)
    iteration, where, shown = person.wait(lambda: len(told(person)) == 3 and told(person), "a card")
    weight = int(re.search(r"weight ([\d,]+)", where)[1].replace(",", ""))
    iteration = int(iteration.replace(",", ""))
    assert shown.endswith("(exact)")
    value = float(shown.split()[0])
    assert 930 <= weight <= 952
    place = np.unravel_index(weight, SHAPE)
    assert f"filter {place[0]}, channel {place[1]}, kernel ({place[2]}, {place[3]})" in where
    expected = value_of(digits_log, iteration, prefix + NAME, weight)
    assert value == pytest.approx(expected, rel=1e-5)
    # A click keeps the same in the card.
    person.page.mouse.click(x, y)
    card = person.wait(lambda: person.element("clicked-weight"), "the card").inner_text()
    assert f"filter {place[0]}, channel {place[1]}" in card
    assert float(card.split(":")[-1]) == pytest.approx(expected, rel=1e-4)


def test_dragging_pans_and_the_link_keeps_the_place(person, browser, app):
    opened(person, app, f"p={NAME}&z=[40,60,900,960]")
    x, y = centre(person)
    person.page.mouse.move(x, y)
    person.page.mouse.down()
    person.page.mouse.move(x, y - 40, steps=4)
    person.page.mouse.move(x, y - 80, steps=4)
    person.page.mouse.up()
    person.wait(lambda: raster_first(person) > 903, "the panned raster")
    first = raster_first(person)
    person.wait(lambda: "z=[40,60,900" not in person.query(), "the link of the new place")
    other = type(person)(browser.new_page(viewport={"width": 1280, "height": 900}))
    other.open(person.page.url)
    other.wait(lambda: other.element("raster-state"), "the same raster")
    assert raster_first(other) == first
    other.page.close()
    assert person.errors == []


def test_zooming_out_goes_to_a_coarser_level_and_in_to_the_log(person, app):
    large = "layer3.0.downsample.0.weight"
    state = opened(person, app, f"p={large}")
    assert int(state.get_attribute("data-last")) == 64 * 32
    assert state.get_attribute("data-exact") == "0"
    x, y = centre(person)
    person.page.mouse.move(x, y)
    for _ in range(3):
        person.page.mouse.wheel(0, -400)
        person.page.wait_for_timeout(150)
    person.wait(
        lambda: person.element("raster-state").get_attribute("data-exact") == "1", "exact weights"
    )


def test_picked_filters_stand_one_above_the_other_by_sign_and_lead_to_their_weights(
    person, app, digits_store
):
    run = Run(str(digits_store))
    chosen = 'p=conv1.weight&f=[["conv1.weight",5],["layer2.0.conv1.weight",3]]'
    opened(person, app, chosen)
    state = person.wait(lambda: person.state("filter-rasters"), "the rasters of filters")
    ids = [row["id"] for row in state["rows"]]
    assert ids == ["raster:conv1.weight:5", "raster:layer2.0.conv1.weight:3"]
    assert state["left"] == person.state("timeline")["left"]
    assert state["span"] == person.state("timeline")["span"]
    column = len(run.iterations) - 1
    log = run.attributes["source"]
    tensors = load_file(f"{log}/snapshots/{int(run.iterations[column]):09d}.safetensors")
    weights = tensors["conv1.weight"][5].ravel()
    person.bring("filter-rasters", ids[0])
    for line in (int(np.argmax(weights)), int(np.argmin(weights))):
        red, _, blue = at(person, "filter-rasters", ids[0], column, (line + 0.5) / 9)
        assert (red > blue) == (weights[line] > 0)
    # A click on a compared filter shows it alone.
    person.click_label("filter-rasters", "raster:layer2.0.conv1.weight:3")
    person.wait(
        lambda: person.element("raster-state").get_attribute("data-first") == "48", "its weights"
    )
    assert person.element("raster-state").get_attribute("data-last") == "64"


@pytest.fixture(scope="module")
def orphan_app(tmp_path_factory, digits_log, serve_stores):
    """The page of a run whose log is gone."""
    folder = tmp_path_factory.mktemp("orphan")
    log = folder / "log"
    shutil.copytree(digits_log, log)
    for path in sorted((log / "snapshots").iterdir())[8:]:
        path.unlink()
    command = [sys.executable, "-m", "deeptracker.cli", "process", log, "--store", folder / "store"]
    subprocess.run(command, check=True)
    log.rename(folder / "elsewhere")
    yield from serve_stores(folder / "store")


def test_without_the_log_the_finest_level_is_shown_and_said(person, browser, orphan_app):
    state = opened(person, orphan_app, f"p={NAME}&z=[0,8,900,960]")
    assert state.get_attribute("data-level") == "1"
    person.wait(
        lambda: person.page.get_by_text("the finest stored level is shown").count(),
        "what is missing",
    )
    assert person.errors == []


def test_with_true_spacing_a_pixel_tells_the_snapshot_recorded_nearest(
    person, app, digits_log, digits_store
):
    run = Run(str(digits_store))
    iterations = run.iterations.astype(float)
    state = opened(person, app, f"p={NAME}&z=[20,120,930,950]&ax=true")
    assert state.get_attribute("data-exact") == "1"
    person.wait(lambda: person.state("timeline")["spacing"] == "true", "the timeline")
    edges = (iterations[1:] + iterations[:-1]) / 2
    start, end = edges[19], edges[119]
    box = person.page.locator(".bk-Figure").first.bounding_box()
    left, wide = box["x"] + 196, box["width"] - 216
    told_before = []
    for share in (0.1, 0.37, 0.8):
        x, y = left + share * wide, centre(person)[1]
        person.page.mouse.move(x - 3, y)
        person.page.mouse.move(x, y)
        lines = person.wait(
            lambda: len(found := told(person)) == 3 and found != told_before and found, "a card"
        )
        told_before[:] = lines
        iteration = int(lines[0].replace(",", ""))
        under = start + share * (end - start)
        nearest = int(iterations[np.abs(iterations - under).argmin()])
        # The frame's edges are known to a pixel: its neighbour may be meant.
        assert abs(iteration - under) <= abs(nearest - under) + 2 * (end - start) / wide
        weight = int(re.search(r"weight ([\d,]+)", lines[1])[1].replace(",", ""))
        expected = value_of(digits_log, iteration, NAME, weight)
        assert float(lines[2].split()[0]) == pytest.approx(expected, rel=1e-5)
    # Zooming with the wheel stays in columns: the link names them.
    person.page.mouse.wheel(0, -200)
    person.wait(lambda: "z=[20,120" not in person.query(), "the closer place in the link")
    first, last = json.loads(re.search(r"z=(\[[^&]*\])", unquote(person.query()))[1])[:2]
    assert 20 <= first < last <= 120
    assert person.errors == []


RASTER_TICKS = """
() => {
  const models = Bokeh.documents.flatMap((each) => [...each.all_models])
  const view = Bokeh.index.find_one(models.find(({ type }) => type === 'Figure'))
  const axis = view.axis_views.find(({ dimension }) => dimension === 0)
  const left = view.el.getBoundingClientRect().left
  const page = (place) => left + view.frame.x_scale.compute(place)
  const line = models.find((each) => each.type === 'Span' && each.visible)
  return {
    ticks: axis.tick_coords.major[0].map((at) => [Math.floor(at), page(at)]),
    line: line ? page(line.location) : null,
  }
}
"""


def drawn(person):
    """Where the raster's labels stand, as [column, x], and the line that all charts share."""
    return person.page.evaluate(RASTER_TICKS)


def place_of(person, column):
    """Where the timeline has a column, on the page."""
    canvas = person.element("timeline").query_selector(".dt-scroll canvas")
    return canvas.bounding_box()["x"] + person.column_x("timeline", column)


def point(person, x, y):
    person.page.mouse.move(x - 2, y)
    person.page.mouse.move(x, y)


@pytest.fixture
def short_app(tmp_path, serve_stores, count):
    """The address of a run of a number of snapshots."""
    log = LogWriter(tmp_path / "log").iterations(range(100, 100 * count + 1, 100))
    store = tmp_path / "short.dtstore"
    run = [sys.executable, "-m", "deeptracker.cli", "process", log.path, "--store", store]
    subprocess.run(run, check=True)
    yield from serve_stores(store)


@pytest.mark.parametrize("count", [1, pytest.param(4, marks=pytest.mark.thorough)])
def test_an_iteration_of_a_short_run_is_one_vertical_line(person, short_app, count):
    opened(person, short_app, "p=stem.weight")
    found = person.wait(lambda: drawn(person)["ticks"], "the raster's labels")
    assert [column for column, _ in found] == list(range(count))
    for column, x in found:
        assert abs(x - place_of(person, column)) <= 1.5
    assert person.errors == []


def test_labels_of_the_raster_are_those_of_the_timeline(person, app):
    opened(person, app, f"p={NAME}&w=[100,1500]")
    found = person.wait(lambda: drawn(person)["ticks"], "the raster's labels")
    assert found[0][0] == person.state("timeline")["first"]
    assert len(found) > 4
    for column, x in found:
        assert abs(x - place_of(person, column)) <= 1.5


def test_the_line_under_the_pointer_goes_between_the_raster_and_the_charts(shared, app):
    person = shared(f"{app}?v=weights&p={NAME}")
    person.wait(lambda: person.element("raster-state"), "the raster")
    x, y = centre(person)
    person.wait(lambda: drawn(person)["ticks"], "the raster")
    cross = person.element("timeline").query_selector(".dt-cross")
    assert cross.is_hidden()
    point(person, x, y)
    person.wait(cross.is_visible, "the line on the timeline")
    column = round(float(re.search(r"[\d.]+", cross.get_attribute("style"))[0]))
    canvas = person.element("timeline").query_selector(".dt-scroll canvas").bounding_box()
    assert abs(canvas["x"] + column - x) < 5
    assert abs(drawn(person)["line"] - canvas["x"] - column) < 1.5
    # Beside the frame there is none.
    point(person, x - 500, y)
    person.wait(cross.is_hidden, "no line")
    person.hover("timeline", "loss", 70, line=-1, dy=10)
    person.wait(lambda: drawn(person)["line"], "the line on the raster")
    assert abs(drawn(person)["line"] - place_of(person, 70)) < 1.5
    assert person.errors == []


def test_a_zoom_that_ends_at_the_whole_scrolls_no_page(shared, app):
    person = shared(f"{app}?v=weights&p={NAME}")
    person.wait(lambda: person.element("raster-state"), "the raster")
    point(person, *centre(person))

    def scrolled():
        return person.page.evaluate("scrollY")

    person.page.mouse.wheel(0, -60)
    person.wait(lambda: "z=" in person.query(), "the zoomed raster")
    for _ in range(8):
        person.page.mouse.wheel(0, 120)
    person.wait(lambda: "z=" not in person.query(), "all of the raster")
    person.page.wait_for_timeout(600)
    assert scrolled() == 0
    person.page.mouse.wheel(0, 60)
    person.wait(lambda: scrolled() == 60, "the page, by a gesture of its own")


def test_the_wheel_scrolls_the_page_where_the_raster_has_nothing_to_zoom(shared, app):
    person = shared(f"{app}?v=weights&p={NAME}")
    person.wait(lambda: person.element("raster-state"), "the raster")
    x, y = centre(person)

    def scrolled():
        return person.page.evaluate("scrollY")

    point(person, x, y)
    person.page.mouse.wheel(0, 60)
    person.wait(lambda: scrolled() == 60, "the page, as all of the raster is in sight")
    assert "z=" not in person.query()
    # The browser goes on with a scroll that has begun: another one begins a while after.
    person.page.wait_for_timeout(1000)
    person.page.mouse.wheel(0, -60)
    person.wait(lambda: "z=" in person.query(), "the zoomed raster")
    assert scrolled() == 60
    before = person.query()
    box = person.page.locator(".bk-Figure").first.bounding_box()
    point(person, box["x"] + 40, y)
    person.page.wait_for_timeout(1000)
    person.page.mouse.wheel(0, -60)
    person.wait(lambda: scrolled() == 0, "the page, from the margin")
    assert person.query() == before


def test_the_ends_of_the_colour_bar_say_what_lies_beyond_them(person, app):
    def labels():
        return person.page.evaluate(
            """() => {
                const models = Bokeh.documents.flatMap((each) => [...each.all_models])
                const bar = models.find(({ type }) => type === "ColorBar")
                const axis = bar && Bokeh.index.find_one(bar)?._axis_view
                const drawn = axis ? axis.compute_labels(axis.tick_coords.major[0]).items : []
                return drawn.map(({ text }) => text)
            }"""
        )

    opened(person, app, "p=conv1.weight")
    expected = ["≤ −3.34", "−1.67", "0", "1.67", "≥ 3.34"]  # noqa: RUF001
    person.wait(lambda: labels() == expected, "the labels of the colours")
    # Another parameter on the same figure.
    lists = person.page.locator("select").filter(
        has=person.page.locator("option", has_text="bn1.bias")
    )
    lists.first.select_option(label="bn1.weight")
    changed = person.wait(lambda: labels() != expected and labels(), "other labels")
    assert len(changed) == 5
    assert changed[0].startswith(("≤", "−", "0"))  # noqa: RUF001
