"""A view on the whole screen: its charts take the height that there is, and give it back."""

import json

import pytest
from link_subject import go, go_back
from tools import tool

SCREEN = 1080
# Pixels: a chart whose rows are still being read has none, and a new canvas some default.
LEAST_HEIGHT = 180
CANVAS = """
(e) => {
  const canvas = e.querySelector('.dt-scroll canvas') || e.querySelector('canvas')
  const box = canvas.getBoundingClientRect()
  return [box.top, box.bottom]
}
"""
RASTER = """
() => {
  const walk = (root) => {
    for (const e of root.querySelectorAll('*')) {
      if (e.classList.contains('bk-Figure')) return e
      const found = e.shadowRoot && walk(e.shadowRoot)
      if (found) return found
    }
  }
  const box = walk(document)?.getBoundingClientRect()
  return box && [box.top, box.bottom]
}
"""


def fill(person, pane="a"):
    tool(person, "Show this view", pane).click()
    person.wait(lambda: person.page.evaluate("!!document.fullscreenElement"), "the whole screen")


def leave(person):
    person.page.evaluate("document.exitFullscreen()")
    person.wait(lambda: person.page.evaluate("!document.fullscreenElement"), "the page again")


def span(person, chart):
    """Top and bottom of a chart on the page, in pixels."""
    if chart == "raster":
        return person.page.evaluate(RASTER)
    return person.element(chart).evaluate(CANVAS)


def settled(person, chart):
    """The span of a chart whose rows are there and that keeps its place; until then, None."""
    first = span(person, chart)
    person.page.wait_for_timeout(400)
    top, bottom = span(person, chart)
    return first if first == [top, bottom] and bottom - top > LEAST_HEIGHT else None


@pytest.mark.parametrize(
    ("view", "chart", "pane"),
    [
        ("validation", "validation", "a"),
        ("layers", "layers", "a"),
        ("weights", "raster", "a"),
        ("correlation", "cube", "a"),
        ("validation", "timeline", "timeline"),
    ],
)
def test_a_view_s_chart_fills_the_screen_and_comes_back(shared, app, view, chart, pane):
    person = shared(app, width=1920, height=SCREEN)
    go(person, view)
    before = person.wait(lambda: settled(person, chart), f"the chart of {view}")
    fill(person, pane)
    high = before[1] - before[0] + 100
    person.wait(lambda: span(person, chart)[1] - span(person, chart)[0] > high, "a taller chart")
    top, bottom = span(person, chart)
    assert top < 220
    # The chart's end, with the axis below it, is near the screen's.
    assert SCREEN - 90 < bottom <= SCREEN
    leave(person)
    person.wait(
        lambda: abs(span(person, chart)[1] - span(person, chart)[0] - high + 100) < 2,
        "the chart as it was",
    )
    assert person.errors == []
    go_back(person)


def test_few_rows_grow_and_are_painted_to_their_ends(shared, app):
    person = shared(app, width=1920, height=SCREEN)
    person.wait_for("validation")
    before = person.row("validation", "class:8")
    below = {}
    for state in ("page", "screen"):
        row = person.row("validation", "class:8")
        # The last but one line of the class's heat line, and the gap that follows it.
        below[state] = person.pixel("validation", "class:8", 0, line=0)
        if state == "page":
            fill(person)
            person.wait(
                lambda: person.row("validation", "class:8")["height"] > 2 * before["height"],
                "taller rows",
            )
    assert below["page"] == below["screen"]
    row = person.row("validation", "class:8")
    chart = person.element("validation")
    state = json.loads(chart.get_attribute("data-state"))
    x = person.column_x("validation", 0)
    ground = person.colour("validation", x, row["top"] + row["height"] + 3)
    assert person.colour("validation", x, row["top"] + 2) == below["page"]
    assert ground != below["page"]
    assert state["rows"][-1]["top"] + state["rows"][-1]["height"] > 700
    leave(person)


def test_a_long_list_shows_more_rows(shared, wide_app):
    person = shared(f"{wide_app}?p=fc.weight", width=1920, height=SCREEN)
    state = person.wait_for("validation")
    pitch = state["rows"][5]["top"] - state["rows"][4]["top"]
    fill(person)
    more = 8 * pitch
    person.wait(
        lambda: person.state("validation")["room"] > state["room"] + more, "eight more rows"
    )
    grown = person.state("validation")
    assert grown["rows"][5]["top"] - grown["rows"][4]["top"] == pitch
    person.wait(
        lambda: person.state("validation")["cover"][1] >= person.state("validation")["room"],
        "rows down to the screen's end",
    )
    leave(person)
    person.wait(lambda: person.state("validation")["room"] == state["room"], "as many as before")


def test_the_raster_is_read_finer_on_the_whole_screen(shared, wide_app):
    person = shared(f"{wide_app}?p=fc.weight", width=1920, height=SCREEN)
    go(person, "weights")

    def rows():
        found = person.element("raster-state")
        return int(found.get_attribute("data-lines"))

    before = person.wait(rows, "the raster")
    fill(person)
    person.wait(lambda: rows() > before, "more lines")
    leave(person)
    person.wait(lambda: rows() == before, "as many lines as before")
