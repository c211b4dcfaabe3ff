"""The layer view in a browser: what is drawn where, on a small run and on one of 508 parameters."""

import subprocess
import sys

import numpy as np
import pytest
from examples_truth import RESET_FILTER, RESET_ITERATION, RESET_PARAMETER, SPIKE_ITERATION
from logs import LogWriter
from pixels import at, column_of, darkness, of_row

from deeptracker.dashboard.data.filter_series import filter_count, read_filters
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.layers.small_multiples import abbreviated

BLOCKS = 42
# The colour of a swatch, with what is laid over it.
BLENDED = """
(key) => {
  const ground = (element) => getComputedStyle(element).backgroundColor
  const rgb = (element) => ground(element).match(/[0-9.]+/g).slice(0, 3).map(Number)
  let colour = rgb(key)
  for (const over of key.children) {
    const share = Number(getComputedStyle(over).opacity)
    colour = rgb(over).map((value, i) => value * share + colour[i] * (1 - share))
  }
  return colour
}
"""


@pytest.fixture(scope="module")
def many_app(tmp_path_factory, serve_stores):
    """The page of a transformer's tree: 508 parameters, a wide one of 3,000 filters among them."""
    folder = tmp_path_factory.mktemp("many")
    shapes = {"wte.weight": (3000, 2), "wpe.weight": (8, 2)}
    for block in range(BLOCKS):
        for name, shape in {
            "ln_1.weight": (2,),
            "ln_1.bias": (2,),
            "attn.c_attn.weight": (6, 2),
            "attn.c_attn.bias": (6,),
            "attn.c_proj.weight": (2, 2),
            "attn.c_proj.bias": (2,),
            "ln_2.weight": (2,),
            "ln_2.bias": (2,),
            "mlp.c_fc.weight": (8, 2),
            "mlp.c_fc.bias": (8,),
            "mlp.c_proj.weight": (2, 8),
            "mlp.c_proj.bias": (2,),
        }.items():
            shapes[f"h.{block}.{name}"] = shape
    shapes |= {"ln_f.weight": (2,), "ln_f.bias": (2,)}
    assert len(shapes) == 508
    LogWriter(folder / "log", shapes=shapes).iterations(range(0, 60, 10))
    # By a command of its own: the driver's loop may run already.
    command = [sys.executable, "-m", "deeptracker.cli", "process", folder / "log"]
    subprocess.run([*command, "--store", folder / "store"], check=True)
    yield from serve_stores(folder / "store")


def drawn(person, address, query):
    person.open(f"{address}?v=layers&{query}")
    return settled(person)


def settled(person, scrolled=None):
    """Wait until all rows in sight are there (and so much is scrolled); give the chart's state."""

    def whole():
        state = person.state("layers")
        there = state["rows"] and state["is_sent"]
        return there and scrolled in (None, state["scrolled"]) and state

    return person.wait(whole, "the rows in sight", seconds=60)


def scroll(person, top):
    person.element("layers").evaluate(
        "(e, top) => { e.querySelector('.dt-scroll').scrollTop = top }", top
    )


def test_five_hundred_parameters_unfold_at_once_and_only_rows_in_sight_are_sent(
    person, browser, many_app
):
    state = drawn(person, many_app, "ol=filter")
    # 1 network, 42 x (1 block + 4 layers in attn and mlp + 2 norms) … every node and matrix a row.
    assert state["total"] > 40_000
    assert len(state["rows"]) < 60
    scroll(person, state["total"])
    last = person.wait(lambda: person.row("layers", "node:ln_f.bias"), "the last parameter")
    state = person.state("layers")
    assert len(state["rows"]) < 120
    assert "node:" not in {row["id"] for row in state["rows"]}
    # It is drawn, not announced only: there is more than one colour in its box.
    assert len(of_row(person, "layers", last["id"])) > 3
    # Quickly up and down: in the end what is in sight is there.
    for top in (0, 9000, 30_000, 100, 22_000):
        scroll(person, top)
        person.page.wait_for_timeout(30)
    state = settled(person, 22_000)
    seen = [r for r in state["rows"] if 22_000 <= r["top"] <= 22_300]
    assert seen
    assert person.errors == []


def test_thousands_of_filters_share_a_bounded_number_of_pixels(shared, many_app):
    person = shared(f"{many_app}?v=layers")
    person.follow('?v=layers&on=["wte","wte.weight"]')
    row = person.wait(lambda: person.row("layers", "filters:wte.weight"), "the filters")
    assert row["lines"] <= 360
    assert row["height"] <= 360
    person.follow("?v=layers")
    person.wait(lambda: has_no_row(person, row["id"]), "no filters")


