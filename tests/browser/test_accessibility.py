"""axe-core finds no serious violation on any view, in either theme; keys reach the charts."""

import pytest
from axe_playwright_python.sync_playwright import Axe

VIEWS = {
    "validation": "validation",
    "layers": "layers",
    "weights": "raster-state",
    "correlation": "cube",
    "gallery": "gallery",
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
def test_no_serious_violation(visit, app, view, theme):
    person = visit(color_scheme=theme)
    person.open(f"{app}?v={view}&i=[1400]&w=[0,2000]")
    person.wait(lambda: person.element(VIEWS[view]), view)
    person.page.wait_for_timeout(500)
    assert grave_violations(person.page) == []
