"""axe-core finds no serious violation on any view, in either theme; keys reach the charts."""

import pytest
from axe_playwright_python.sync_playwright import Axe

VIEWS = {
    "validation": "validation",
    "layers": "layers",
    "weights": "raster-state",
    "correlation": "cube",
    "info": "head-a",
}
GRAVE = {"serious", "critical"}


def grave_violations(page):
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], one["impact"], [node["target"] + [node["html"][:160]] for node in one["nodes"]])
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_serious_violation(browser, app, view, theme):
    from conftest import Person

    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=theme)
    person = Person(page)
    person.open(f"{app}?v={view}&i=[1400]&w=[0,2000]")
    person.wait(lambda: person.element(VIEWS[view]), view)
    page.wait_for_timeout(500)
    assert grave_violations(page) == []
    page.close()
