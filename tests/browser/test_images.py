"""Single validation images in a browser: the card's colours, and the line of an opened image."""

import numpy as np
import pytest

from deeptracker.dashboard.data.class_series import class_histories, similar_groups
from deeptracker.dashboard.data.image_histories import image_forgetting, image_list, images_of_class
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import LIGHT, RIGHT_LEVEL, lookup_table
from deeptracker.dashboard.views.registry import linked
from deeptracker.dashboard.views.validation.class_rows import BLOCK, pixel_height


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


def palette(name, level):
    table = np.frombuffer(lookup_table(name), np.uint8).reshape(256, 4)
    return tuple(int(channel) for channel in table[level][:3])


def rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def near(one, other, by=3):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= by


def line_in_sight(person, image):
    """Where the line of an image is drawn, from the canvas's top; None while it is out of sight."""
    state = person.state("validation")
    for row in state["rows"]:
        if image in row["members"]:
            line = (row["members"].index(image) + 0.5) * row["height"] / row["lines"]
            y = row["top"] + line - state["scrolled"]
            return y if 0 <= y <= state["room"] else None
    return None


def assert_marked(person, image):
    """The opened image's line is in sight, with a triangle in front of it."""
    person.wait(lambda: person.state("validation")["opened"] == [image], "the opened image")
    y = person.wait(lambda: line_in_sight(person, image), "its line in sight")
    left = person.state("validation")["left"]
    person.wait(
        lambda: near(person.colour("validation", left - 7, y), rgb(LIGHT["pick"]), 40),
        "the triangle at its line",
    )


def test_the_card_sets_the_right_class_apart_as_the_pixels_of_its_class_do(person, app, run):
    label = run.array("images/label")
    predicted = run.stored("images/predicted")[...]
    # An image that was right, wrong, and wrong in another way.
    kinds = [len(np.unique(row[row != own])) for row, own in zip(predicted, label, strict=True)]
    image = int(np.argmax(kinds))
    own, taken = int(label[image]), predicted[image]
    assert kinds[image] > 1
    person.open(app + "?" + linked(images=[image], pixels="predicted").to_query())
    person.wait_for("image-history")
    row = next(r for r in person.state("image-history")["rows"] if r["id"] == "predicted")
    columns = {int(value): int(np.flatnonzero(taken == value)[0]) for value in np.unique(taken)}
    assert own in columns
    for value, column in columns.items():
        x = person.column_x("image-history", column)
        drawn = person.colour("image-history", x, row["top"] + row["height"] / 2)
        level = RIGHT_LEVEL if value == own else value
        assert near(drawn, palette("classes", level))
        # The same as in its class's pixels, and calm where it was right.
        y = person.wait(lambda: line_in_sight(person, image), "the image's line")
        listed = person.colour("validation", person.column_x("validation", column), y)
        assert near(listed, drawn)
        assert (drawn == palette("outcome", RIGHT_LEVEL)) == (value == own)
    assert person.page.get_by_text("each wrong class has a colour").count() == 1


@pytest.mark.parametrize(
    "name", ["forgotten", pytest.param("unforgettable", marks=pytest.mark.thorough)]
)
def test_an_image_of_a_list_unfolds_its_class_and_comes_into_sight(person, app, run, name):
    person.open(app + "?" + linked(image_list=name, open_classes=["0", "1"]).to_query())
    images = image_list(name, image_forgetting(run))[:24]
    label = run.array("images/label")
    image = next(int(i) for i in images if label[i] >= 5)
    person.wait(lambda: person.state("image-list")["tiles"], "the list")
    assert line_in_sight(person, image) is None
    person.page.locator(f"button[data-id='{image}']").first.click()
    assert_marked(person, image)
    place = int(np.flatnonzero(images_of_class(run, int(label[image]), "forgetting") == image)[0])
    row = person.row("validation", f"images:{place // BLOCK}:{label[image]}")
    assert row["members"][place % BLOCK] == image
    # A link to it does the same.
    person.page.reload()
    person.wait_for("validation")
    assert_marked(person, image)
    assert person.errors == []


def test_an_image_unfolds_the_cluster_that_its_class_is_in(person, wide_app, wide_store):
    wide = Run(str(wide_store))
    chosen = {"class_grouping": "similarity", "class_clusters": 9, "image_list": "forgotten"}
    image = int(image_list("forgotten", image_forgetting(wide))[0])
    number = int(wide.array("images/label")[image])
    groups = similar_groups(class_histories(wide, "left", 5), 9)
    group = next(group for group in groups if number in group.members)
    person.open(wide_app + "?" + linked(**chosen).to_query())
    person.wait(lambda: person.state("validation")["entries"] == 9, "the clusters")
    person.wait(lambda: person.state("image-list")["tiles"], "the list")
    person.page.locator(f"button[data-id='{image}']").first.click()
    assert_marked(person, image)
    count = int((wide.array("images/label") == number).sum())
    blocks = -(-count // BLOCK)
    assert person.state("validation")["entries"] == 9 + len(group.members) + blocks
    row = person.row("validation", f"images:0:{wide.class_names[number]}")
    assert row["height"] / row["lines"] == pixel_height(count)
