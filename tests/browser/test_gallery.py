"""The gallery: filters, pages and tiles."""

import numpy as np
import pytest
from tools import link

from deeptracker.dashboard.data.image_histories import (
    image_forgetting,
    image_list,
)
from deeptracker.dashboard.data.run import Run


@pytest.fixture
def wide(wide_store):
    return Run(str(wide_store))


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


def test_the_gallery_filters_by_list_class_and_outcome_and_turns_pages(person, wide_app, wide):
    iteration = int(wide.iterations[2])
    query = {"view": "gallery", "gallery_outcome": "wrong"}
    person.open(wide_app + link(**query, iterations=[iteration]))
    wrong = np.flatnonzero(wide.array("images/correct")[:, 2] == 0)
    shown = person.wait_for("gallery")["tiles"]
    assert [int(tile["id"]) for tile in shown] == wrong[:60].tolist()
    assert {tile["state"] for tile in shown} == {"wrong"}
    person.page.get_by_text("Next →").click()
    person.wait(
        lambda: int(person.state("gallery")["tiles"][0]["id"]) == wrong[60], "the second page"
    )
    person.page.get_by_role("textbox", name="Class").fill("class 0007")
    of_class = [int(i) for i in wrong if wide.array("images/label")[i] == 7]
    person.wait(
        lambda: [int(t["id"]) for t in person.state("gallery")["tiles"]] == of_class,
        "the wrong images of a class",
    )
    thumbnail = wide.part("images/thumbnail", of_class[0])
    grid = person.element("gallery")
    drawn = grid.evaluate(
        "e => [...e.querySelector('.dt-picture canvas').getContext('2d')"
        ".getImageData(0, 0, 8, 8).data]"
    )
    assert np.array(drawn).reshape(8, 8, 4)[..., :3].tolist() == thumbnail.tolist()
    grid.query_selector("button").click()
    card = person.wait(lambda: person.element("image-card"), "the image in the validation view")
    assert int(card.get_attribute("data-image")) == of_class[0]


def test_the_gallery_s_buttons_stand_still_and_go_where_there_is_one_page(person, app, run):
    person.open(app + link(view="gallery"))
    person.wait_for("gallery")
    button = person.page.get_by_role("button", name="Next →")
    place = button.bounding_box()
    for turn in (60, 120):
        button.click()
        person.wait(lambda t=turn: person.state("gallery")["tiles"][0]["id"] == str(t), "a page on")
        assert button.bounding_box() == place
    person.page.get_by_label("List", exact=True).select_option("unforgettable")
    person.wait(lambda: 0 < len(person.state("gallery")["tiles"]) < 60, "a list of one page")
    assert not button.is_visible()
    assert not person.page.get_by_text("page 1").count()
    assert not len(image_list("never", image_forgetting(run)))
    person.page.get_by_label("List", exact=True).select_option("never learned")
    person.wait(lambda: person.page.get_by_text("No image matches").count(), "what is empty")
    assert not button.is_visible()


def test_tiles_of_a_line_are_as_high_as_each_other_and_names_break_before_the_class(
    person, wide_app
):
    person.open(wide_app + link(view="gallery"))
    person.wait(lambda: person.state("gallery")["tiles"], "tiles")
    tiles = person.element("gallery").evaluate(
        "e => [...e.querySelectorAll('button')].map((button) => {"
        "const { top, height } = button.getBoundingClientRect();"
        "const words = button.querySelector('.dt-title').firstChild, range = new Range();"
        "const cut = words.data.indexOf(' · ');"
        "const lines = [[0, cut], [cut + 3, words.length]].map(([from, to]) => {"
        "range.setStart(words, from); range.setEnd(words, to);"
        "return range.getClientRects().length });"
        "return [Math.round(top), height, lines] })"
    )
    for top in {top for top, _, _ in tiles}:
        assert len({height for at, height, _ in tiles if at == top}) == 1
    assert {line for _, _, lines in tiles for line in lines} == {1}
