"""axe-core finds no serious violation on any view, in either theme; keys reach the charts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from link_subject import go, go_back

VIEWS = {
    "validation": "validation",
    "layers": "layers",
    "weights": "raster-state",
    "correlation": "cube",
    "gallery": "gallery",
    "info": "head-a",
}
GRAVE = {"serious", "critical"}
# What axe-core can say of a theme: all else on a page is the same in both.
OF_A_THEME = {"runOnly": ["color-contrast", "link-in-text-block"]}


def grave_violations(page, options=None):
    found = Axe().run(page, options=options).response["violations"]
    return [
        (one["id"], one["impact"], [node["target"] + [node["html"][:160]] for node in one["nodes"]])
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_no_serious_violation(shared, app, view):
    person = shared(f"{app}?i=[1400]&w=[0,2000]")
    go(person, view)
    person.wait(lambda: person.element(VIEWS[view]).is_visible(), view)
    assert grave_violations(person.page) == []
    person.page.emulate_media(color_scheme="dark")
    person.wait(lambda: person.state("timeline")["dark"], "the dark theme")
    assert grave_violations(person.page, OF_A_THEME) == []
    person.page.emulate_media(color_scheme="light")
    person.wait(lambda: not person.state("timeline")["dark"], "the light theme")
    go_back(person)