def test_levels_and_search_choose_what_the_tree_shows(shared, many_app):
    person = shared(f"{many_app}?v=layers")
    settled(person)
    person.page.get_by_label("Unfold to").select_option("blocks")
    person.wait(lambda: person.row("layers", "node:h.0"), "the blocks")
    person.page.get_by_label("Find layers").fill("h.41. mlp -bias")
    person.page.get_by_label("Find layers").press("Enter")
    person.wait(lambda: person.row("layers", "node:h.41.mlp.c_fc.weight"), "what was found")
    ids = {row["id"] for row in person.state("layers")["rows"]}
    assert ids == {
        "node:",
        "node:h",
        "node:h.41",
        "node:h.41.mlp",
        "node:h.41.mlp.c_fc",
        "node:h.41.mlp.c_fc.weight",
        "node:h.41.mlp.c_proj",
        "node:h.41.mlp.c_proj.weight",
    }
    assert "ls=h.41.%20mlp%20-bias" in person.query()


def has_no_row(person, key):
    return key not in {row["id"] for row in person.state("layers")["rows"]}


def test_a_line_runs_where_its_values_are(person, app, digits_store):
    run = Run(str(digits_store))
    drawn(person, app, "e=line&st=std&en=fc")
    row = person.row("layers", "node:fc")
    assert row["height"] == 300
    _, low, high = row["scale"]
    values = run.array("nodes/std")[run.node("fc")]
    assert (low, high) == (values.min(), values.max())
    for column in (20, 80, 130):
        colours = column_of(person, "layers", "node:fc", column)
        ys = [
            y
            for y, (red, green, blue) in enumerate(colours)
            if abs(red - 0) < 90 and abs(green - 114) < 70 and abs(blue - 178) < 60
        ]
        share = (values[column] - low) / (high - low)
        expected = 4 + (row["height"] - 8) * (1 - share)
        assert ys
        assert min(abs(y - expected) for y in ys) <= 3


def test_more_bands_make_a_horizon_of_more_colours(person, app):
    def colours():
        # Edges are blended: a band's colour covers an area.
        found = of_row(person, "layers", "node:layer1")
        return {colour for colour, count in found.items() if count > 60}

    drawn(person, app, "e=horizon&st=norm2&hb=1")
    one = colours()
    person.page.get_by_label("Bands").fill("5")
    person.page.get_by_label("Bands").press("Enter")
    person.wait(lambda: "hb=5" in person.query(), "five bands")
    person.wait(lambda: len(colours()) > len(one), "more colours")
    # Folded five times, what is high is darker and what is low is paler than any single band.
    assert max(map(darkness, colours())) > max(map(darkness, one)) + 100
    shades = sorted(map(darkness, colours()))
    assert any(0 < shade < min(filter(None, map(darkness, one))) for shade in shades)


GRADIENTS = pytest.param("q=gradients&lg=1&cs=1", marks=pytest.mark.thorough)


@pytest.mark.parametrize("extra", ["", GRADIENTS])
def test_every_encoding_draws_every_node_in_sight(person, app, extra):
    drawn(person, app, f"e=line&{extra}")
    kinds = {
        "quartiles and extremes": "spread",
        "boxes": "boxes",
        "horizon": "horizons",
        "change ratio": "shares",
        "histogram, as heat": "pixels",
        "histogram, as ridges": "ridges",
    }
    for name, kind in kinds.items():
        person.page.get_by_label("As", exact=True).select_option(name)
        person.wait(lambda kind=kind: person.row("layers", "node:")["kind"] == kind, name)
        for row in settled(person)["rows"]:
            if row["top"] + row["height"] < 600:
                assert len(of_row(person, "layers", row["id"])) > 3, (name, row["id"])
    assert person.errors == []


def test_the_reinitialised_filter_is_the_darkest_pixel_of_its_iteration(person, app, digits_store):
    run = Run(str(digits_store))
    reset = run.column(RESET_ITERATION)
    drawn(person, app, 'on=["conv1","conv1.weight"]&fs=column')
    row = person.wait(lambda: person.row("layers", f"filters:{RESET_PARAMETER}"), "the filters")
    lines = row["lines"]
    shades = [
        darkness(at(person, "layers", row["id"], reset, (line + 0.5) / lines))
        for line in range(lines)
    ]
    values = read_filters(run, RESET_PARAMETER, "change_relative_norm2")[:, reset]
    assert int(np.argmax(shades)) == RESET_FILTER
    # All are in the order of their values.
    assert np.all(np.diff(np.array(shades)[np.argsort(values)]) >= 0)


