"""The first tab: what happened, told in cards that lead to their places."""

from examples_truth import RESET_FILTER, RESET_ITERATION, RESET_PARAMETER, SPIKE_ITERATION


def cards(person):
    return person.wait(lambda: person.state("incidents")["cards"], "the cards")


def press(person, card, label):
    root = person.element("incidents")
    root.query_selector_all("li")[card].query_selector(f"button:has-text('{label}')").click()


def test_an_address_without_choices_opens_on_what_happened(person, app):
    person.page.goto(app)
    found = cards(person)
    assert [one["at"] for one in found] == [RESET_ITERATION, SPIKE_ITERATION]
    assert found[1]["message"].startswith("At 1,400 learning_rate rose 29-fold; ")
    assert person.state("incidents")["summary"] == "2 incidents up to iteration 2,400."
    texts = [card.inner_text() for card in person.element("incidents").query_selector_all("li")]
    assert "1,900" in texts[0]
    assert "1,400" in texts[1]
    # The card of the filter leads to its weights, with it and its time picked.
    press(person, 0, "Weights")
    person.wait(lambda: "v=weights" in person.query(), "the weights")
    person.wait(lambda: person.state("timeline")["picked"], "the pick")
    assert f"i=[{RESET_ITERATION}]" in person.page.evaluate("decodeURIComponent(location.search)")
    chip = f"{RESET_PARAMETER} filter {RESET_FILTER}"
    person.wait(lambda: person.page.get_by_role("button", name=f"Drop {chip}").count(), chip)
    assert person.errors == []


def test_the_jump_of_the_learning_rate_leads_to_every_view_that_shows_it(person, app):
    for label, key in (("Layers", "layers"), ("Correlation", "cube"), ("Validation", "validation")):
        person.page.goto(f"{app}?v=incidents")
        cards(person)
        press(person, 1, label)
        person.wait_for(key)
        person.wait(
            lambda: (
                f"i=[{SPIKE_ITERATION}]"
                in person.page.evaluate("decodeURIComponent(location.search)")
            ),
            "its iteration in the link",
        )
    assert person.errors == []


def test_a_link_that_names_no_view_opens_what_it_always_did(person, app):
    person.page.goto(f"{app}?i=[{SPIKE_ITERATION}]")
    person.wait_for("validation")
    assert "v=" not in person.query()
