"""Where the page's frame puts chips, tools and cards."""

from urllib.parse import unquote

from link_subject import go
from tools import head, tool


def test_chips_list_what_is_picked_and_drop_it(shared, app):
    person = shared(app)
    person.follow('?i=[1400,1500]&c=["3"]')
    chip = person.page.get_by_role("button", name="Drop iteration 1,400")
    person.wait(chip.count, "the chips")
    person.wait(person.page.get_by_role("button", name="Drop class 3").count, "the class's chip")
    chip.click()
    person.wait(lambda: "i=[1500]" in unquote(person.query()), "the other iteration alone")
    person.wait(lambda: chip.count() == 0, "one chip less")
    person.page.get_by_role("button", name="Drop class 3").click()
    person.page.get_by_role("button", name="Drop iteration 1,500").click()
    person.wait(lambda: person.page.get_by_text("Nothing is picked").count(), "the hint")
    person.wait(lambda: person.query() == "v=validation", "a link without picks")
    assert person.errors == []


def test_the_selection_s_title_stands_above_its_chips_however_many_there_are(shared, app):
    person = shared(app)
    recorded = list(range(100, 1600, 100))
    ends = set()
    for picked in ([], recorded[:1], recorded):
        person.follow(f"?i={picked}".replace(" ", ""))
        person.wait(lambda picked=picked: chips(person) == len(picked), f"{len(picked)} chips")
        title = person.page.get_by_role("heading", name="Selection").bounding_box()
        first = person.page.get_by_role("button", name="Drop iteration 100", exact=True)
        below = first if picked else person.page.get_by_text("Nothing is picked")
        box = below.bounding_box()
        assert title["y"] + title["height"] <= box["y"] < title["y"] + title["height"] + 8
        label = person.page.get_by_text("Smoothing", exact=True).bounding_box()
        assert abs(title["x"] - label["x"]) < 1
        assert abs(title["x"] - box["x"]) < 1
        top = person.page.locator(".dt-top").bounding_box()
        ends.add(round(top["height"]))
    assert len(ends) == 1
    person.follow("")
    person.wait(lambda: chips(person) == 0, "no chip")


def chips(person):
    return person.page.get_by_role("button", name="Drop iteration").count()


def test_beside_each_other_panes_have_their_tools_on_one_line(person, app):
    person.open(app + "?sp=beside&v=validation&v2=layers")
    person.wait_for("layers")
    for pane in "ab":
        tabs = head(person, pane).query_selector("[role=tablist]").bounding_box()
        for button in head(person, pane).query_selector_all(".dt-tools button"):
            box = button.bounding_box()
            assert tabs["y"] <= box["y"]
            assert box["y"] + box["height"] <= tabs["y"] + tabs["height"]


def test_a_copied_link_moves_no_tool(shared, app):
    person = shared(app)
    person.wait_for("validation")
    link, others = tool(person, "Copy a link"), ("What am I", "Save the numbers")
    before = [tool(person, name).bounding_box() for name in others]
    link.click()
    person.wait(lambda: link.inner_text() != "Link", "that it is copied")
    assert "copied" in head(person).evaluate("e => e.parentNode.textContent")
    assert [tool(person, name).bounding_box() for name in others] == before
    person.wait(lambda: link.inner_text() == "Link", "the tool again")


def test_a_card_at_the_window_s_lower_edge_is_whole(shared, app):
    person = shared(app)
    person.page.set_viewport_size({"width": 1280, "height": 700})
    go(person, "layers")
    person.wait_for("layers")
    person.wait(lambda: person.state("layers")["rows"], "its rows")
    person.page.mouse.move(600, 680)
    person.page.mouse.move(603, 684)
    card = person.element("layers").query_selector(".dt-readout:not([hidden])").bounding_box()
    assert card["height"] > 30
    assert card["y"] + card["height"] <= 684
