"""Controls of all views: fields and their hints, one line with labels."""

import numpy as np
import pytest
from link_subject import go, go_back
from tools import link

from deeptracker.dashboard.look.theme import DARK


@pytest.mark.parametrize("view", ["validation", "gallery", "layers"])
def test_what_fields_are_for_is_not_cut_and_stands_out_by_night(shared, app, view):
    person = shared(app + link(view="validation"), color_scheme="dark")
    go(person, view)
    person.wait(lambda: person.element(view).is_visible(), view)
    field = person.page.locator("input[placeholder]:visible").first
    field.wait_for()
    wide, room, colour = field.evaluate(
        "e => { const style = getComputedStyle(e);"
        "const context = document.createElement('canvas').getContext('2d');"
        "context.font = `${style.fontSize} ${style.fontFamily}`;"
        "return [context.measureText(e.placeholder).width, e.clientWidth - 16,"
        "getComputedStyle(e, '::placeholder').color] }"
    )
    assert wide < room
    assert colour == "rgb({}, {}, {})".format(*bytes.fromhex(DARK["faint"][1:]))
    # An empty box to tick has the ground of a field.
    box = person.page.locator("input[type=checkbox]:not(:checked):visible").first
    ground = box.evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == "rgb({}, {}, {})".format(*bytes.fromhex(DARK["paper"][1:]))
    go_back(person)


FIELDS = """
() => {
  const found = []
  const walk = (root, bar) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.matches("select, input") && bar && e.offsetWidth) {
        const box = e.getBoundingClientRect(), label = (e.labels[0] || e.closest("label"))
        const words = label.querySelector("span") || label
        const context = document.createElement("canvas").getContext("2d")
        const { fontSize, fontFamily } = getComputedStyle(e)
        context.font = `${fontSize} ${fontFamily}`
        const texts = e.matches("select") ? [...e.options].map(({ text }) => text) : []
        found.push({
          bar, kind: e.type, middle: box.top + box.height / 2,
          label: words.getBoundingClientRect().bottom, room: e.clientWidth - 32,
          wide: Math.max(0, ...texts.map((text) => context.measureText(text).width)),
        })
      }
      const top = Math.round(e.getBoundingClientRect().top)
      if (e.shadowRoot) walk(e.shadowRoot, e.matches(".dt-bar") ? top : bar)
    }
  }
  walk(document, 0)
  return found
}
"""


@pytest.mark.parametrize(
    ("view", "bars"), [("validation", 1), ("layers", 2), ("correlation", 1), ("gallery", 1)]
)
def test_controls_stand_on_one_line_with_their_labels_and_no_choice_is_cut(shared, app, view, bars):
    chosen = link(view="validation", open_classes=["3"], iterations=[1400, 1500])
    person = shared(app + chosen, width=1280, height=800)
    go(person, view)
    chart = {"correlation": "cube"}.get(view, view)
    person.wait(lambda: person.element(chart).is_visible(), view)
    person.wait(lambda: len(person.page.evaluate(FIELDS)) >= 4, "the controls")
    fields = person.page.evaluate(FIELDS)
    assert len({field["bar"] for field in fields}) == bars
    for bar in {field["bar"] for field in fields}:
        line = [field for field in fields if field["bar"] == bar]
        assert np.ptp([field["middle"] for field in line]) < 1
        labels = [field["label"] for field in line if field["kind"] != "checkbox"]
        assert np.ptp(labels) < 1
    for field in fields:
        assert field["wide"] <= max(0, field["room"])
    go_back(person)
