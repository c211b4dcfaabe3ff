"""Reading what a canvas shows: colours at places of a row chart."""

COLOURS = """
(root, [x, y, width, height]) => {
  const canvas = root.querySelector('.dt-scroll canvas')
  const ratio = canvas.width / canvas.clientWidth
  const box = [x, y, width, height].map((v) => Math.round(v * ratio))
  const size = [Math.max(1, box[2]), Math.max(1, box[3])]
  const { data } = canvas.getContext("2d").getImageData(box[0], box[1], ...size)
  const rows = []
  for (let at = 0; at < data.length; at += 4) rows.push([data[at], data[at + 1], data[at + 2]])
  return rows
}
"""

# Counted there: many pixels take long on their way here.
COUNTS = """
const count = (rows) => {
  const found = {}
  for (const colour of rows) found[colour] = (found[colour] || 0) + 1
  return found
}
"""


def region(person, chart, x, top, width, height):
    """Colours of a part of a chart, row by row as (red, green, blue).

    `top` counts from the upper end of all rows.
    """
    element = person.element(chart)
    scrolled = person.state(chart)["scrolled"]
    found = element.evaluate(COLOURS, [x, top - scrolled, width, height])
    return [tuple(colour) for colour in found]


def counts(person, chart, x, top, width, height):
    """How often each colour occurs in a part of a chart."""
    element = person.element(chart)
    scrolled = person.state(chart)["scrolled"]
    script = f"(root, box) => {{ {COUNTS} return count(({COLOURS})(root, box)) }}"
    found = element.evaluate(script, [x, top - scrolled, width, height])
    return {tuple(map(int, name.split(","))): number for name, number in found.items()}


def of_row(person, chart, key):
    """How often each colour occurs inside a row's frame."""
    state, row = person.state(chart), person.row(chart, key)
    return counts(
        person,
        chart,
        state["left"] + 2,
        row["top"] + 2,
        state["span"] - 4,
        row["height"] - 4,
    )


def at(person, chart, key, column, share):
    """The colour of a row at a column, `share` of its height from above."""
    row = person.row(chart, key)
    x = person.column_x(chart, column)
    return region(person, chart, x, row["top"] + share * row["height"], 1, 1)[0]


def column_of(person, chart, key, column):
    """The colours of a row's pixels at a column, from top to bottom."""
    row = person.row(chart, key)
    x = person.column_x(chart, column)
    return region(person, chart, round(x), row["top"], 1, row["height"])


def darkness(colour):
    """How far a colour is from white, 0 to 765."""
    return 765 - sum(colour)
