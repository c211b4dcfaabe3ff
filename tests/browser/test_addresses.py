"""Addresses that lead nowhere, and links to what a run does not have."""

import pytest


def test_a_link_to_what_the_run_does_not_have_says_so_and_the_notice_can_be_closed(person, app):
    person.open(
        f'{app}?i=[777]&c=["nope"]&m=[99999]&n=["what"]&f=[["zz",1]]&p=abc&w=[9000,9999]&k=900'
    )
    notice = person.page.get_by_text("Ignored invalid values in this link")
    person.wait(notice.is_visible, "the notice")
    words = notice.inner_text()
    assert "link: the window of the anomaly rule." in words
    for told in ("iteration 777", "class nope", "image 99,999", "layer what", "filter 1 of zz"):
        assert told in words
    assert "parameter abc" in words
    assert "iterations 9,000 to 9,999" in words
    assert person.page.get_by_role("button", name="Drop").count() == 0
    person.page.get_by_role("button", name="Close", exact=True).click()
    person.wait(notice.is_hidden, "the notice's end")
    assert person.errors == []


@pytest.mark.parametrize(
    "path", ["nope", pytest.param("nope/deeper/down", marks=pytest.mark.thorough)]
)
def test_an_address_that_leads_nowhere_says_so_and_leads_home(person, app, path):
    answer = person.page.goto(app.rsplit("/", 1)[0] + f"/{path}")
    assert answer.status == 404
    assert "Page not found" in person.page.inner_text("main")
    person.page.get_by_role("link", name="Go to what this server shows").click()
    person.wait_for("timeline")