def test_top_filters_are_listed_and_marked_and_each_leads_to_its_place(person, app, digits_store):
    run = Run(str(digits_store))
    drawn(person, app, f"i=[{SPIKE_ITERATION},{RESET_ITERATION}]&fr=change_euclidean&tk=40")
    person.wait(lambda: len(person.state("top-filters")) == 3, "the lists")
    groups = person.state("top-filters")
    tops = [{tuple(link["key"]) for link in group["links"]} for group in groups]
    assert all(len(top) == 40 for top in tops[1:])
    assert tops[0] == tops[1] & tops[2]
    assert tops[0]
    # The first common one: a click unfolds its layer, scrolls to it, and picks it.
    first = groups[0]["links"][0]
    person.page.get_by_role("button", name=first["label"]).first.click()
    parameter, index = first["key"]
    row = person.wait(lambda: person.row("layers", f"filters:{parameter}"), "its layer's filters")
    person.wait(
        lambda: [index, "picked"] in person.row("layers", row["id"])["marks"], "the picked mark"
    )

    def is_in_sight():
        scrolled = person.state("layers")["scrolled"]
        return scrolled <= row["top"] <= scrolled + 680

    person.wait(is_in_sight, "the filters in sight")
    state = person.state("layers")
    marks = dict(person.row("layers", row["id"])["marks"])
    for name, place in tops[1] | tops[2]:
        if name == parameter and place != index:
            assert marks[place] == ("common" if (name, place) in tops[0] else "top")
    assert state["picked"] == [run.column(SPIKE_ITERATION), run.column(RESET_ITERATION)]
    # From there to its weights.
    person.page.get_by_text("Weights of the picked filter").click()
    raster = person.wait(lambda: person.element("raster-state"), "the raster")
    size = int(np.prod([int(n) for n in str(run.nodes["shape"][run.node(parameter)]).split("x")]))
    first = int(raster.get_attribute("data-first"))
    assert first == index * size // filter_count(run, parameter)


def test_keys_walk_the_tree_unfold_and_enlarge(shared, app):
    person = shared(f"{app}?v=layers")
    settled(person)
    person.element("layers").query_selector("canvas").focus()
    for _ in range(2):
        person.page.keyboard.press("ArrowDown")
    person.page.keyboard.press("Enter")
    person.wait(lambda: person.row("layers", "node:conv1.weight"), "the unfolded layer")
    person.page.keyboard.press("e")
    person.wait(lambda: person.row("layers", "node:conv1")["height"] == 300, "the enlarged chart")
    assert "en=conv1" in person.query()
    person.page.keyboard.press("e")
    person.wait(lambda: person.row("layers", "node:conv1")["height"] < 60, "the small chart")


def test_the_arrows_beside_a_name_enlarge_its_chart(shared, app):
    person = shared(f"{app}?v=layers")
    settled(person)
    row = person.row("layers", "node:layer2")
    x, y = person.bring("layers", "node:layer2")
    place = row["enlarge"]
    person.page.mouse.move(x + place["x"] + 8, y + place["y"] - row["top"] + 8)
    person.page.mouse.click(x + place["x"] + 8, y + place["y"] - row["top"] + 8)
    person.wait(lambda: person.row("layers", "node:layer2")["height"] == 300, "the enlarged chart")


def test_a_number_of_weights_is_never_cut(shared, app, digits_store):
    person = shared(f"{app}?v=layers")
    nodes = Run(str(digits_store)).nodes
    size_of = dict(zip(map(str, nodes["name"]), map(int, nodes["size"]), strict=True))
    person.follow("?v=layers&ol=parameter")
    person.wait(lambda: person.row("layers", "node:conv1.weight"), "the parameters")
    state = settled(person)
    seen = [row for row in state["rows"] if row["id"].startswith("node:") and row["top"] < 600]
    details = {row["id"]: row["detail"] for row in seen}
    assert len(details) > 8
    for key, detail in details.items():
        size = size_of[key.removeprefix("node:")]
        assert detail.rpartition(", ")[2] in (f"{size:,}", abbreviated(size))


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_the_legend_has_the_colours_of_the_chart(visit, app, theme):
    person = visit(color_scheme=theme)
    drawn(person, app, "ol=network&en=")
    keys = person.page.locator(".dt-key")
    chart = of_row(person, "layers", "node:")
    for place in range(3):
        shown = keys.nth(place).evaluate(BLENDED)
        assert any(max(abs(a - b) for a, b in zip(shown, each, strict=True)) <= 2 for each in chart)
