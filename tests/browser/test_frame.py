"""The frame around the views: themes, tools, layouts, keys, search; and what fails, and how."""

import io
import shutil
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import zarr
from tools import head, saved, tool

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import levels, lookup_table
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.shell.stepping import anomalous_columns
from deeptracker.pipeline.store.run_store import BRANCH


def heat_colour(run, name, column, *, dark):
    """The colour that the validation view owes a class's error at a column."""
    error = run.array("classes/error")
    top = np.sqrt(max(0.05, float(np.nanmax(error))))
    level = levels(np.sqrt(error[run.class_names.index(name), column]), 0, top)
    table = np.frombuffer(lookup_table("blues", dark=dark), np.uint8).reshape(256, 4)
    return tuple(int(channel) for channel in table[int(level)][:3])


def test_the_theme_is_switched_everywhere_and_remembered(person, app, digits_store):
    run = Run(str(digits_store))
    person.open(app)
    person.wait_for("validation")
    assert person.pixel("validation", "class:8", 20) == heat_colour(run, "8", 20, dark=False)
    person.page.keyboard.press("t")
    person.page.keyboard.press("t")
    person.wait(lambda: person.state("validation")["dark"], "the dark chart")
    assert person.state("header")["theme"] == "dark"
    assert person.pixel("validation", "class:8", 20) == heat_colour(run, "8", 20, dark=True)
    ground = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 19, 26)"
    person.page.reload()
    person.wait_for("validation")
    assert person.state("timeline")["dark"]
    assert person.pixel("validation", "class:8", 20) == heat_colour(run, "8", 20, dark=True)


def test_the_system_s_theme_holds_until_one_is_chosen(shared, app):
    person = shared(app)
    assert not person.state("timeline")["dark"]
    person.page.emulate_media(color_scheme="dark")
    person.wait(lambda: person.state("timeline")["dark"], "the dark chart")
    person.page.emulate_media(color_scheme="light")
    person.wait(lambda: not person.state("timeline")["dark"], "the light chart")


@pytest.mark.parametrize("width", [1280, pytest.param(1920, marks=pytest.mark.thorough)])
def test_nothing_scrolls_across_and_the_timeline_stays_in_sight(visit, app, width):
    person = visit(width=width, height=800)
    page = person.page
    person.open(app)
    for query, chart in (
        ("", "validation"),
        ("?v=layers&sp=beside&v2=validation", "layers"),
        ("?v=correlation&sp=below&v2=layers", "cube"),
    ):
        page.evaluate("scrollTo(0, 0)")
        person.follow(query)
        person.wait(lambda chart=chart: person.element(chart).is_visible(), chart)
        person.wait_for(chart)
        assert person.scrolls_across() == 0
        page.mouse.move(width / 3, 700)
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(300)
        box = person.element("timeline").bounding_box()
        assert 0 <= box["y"] < 80
    assert page.evaluate("window.scrollY") > 100


def test_two_views_stand_side_by_side_and_share_the_selection(person, app, digits_store):
    run = Run(str(digits_store))
    person.open(app)
    person.wait_for("validation")
    bar = person.page.get_by_role("separator")
    assert not bar.is_visible()
    person.page.keyboard.press("s")
    person.wait_for("layers")
    person.wait(bar.is_visible, "the divider")
    left = person.element("validation").bounding_box()
    right = person.element("layers").bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    assert "sp=beside" in person.query()
    person.click("validation", "class:8", 30)
    person.wait(lambda: person.state("layers")["picked"] == [30], "the pick in the other view")

    # The view of the other pane, opened here, changes places with the one that was here.
    head(person, "a").query_selector("[role=tab][data-view=layers]").click()
    person.wait(
        lambda: (
            person.element("layers").bounding_box()["x"]
            < person.element("validation").bounding_box()["x"]
        ),
        "the views' exchange",
    )
    person.page.reload()
    person.wait_for("layers")
    person.wait_for("validation")
    assert person.state("head-a")["view"] == "layers"
    assert person.state("head-b")["view"] == "validation"
    person.wait(lambda: person.state("layers")["picked"] == [30], "the pick after the reload")
    person.page.keyboard.press("s")
    person.wait(lambda: "sp=below" in person.query(), "one below the other")
    person.wait(
        lambda: (
            person.element("validation").bounding_box()["y"]
            > person.element("layers").bounding_box()["y"] + 50
        ),
        "the second view below",
    )
    assert not bar.is_visible()
    assert len(run.iterations) == 141
    assert person.errors == []


