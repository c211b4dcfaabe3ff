"""Every view opens, by a link and by its tab; `make test-newest` runs this with the newest."""

import pytest
from tools import head

# What is there once a view is drawn.
DRAWN = {
    "incidents": "incidents",
    "validation": "validation",
    "layers": "layers",
    "weights": "raster-state",
    "correlation": "cube",
    "gallery": "gallery",
    "info": "parameters",
}


def is_drawn(person, view):
    element = person.element(DRAWN[view])
    return element is not None and element.is_visible()


# Tests of each view open it by a link, too.
OTHERS = [pytest.param(view, marks=pytest.mark.thorough) for view in DRAWN if view != "weights"]


@pytest.mark.parametrize("view", ["weights", *OTHERS])
def test_a_view_opens_by_its_link_and_follows_a_pick(person, app, view):
    person.open(f"{app}?v={view}")
    person.wait(lambda: is_drawn(person, view), view, seconds=60)
    person.click("timeline", "loss", 30, line=-1)
    person.wait(lambda: "i=" in person.query(), "the pick in the link")
    assert person.element("failed") is None
    assert person.errors == []


def test_views_open_one_after_another_by_their_tabs(person, app):
    person.open(app)
    tabs = lambda: head(person).query_selector_all("[role=tab]")  # noqa: E731  # drawn again by each
    assert len(tabs()) == len(DRAWN)
    for place, view in enumerate(DRAWN):
        tabs()[place].click()
        person.wait(lambda view=view: is_drawn(person, view), view, seconds=60)
    assert person.element("failed") is None
    assert person.errors == []
