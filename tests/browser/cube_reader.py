"""Reads the cube's canvas as a person sees it."""

import numpy as np

from deeptracker.dashboard.look.theme import lookup_table

AXES = {"front": ("class", "layer"), "top": ("class", "time"), "side": ("time", "layer")}
READ_PIXEL = """
(root, [x, y]) => {
  const canvas = root.querySelector("canvas"), ratio = window.devicePixelRatio || 1
  return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data]
}
"""
SCROLL_TO = """
(root, y) => {
  const at = root.querySelector("canvas").getBoundingClientRect().top + y
  window.scrollBy(0, at - 0.75 * window.innerHeight)
}
"""


class CubeReader:
    """Someone who looks at the cube of a page."""

    def __init__(self, person):
        self.person = person

    def open(self, address, query=""):
        self.person.open(f"{address}?v=correlation&{query}")
        return self.settled()

    @property
    def root(self):
        return self.person.element("cube")

    def settled(self, **wanted):
        def ready():
            state = self.person.state("cube")
            return state["settled"] and all(state[k] == v for k, v in wanted.items()) and state

        return self.person.wait(ready, f"a settled cube with {wanted}")

    def place(self, name, u, v, solid=False):
        """Where on the canvas the middle of an item of each axis lies."""
        state = self.settled()
        matrix = state["faces"][name]
        if solid:
            matrix = next(face["matrix"] for face in state["solid"] if face["name"] == name)
        shares = []
        for axis, item in zip(AXES[name], (u, v), strict=True):
            window = state["windows"][axis]
            shares.append((item + 0.5 - window["first"]) / (window["last"] - window["first"]))
        a, b, c, d, e, f = matrix
        return a * shares[0] + c * shares[1] + e, b * shares[0] + d * shares[1] + f

    def point(self, x, y):
        """Scroll a place of the canvas into sight and give where it is on the page."""
        self.root.evaluate(SCROLL_TO, y)
        box = self.root.query_selector("canvas").bounding_box()
        return box["x"] + x, box["y"] + y

    def hover(self, name, u, v):
        self.person.page.mouse.move(*self.point(*self.place(name, u, v)))
        return self.person.wait(self.told, "what the cell says")

    def tells(self, name, u, v, words, line=1):
        """Point at a cell until its card has a line of these words: a zoom may still be going."""
        self.person.wait(lambda: self.hover(name, u, v)[line] == words, f"a cell of {words}")

    def told(self):
        box = self.root.query_selector(".dt-readout:not([hidden])")
        return [line.inner_text() for line in box.query_selector_all("div")] if box else None

    def click(self, name, u, v):
        self.person.page.mouse.click(*self.point(*self.place(name, u, v)))

    def pixel(self, name, u, v):
        return self.root.evaluate(READ_PIXEL, list(self.place(name, u, v)))[:3]

    def press(self, key):
        self.root.query_selector("canvas").focus()
        self.person.page.keyboard.press(key)

    def bar(self, text):
        return self.root.query_selector(f"button:has-text('{text}')")

    def wheel(self, place, delta):
        self.person.page.mouse.move(*self.point(*place))
        self.person.page.mouse.wheel(0, delta)


def colour(value, top, palette="blues", *, dark=False):
    """A count's colour: the palette along its square root."""
    table = np.frombuffer(lookup_table(palette, dark=dark), np.uint8).reshape(256, 4)
    return table[round(254 * float(np.sqrt(value / top)))][:3].tolist()
