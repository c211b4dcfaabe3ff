"""The validation view, the gallery and the info in a browser: values and pixels read back."""

import json
import subprocess
import sys
import urllib.parse

import numpy as np
import pytest
from link_subject import go
from tools import link

from deeptracker.dashboard.data.class_series import class_histories, similar_groups
from deeptracker.dashboard.data.image_histories import (
    image_forgetting,
    image_list,
    images_of_class,
    neighbours,
    outcomes_of,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import lookup_table
from deeptracker.record.tensor_file import write_tensors


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


@pytest.fixture
def wide(wide_store):
    return Run(str(wide_store))


def palette(name, level):
    table = np.frombuffer(lookup_table(name), np.uint8).reshape(256, 4)
    return tuple(int(channel) for channel in table[level][:3])


def shade(error, top):
    return palette("blues", int(np.floor(254 * min(1, (error / top) ** 0.5) + 0.5)))


def alike(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 3


def drawn_at(person, key, column, line=0.5):
    """The colour of a row of the list at a column."""
    state, row = person.state("validation"), person.row("validation", key)
    height = row["height"] if row["kind"] != "heat" else 12
    y = row["top"] - state["scrolled"] + line * height
    return person.colour("validation", person.column_x("validation", column), y)


def scroll_to(person, top):
    person.element("validation").evaluate(
        "(e, top) => { e.querySelector('.dt-scroll').scrollTop = top }", top
    )


def test_a_heat_line_is_as_dark_as_its_class_is_wrong(shared, app, run):
    person = shared(app)
    person.wait_for("validation")
    error = run.array("classes/error")
    for number, column in ((0, 0), (3, 30), (8, 60), (9, 140)):
        wanted = shade(error[number, column], float(np.nanmax(error)))
        assert alike(drawn_at(person, f"class:{number}", column), wanted)


def test_counts_are_drawn_as_a_line_on_demand(shared, app):
    person = shared(app)
    person.wait_for("validation")
    before = person.row("validation", "class:3")["height"]
    person.page.get_by_text("counts", exact=True).click()
    person.wait(lambda: person.row("validation", "class:3")["height"] > before, "the line")
    person.wait(
        lambda: any(row["id"] == "counts" for row in person.state("validation-whole")["rows"]),
        "the line of the whole set",
    )
    person.page.get_by_text("counts", exact=True).click()
    person.wait(lambda: person.row("validation", "class:3")["height"] == before, "no line")


def test_each_list_counts_its_images_and_opens_them(shared, app, run):
    person = shared(app)
    found = image_forgetting(run)
    for name, label in (
        ("forgotten", "forgotten"),
        ("unforgettable", "unforgettable"),
        ("never", "never learned"),
    ):
        images = image_list(name, found)
        button = person.page.get_by_text(f"{label} {len(images):,}", exact=True)
        person.wait(button.count, f"the count of {name}")
        button.click()
        wanted = [str(image) for image in images[:24]]
        person.wait(
            lambda wanted=wanted: (
                [tile["id"] for tile in person.state("image-list")["tiles"]] == wanted
            ),
            f"the list of {name}",
        )
    person.page.get_by_text(f"forgotten {len(image_list('forgotten', found)):,}").click()
    first = str(image_list("forgotten", found)[0])
    person.wait(
        lambda: [t["id"] for t in person.state("image-list")["tiles"]][:1] == [first], "the list"
    )
    person.page.locator(f"button[data-id='{first}']").first.click()
    card = person.wait(lambda: person.element("image-card"), "the card")
    assert card.get_attribute("data-image") == first


def test_triangles_stand_where_the_rule_says(person, app, run):
    person.open(app + link(rule="right", anomaly_window=3, threshold=2))
    person.wait_for("validation")
    counts = run.array("classes/right")[2]
    for number in range(10):
        marked = [[int(c), int(counts[number, c])] for c in np.flatnonzero(counts[number] >= 2)]
        assert person.row("validation", f"class:{number}")["triangles"] == marked
    whole = person.state("validation-whole")["rows"][0]["triangles"]
    assert [column for column, _ in whole] == np.flatnonzero(counts.sum(axis=0) >= 2).tolist()


@pytest.mark.parametrize("pixels", ["correct", "predicted", "loss"])
def test_an_unfolded_class_shows_its_images_as_pixels(shared, app, run, pixels):
    unfolded = {"open_classes": ["3"], "image_order": "index"}
    person = shared(app + link(**unfolded))
    person.wait_for("validation")
    person.follow(link(**unfolded, pixels=pixels))
    images = images_of_class(run, 3, "index")
    row = person.wait(lambda: person.row("validation", "images:0:3"), "the images")
    assert row["members"] == images.tolist()
    values = outcomes_of(run, 3, pixels)
    top = float(np.quantile(values, 0.98)) if pixels == "loss" else 1
    assert len(set(values[:, 10])) > 1
    for line, column in ((0, 5), (7, 40), (20, 100), (58, 0), *((n, 10) for n in range(9))):
        value = values[line, column]
        wanted = {
            "correct": lambda v=value: palette("outcome", int(v) * 254),
            "predicted": lambda v=value: (
                palette("outcome", 254) if v == 3 else palette("classes", int(v))
            ),
            "loss": lambda v=value: shade(float(v), top),
        }[pixels]()
        place = "images:0:3", column, (line + 0.5) / 59
        person.wait(
            lambda place=place, wanted=wanted: alike(drawn_at(person, *place), wanted),
            f"{wanted} at {place}",
        )
    person.follow(link(**unfolded))


def test_an_image_opens_with_its_history_its_neighbours_and_a_link(person, app, run):
    person.open(app + link(open_classes=["3"]))
    person.wait_for("validation")
    person.click("validation", "images:0:3", 70, line=2)
    image = int(images_of_class(run, 3, "forgetting")[2])
    card = person.wait(lambda: person.element("image-card"), "the card")
    assert int(card.get_attribute("data-image")) == image
    found = neighbours(run, image)
    person.wait(
        lambda: (
            [tile["id"] for tile in person.state("neighbours")["tiles"]]
            == [str(entry.image) for entry in found]
        ),
        "the neighbours",
    )
    history = person.state("image-history")
    assert {row["id"] for row in history["rows"]} == {"outcome", "predicted", "loss"}
    correct = run.part("images/correct", image)
    for column in (3, 70, 120):
        row = next(row for row in history["rows"] if row["id"] == "outcome")
        x = person.column_x("image-history", column)
        drawn = person.colour("image-history", x, row["top"] + row["height"] / 2)
        if column not in history["picked"]:
            assert alike(drawn, palette("outcome", int(correct[column]) * 254))
    # Eight by eight pixels are drawn at a whole multiple.
    assert card.query_selector("img").bounding_box()["width"] - 2 == 128
    assert person.state("validation")["opened"] == [image]
    href = card.query_selector("a").get_attribute("href")
    person.page.goto(urllib.parse.urljoin(person.page.url, href))
    card = person.wait(lambda: person.element("image-card"), "the card by its link")
    assert int(card.get_attribute("data-image")) == image


def test_classes_are_searched_ordered_and_filtered_by_their_controls(shared, app, run):
    person = shared(app)
    person.wait_for("validation")

    def listed():
        return [row["label"] for row in person.state("validation")["rows"]]

    person.page.get_by_label("Order").select_option("final error")
    final = run.array("classes/error")[:, -1]
    wanted = [str(number) for number in np.argsort(-final, kind="stable")]
    person.wait(lambda: listed() == wanted, "the order by final error")
    person.page.get_by_label("Search classes").fill("1, 8")
    person.wait(lambda: sorted(listed()) == ["1", "8"], "the searched classes")
    person.page.get_by_label("Search classes").fill("nothing of this name")
    person.wait(lambda: person.page.get_by_text("No class matches the search").count(), "why")
    person.wait(lambda: "cq=nothing" in person.query(), "the search in the link")
    assert person.errors == []


def test_of_a_thousand_classes_those_in_sight_are_sent(shared, wide_app, wide):
    person = shared(wide_app)
    state = person.wait_for("validation")
    assert state["entries"] == 1000
    assert state["total"] == 20_000
    assert len(state["rows"]) <= 3 * state["room"] / 20 + 2
    error, top = wide.array("classes/error"), float(np.nanmax(wide.array("classes/error")))
    for number in (455, 990, 2):
        scroll_to(person, 20 * number - 100)
        key = f"class:class {number:04d}"
        person.wait(lambda key=key: person.row("validation", key), f"class {number}")
        person.wait(
            lambda number=number: abs(person.state("validation")["scrolled"] - 20 * number) < 600,
            "the scroll",
        )
        for column in (0, 4, 7):
            wanted = shade(float(error[number, column]), top)
            assert alike(drawn_at(person, key, column), wanted)
    assert len(person.state("validation")["rows"]) <= 3 * state["room"] / 20 + 2


def test_a_pick_sends_no_rows(shared, wide_app):
    person = shared(wide_app)
    person.wait_for("validation")
    person.page.wait_for_timeout(500)
    before = person.state("validation")
    person.click("timeline", "loss", 20, line=-1)
    person.wait(lambda: person.state("validation")["picked"] == [20], "the pick")
    person.page.wait_for_timeout(300)
    assert person.state("validation")["loads"] == before["loads"]
    person.page.keyboard.press("Escape")
    person.wait(lambda: person.query() in ("", "v=validation"), "the link as it was")


def test_a_class_picked_elsewhere_comes_into_sight(shared, wide_app):
    person = shared(wide_app)
    go(person, "info")
    person.wait(lambda: person.state("classes"), "the table of classes")
    row = person.page.get_by_text("class 0777", exact=True)
    row.scroll_into_view_if_needed()
    row.click()
    person.wait(lambda: "class:class 0777" in person.state("validation")["selected"], "the class")
    state = person.wait(
        lambda: (
            person.state("validation")
            if 0 <= 777 * 20 - person.state("validation")["scrolled"] <= 540
            else None
        ),
        "the class in sight",
    )
    assert any(row["id"] == "class:class 0777" for row in state["rows"])


def test_clusters_of_a_thousand_classes_come_at_once_and_open(person, wide_app, wide):
    query = link(class_grouping="similarity", class_clusters=9, class_order="similarity")
    person.open(wide_app + query)
    state = person.wait_for("validation")
    assert state["entries"] == 9
    histories = class_histories(wide, "left", 5)
    groups = {f"group:{group.key}": group for group in similar_groups(histories, 9)}
    assert {row["id"] for row in state["rows"]} == set(groups)
    smallest = min(groups.values(), key=lambda group: len(group.members))
    person.click_label("validation", f"group:{smallest.key}")
    wanted = {f"class:{wide.class_names[number]}" for number in smallest.members}
    person.wait(
        lambda: person.state("validation")["entries"] == 9 + len(wanted), "the classes of it"
    )
    shown = {row["id"] for row in person.state("validation")["rows"]}
    assert shown & wanted
    person.page.get_by_label("Clusters").fill("5")
    person.page.keyboard.press("Enter")
    person.wait(lambda: "nc=5" in person.query(), "five clusters")


def test_the_optimal_order_of_a_thousand_classes_follows_when_it_is_found(person, wide_app, wide):
    person.open(wide_app + link(class_order="similarity"))
    person.wait_for("validation")
    order = class_histories(wide, "left", 5).similarity().find_optimal_order()
    wanted = [f"class:{wide.class_names[number]}" for number in order[:30]]
    person.wait(
        lambda: [row["id"] for row in person.state("validation")["rows"]][:30] == wanted,
        "the optimal order",
        seconds=60,
    )
    assert person.errors == []


@pytest.fixture(scope="module")
def bare_app(tmp_path_factory, serve_stores):
    """Two runs: one of snapshots alone, one with predictions but no loss and no pictures."""
    folder = tmp_path_factory.mktemp("bare")
    label = (np.arange(40) % 2).astype(np.int32)
    for name in ("weights-only", "predictions"):
        (folder / name / "snapshots").mkdir(parents=True)
        random = np.random.default_rng(0)
        for iteration in range(0, 60, 10):
            weight = random.standard_normal((4, 6)).astype("f4")
            path = folder / name / "snapshots" / f"{iteration:06d}.safetensors"
            write_tensors(path, {"layer.weight": weight})
    run = {
        "schema_version": 1,
        "name": "predictions",
        "classes": ["even", "odd"],
        "hyperparameters": {"class_groups": {"numbers": {"whole": ["even"]}}},
    }
    log = folder / "predictions"
    (log / "run.json").write_text(json.dumps(run), encoding="utf-8")
    write_tensors(log / "images.safetensors", {"label": label})
    (log / "outcomes").mkdir()
    for iteration in range(0, 60, 10):
        predicted = np.where(np.arange(40) < iteration, label, 1 - label).astype(np.int32)
        path = log / "outcomes" / f"{iteration:06d}.safetensors"
        write_tensors(path, {"predicted": predicted})
    stores = [folder / f"{name}.dtstore" for name in ("weights-only", "predictions")]
    for store in stores:
        command = [sys.executable, "-m", "deeptracker.cli", "process", store.with_suffix("")]
        subprocess.run([*command, "--store", store], check=True)
    yield from serve_stores(*stores)


def test_recorded_groups_stand_above_their_classes(person, bare_app):
    groups = {"class_grouping": "given", "open_groups": ["numbers"]}
    person.open(bare_app + "predictions" + link(**groups))
    person.wait_for("validation")

    def listed():
        return [row["id"] for row in person.state("validation")["rows"]]

    assert listed() == ["group:numbers", "group:numbers/whole", "class:odd"]
    person.click_label("validation", "group:numbers/whole")
    person.wait(lambda: "class:even" in listed(), "the classes of the inner group")
    assert listed().index("class:even") == 2


def test_a_run_without_outcomes_says_how_to_record_them(person, bare_app):
    person.open(bare_app + "weights-only")
    for tab, words in (
        ("Validation", "No validation outcomes were recorded"),
        ("Gallery", "No validation images were recorded"),
        ("Info", "No rule found anything wrong"),
    ):
        person.tab(tab)
        person.wait(lambda words=words: person.page.get_by_text(words).count(), words)
    assert person.errors == []


def test_a_run_without_loss_and_pictures_shows_what_there_is(person, bare_app):
    person.open(bare_app + "predictions" + link(open_classes=["odd"], pixels="loss", images=[3]))
    row = person.wait(lambda: person.row("validation", "images:0:odd"), "the images")
    assert row["kind"] == "outcome"
    person.wait(lambda: person.page.get_by_text("No picture was recorded").count(), "no picture")
    rows = person.wait_for("image-history")["rows"]
    assert {entry["id"] for entry in rows} == {"outcome", "predicted"}
    person.tab("Gallery")
    person.wait(lambda: person.state("gallery")["tiles"], "the tiles")
    assert person.errors == []