def test_the_divider_spans_the_panes_and_its_grip_stays_in_sight(shared, app):
    person = shared(app + "?sp=beside&v2=layers")
    person.wait_for("layers")
    page = person.page
    bar = page.get_by_role("separator")
    panes = [page.locator(f".dt-pane-{pane}").bounding_box() for pane in "ab"]
    box = bar.bounding_box()
    assert box["height"] >= max(pane["height"] for pane in panes)
    assert box["width"] >= 14
    assert bar.evaluate("e => getComputedStyle(e).cursor") == "col-resize"
    for place in (0, 400):
        page.evaluate("y => scrollTo(0, y)", place)
        grip = bar.locator(".dt-grip").bounding_box()
        top = page.locator(".dt-top").bounding_box()
        assert top["y"] + top["height"] < grip["y"] < 900 - grip["height"]
    x, y = grip["x"] + 5, grip["y"] + 120
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=4)
    page.mouse.up()
    person.wait(
        lambda: (
            abs(page.locator(".dt-pane-a").bounding_box()["width"] - panes[0]["width"] - 100) < 6
        ),
        "the wider pane",
    )
    page.keyboard.press("Escape")


def test_the_divider_shares_the_width_anew_by_keyboard(shared, app):
    person = shared(app + "?sp=beside&v2=layers")
    person.wait_for("layers")
    before = head(person).bounding_box()["width"]
    bar = person.page.get_by_role("separator")
    bar.focus()
    for _ in range(5):
        person.page.keyboard.press("ArrowRight")
    person.wait(lambda: head(person).bounding_box()["width"] > before + 80, "more room")
    assert person.state("timeline")["picked"] == []
    person.page.reload()
    person.wait_for("layers")
    person.wait(lambda: head(person).bounding_box()["width"] > before + 80, "as much room again")


def test_keys_step_through_snapshots_and_anomalies(person, app, digits_store):
    run = Run(str(digits_store))
    expected = anomalous_columns(run, Selection(threshold=12)).tolist()
    person.open(app + "?t=12")
    person.wait_for("validation")
    press = person.page.keyboard.press
    press("ArrowRight")
    person.wait(lambda: person.state("timeline")["picked"] == [0], "the first snapshot")
    press("ArrowRight")
    person.wait(lambda: person.state("validation")["picked"] == [1], "the second snapshot")
    press("Shift+ArrowRight")
    ahead = [column for column in expected if column > 1]
    person.wait(lambda: person.state("timeline")["picked"] == ahead[:1], "the first anomaly")
    press("Shift+ArrowRight")
    person.wait(lambda: person.state("timeline")["picked"] == ahead[1:2], "the next anomaly")
    press("Shift+ArrowLeft")
    person.wait(lambda: person.state("timeline")["picked"] == ahead[:1], "the anomaly before")
    press("Escape")
    person.wait(lambda: person.state("timeline")["picked"] == [], "nothing picked")
    press("3")
    person.wait(lambda: person.state("head-a")["view"] == "layers", "the third view")
    press("?")
    person.wait(lambda: person.page.get_by_role("dialog").is_visible(), "the help")
    press("1")
    press("Escape")
    person.wait(lambda: not person.page.get_by_role("dialog").is_visible(), "no help")
    assert person.state("head-a")["view"] == "layers"


def test_the_csv_holds_the_numbers_that_are_drawn(person, app, digits_store):
    run = Run(str(digits_store))
    person.open(app + "?w=[1000,1500]")
    person.wait_for("validation")
    name, content = saved(person, "Save the numbers")
    assert name == "digits-validation.csv"
    table = pd.read_csv(io.BytesIO(content), dtype={"class": str})
    first, last = run.columns((1000, 1500))
    assert sorted(table["iteration"].unique()) == run.iterations[first : last + 1].tolist()
    one = table[(table["class"] == "3") & (table["iteration"] == 1400)]
    error = run.array("classes/error")[run.class_names.index("3"), run.column(1400)]
    assert one["error"].item() == pytest.approx(float(error))


def test_the_picture_is_the_chart_twice_as_fine(shared, app):
    person = shared(app)
    state = person.wait_for("validation")
    name, content = saved(person, "Save the charts of this view as a picture")
    assert name == "digits-validation.png"
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width >= 2 * (state["left"] + state["span"])
    assert height >= 2 * (state["rows"][-1]["top"] + state["rows"][-1]["height"])


def test_the_graphics_hold_text_and_a_heat_line_a_class(shared, app):
    person = shared(app)
    person.wait_for("validation")
    name, content = saved(person, "Save the charts of this view as scalable")
    assert name == "digits-validation.svg"
    tree = ET.fromstring(content)
    space = "{http://www.w3.org/2000/svg}"
    words = [element.text for element in tree.iter(f"{space}text")]
    assert "all 597 images" in words
    assert "iterations 0 to 2,400" in words[0]
    assert "iteration" in words
    assert len(list(tree.iter(f"{space}image"))) >= 11


def test_a_view_says_what_it_is(shared, app):
    person = shared(app)
    person.wait_for("validation")
    tool(person, "What am I").click()
    told = person.wait(person.page.get_by_role("note").first.inner_text, "the words")
    assert "anomalous" in told
    assert "left rule" in told


