"""Pictures of views stand alone: title, legend, colour scale, axes and units are in them."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from link_subject import go, go_back
from PIL import Image
from tools import saved

from deeptracker.dashboard.look.theme import PALETTES, PALETTES_DARK

SVG = "{http://www.w3.org/2000/svg}"
# By view: the pane, and what must stand in words.
WORDS = {
    "timeline": ("timeline", ["train loss", "anomalous images", "iteration"]),
    "validation": (
        "a",
        [
            "digits · Validation · iterations 0 to 2,400",
            "wrong images 0",
            "100% (square-root scale)",
            "at least 1 image anomalous (left rule, k = 5)",
            "wrong",
            "right",
            "most forgotten first",
            "iteration",
        ],
    ),
    "layers": (
        "a",
        [
            "minimum to maximum",
            "first to third quartile",
            (
                "median of the values. Vertical axis: weights' values (no unit), each node's own "
                "scale, linear."
            ),
            "layer3",
            "iteration",
        ],
    ),
    "weights": (
        "a",
        ["weight", "iteration", "mean weight under a pixel (no unit)", "filter 5"],
    ),
    "correlation": (
        "a",
        ["front: anomalous filters at the class's anomalous iterations, 0 to 15 filters", "class"],
    ),
    "gallery": ("a", ["image 0 · 2", "forgotten once,"]),
    "info": ("a", ["Health findings", "severity", "loss spike", "conv1.weight"]),
}


PICKED = 'oc=["3"]&f=[["conv1.weight",5]]'


def show(person, view):
    """Go to a view by its tab, and wait until it is drawn."""
    go(person, view)
    chart = {"weights": "raster-state", "info": "findings", "correlation": "cube"}.get(view, view)
    person.wait(lambda: person.element(chart).is_visible(), f"the chart of {view}", 60)
    if view not in ("weights", "info", "gallery"):
        person.wait_for(chart)


@pytest.mark.parametrize("view", list(WORDS))
def test_graphics_hold_title_legend_axes_and_units(shared, app, view):
    pane, words = WORDS[view]
    person = shared(f"{app}?{PICKED}")
    if view != "timeline":
        show(person, view)

    def written():
        content = saved(person, "Save the charts of this view as scalable", pane)[1]
        found = [" ".join("".join(text.itertext()).split()) for text in _texts(content)]
        return found if set(words) <= set(found) else None

    found = person.wait(written, f"graphics with {words}")
    assert found[0].startswith(f"digits · {view.capitalize()}")
    assert person.errors == []
    go_back(person)


def _texts(content):
    return ET.fromstring(content).iter(f"{SVG}text")


def pixels(person, pane="a"):
    content = saved(person, "Save the charts of this view as a picture", pane)[1]
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.int16)


def longest(picture, colour, within=6):
    """How many pixels of a row at the most are of about a colour, and where they begin."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    alike = np.abs(picture - rgb).max(axis=2) <= within
    return int(alike.sum(axis=1).max()), alike


def test_the_legend_s_colours_are_in_the_picture(shared, app):
    person = shared(f"{app}?{PICKED}")
    show(person, "validation")
    picture = pixels(person)
    # The scale stands in the second line, under the title: dark at its right end.
    band = picture[2 * 40 : 2 * 64]
    count, alike = longest(band, PALETTES["blues"][-1], within=10)
    assert count >= 2
    right = np.flatnonzero(alike.any(axis=0)).max()
    pale = longest(band, PALETTES["blues"][0], within=4)[1]
    left = np.flatnonzero(pale.any(axis=0)).min()
    assert 150 < right - left < 250


def test_the_raster_s_colour_bar_is_in_the_picture_and_follows_the_theme(person, app):
    person.open(f"{app}?v=weights")
    show(person, "weights")

    def has_bar(palettes):
        palette, picture = palettes["diverging"], pixels(person)
        ends = [
            longest(picture[-160:], colour, within=10)[1] for colour in palette[:: len(palette) - 1]
        ]
        first, last = (np.flatnonzero(end.sum(axis=0) >= 6) for end in ends)
        return bool(len(first) and len(last) and last.max() - first.min() > 1000)

    person.wait(lambda: has_bar(PALETTES), "the light bar, from the first colour to the last")
    # The system's theme, light, dark.
    person.page.keyboard.press("t")
    person.page.keyboard.press("t")
    person.wait(lambda: has_bar(PALETTES_DARK) and not has_bar(PALETTES), "the dark bar", 60)
    ground = pixels(person)[4, 4]
    assert ground.max() < 40
    person.page.keyboard.press("t")
    person.wait(lambda: has_bar(PALETTES), "the light bar again", 60)