def test_the_rows_of_a_chart_are_walked_by_keyboard(shared, app):
    person = shared(app)
    person.wait_for("validation")
    canvas = person.element("validation").query_selector(".dt-scroll canvas")
    canvas.focus()
    for _ in range(4):
        person.page.keyboard.press("ArrowDown")
    person.wait(lambda: person.state("validation")["cursor"] == "class:3", "the cursor on a class")
    said = person.element("validation").query_selector("[role=status]").inner_text()
    assert "3" in said
    person.page.keyboard.press("Enter")
    person.wait(lambda: person.row("validation", "images:0:3")["lines"] == 59, "its images")


def test_search_opens_a_layer_and_a_class(shared, app):
    person = shared(app)
    person.wait_for("validation")
    person.page.keyboard.press("/")
    person.page.keyboard.type("2.0.conv1")
    found = person.page.get_by_role("dialog").get_by_role("option")
    person.wait(lambda: found.count() == 2, "the suggestions")
    assert found.first.locator("span").inner_text() == "layer"
    assert found.first.inner_text().endswith("layer2.0.conv1")
    person.page.keyboard.press("Enter")
    person.wait(lambda: person.state("layers")["selected"] == ["node:layer2.0.conv1"], "the layer")
    assert person.row("layers", "node:layer2.0.conv1")["top"] > 0
    person.page.keyboard.press("/")
    person.page.keyboard.type("7")
    person.wait(lambda: found.count() == 1, "the class")
    person.page.keyboard.press("Enter")
    person.wait(lambda: person.state("validation")["selected"] == ["class:7"], "the class")
    person.wait(lambda: person.row("validation", "images:0:7")["lines"] == 62, "its images")
    assert person.errors == []


def test_keys_are_letters_while_one_types(shared, app):
    person = shared(app)
    person.wait_for("validation")
    field = person.element("field-Threshold")
    field.focus()
    person.page.keyboard.press("Control+a")
    person.page.keyboard.type("12")
    person.page.keyboard.press("ArrowLeft")
    person.wait(lambda: "t=12" in person.query(), "the threshold in the link")
    assert person.state("timeline")["picked"] == []
    assert person.state("head-a")["view"] == "validation"


def changed(store, act):
    """Commit a change to a store, as another pipeline run would."""
    import icechunk

    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(store)))
    session = repository.writable_session(BRANCH)
    act(zarr.open_group(session.store))
    session.commit("changed by a test")


@pytest.fixture(scope="module")
def fragile(digits_store, tmp_path_factory, serve_stores):
    """A copy of the store, which a test may damage, and the address of its page."""
    store = tmp_path_factory.mktemp("fragile") / "digits.dtstore"
    shutil.copytree(digits_store, store)
    for address in serve_stores(store):
        yield store, address


@pytest.mark.slow
def test_new_data_damage_and_loss_are_told_and_the_rest_lives_on(person, fragile, digits_store):
    store, address = fragile
    person.open(address)
    person.wait_for("validation")
    assert person.state("header")["live"] == "following"

    # A commit that breaks one view only: the errors of the classes are gone.
    def damage(root):
        del root["classes/error"]
        root.attrs["network"] = "DamagedNet"

    changed(store, damage)
    person.wait(lambda: person.state("header")["live"] == "new", "the new commit", 30)
    assert person.state("header")["facts"]["network"] == "DamagedNet"
    card = person.wait(lambda: person.element("failed"), "the card of the view that failed")
    assert "Validation could not be drawn" in card.inner_text()
    assert "classes/error" in card.inner_text()
    person.page.keyboard.press("3")
    person.wait_for("layers")
    person.click("layers", "node:conv1", 30)
    person.wait(lambda: person.state("layers")["picked"] == [30], "a pick in another view")
    person.wait(lambda: person.state("timeline")["picked"] == [30], "the pick on the timeline")

    # They come back, and the view with them when it is opened again.
    error = Run(str(digits_store)).stored("classes/error")

    def mend(root):
        root.create_array(
            "classes/error", data=error[...], dimension_names=error.metadata.dimension_names
        )
        root.attrs["network"] = "MendedNet"

    changed(store, mend)
    person.wait(lambda: person.state("header")["facts"]["network"] == "MendedNet", "news", 30)
    person.page.keyboard.press("2")
    person.wait(lambda: person.state("validation")["picked"] == [30], "the view again")

    # The store is gone: the page says so and goes on with what it has.
    shutil.move(store, store.with_suffix(".away"))
    person.wait(lambda: person.state("header")["live"] == "lost", "the loss", 30)
    person.page.keyboard.press("ArrowRight")
    person.wait(lambda: person.state("timeline")["picked"] == [31], "a step without the store")
    person.page.goto(address)
    card = person.wait(lambda: person.element("failed"), "the page of a lost store")
    assert "This run cannot be shown" in card.inner_text()
    assert str(store) in card.inner_text()
    shutil.move(store.with_suffix(".away"), store)
    person.open(address)
    person.wait_for("validation")
