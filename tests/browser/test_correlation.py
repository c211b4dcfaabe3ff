"""The cube shows the store's counts, turns, is sliced, zooms and unfolds, by mouse and by keys."""

import json
import re
import urllib.parse

import numpy as np
import pytest
from cube_reader import READ_PIXEL, CubeReader, colour
from examples_truth import RESET_PARAMETER, SPIKE_ITERATION

from deeptracker.dashboard.data.cube_numbers import images_by_flips, layer_names
from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.dashboard.data.run import Run


@pytest.fixture
def cube(person):
    return CubeReader(person)


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


@pytest.fixture
def counts(run):
    return run.stored("classes/left")[4], run.array("cube/anomalous_filters")


def test_every_face_tells_and_paints_the_stored_counts(cube, app, run, counts):
    images, filters = counts
    together = filters @ (images > 0).T
    cube.open(app, "w=[1200,2000]")
    first, last = run.columns((1200, 2000))
    spike = run.column(SPIKE_ITERATION)
    window = slice(first, last + 1)
    together = filters[:, window] @ (images[:, window] > 0).T
    layer = int(filters[:, spike].argmax())
    top = {
        "front": together.max(),
        "top": images[:, window].max(),
        "side": filters[:, window].max(),
    }
    names = layer_names(run)
    cells = (
        ("front", 7, layer, together[layer, 7], f"class 7, {names[layer]}"),
        ("front", 0, 1, together[1, 0], f"class 0, {names[1]}"),
        ("top", 7, spike, images[7, spike], "class 7, iteration 1,400"),
        ("side", spike, layer, filters[layer, spike], f"iteration 1,400, {names[layer]}"),
    )
    for flat in (0, 100):
        cube.settled(flat=flat)
        for name, u, v, value, what in cells:
            told = cube.hover(name, u, v)
            assert told[0] == what
            unit = "anomalous images" if name == "top" else "anomalous filters"
            assert told[1] == f"{unit}: {value:,}"
            painted = cube.pixel(name, u, v)
            assert np.abs(np.array(painted) - colour(value, top[name])).max() <= 3, (name, painted)
        cube.press("f")
    assert cube.person.errors == []


def test_the_faces_lie_flat_with_shared_edges_and_the_link_keeps_them_so(shared_cube, app, browser):
    cube = shared_cube(app)
    state = cube.settled(flat=0)
    assert state["faces"]["top"][2] > 50  # oblique: time runs to the right and up
    slider = cube.root.query_selector("input[type=range]")
    slider.focus()
    cube.person.page.keyboard.press("End")
    state = cube.settled(flat=100)
    front, top, side = (state["faces"][name] for name in ("front", "top", "side"))
    assert top[1] == top[2] == side[1] == side[2] == 0
    assert (top[0], top[4]) == (front[0], front[4])  # classes stand over classes
    assert (side[3], side[5]) == (front[3], front[5])  # layers beside layers
    assert top[3] < 0 < side[0]  # time runs up, and to the right
    cube.person.wait(lambda: "cf=100" in cube.person.query(), "the link")
    other = CubeReader(type(cube.person)(browser.new_page(viewport={"width": 1280, "height": 900})))
    other.person.open(cube.person.page.url)
    assert other.settled(flat=100)["faces"] == state["faces"]
    other.person.page.close()
    cube.press("f")
    cube.settled(flat=0)


def test_clicks_slice_and_planes_move_in_and_escape_clears(shared_cube, app, run, counts):
    images, filters = counts
    cube = shared_cube(app)
    whole = cube.settled(flat=0, cut=False)
    spike = run.column(SPIKE_ITERATION)
    cube.click("side", spike, 16)
    state = cube.settled(cut=True)
    assert state["picks"] == {"class_": -1, "layer": 16, "iteration": spike}
    solid = {face["name"]: face for face in state["solid"]}
    # The front stands at the iteration's depth, and the top has sunk to the layer.
    share = spike / len(run.iterations)
    moved = solid["front"]["matrix"][4] - whole["faces"]["front"][4]
    assert moved == pytest.approx(share * whole["faces"]["top"][2], abs=1.5)
    assert solid["front"]["region"][1] == pytest.approx(16 / len(filters), abs=0.01)
    assert "at 1,400" in state["titles"]["front"]
    told = cube.hover("front", 8, 20)
    assert told[1] == f"anomalous filters: {filters[20, spike] * (images[8, spike] > 0)}"
    # The timeline and every other view follow, and the link does.
    cube.person.wait(lambda: cube.person.state("timeline")["picked"] == [spike], "the pick there")
    assert f"i=[{SPIKE_ITERATION}]" in urllib.parse.unquote(cube.person.query())
    cube.person.shot("correlation-sliced")
    cube.press("Escape")
    state = cube.settled(cut=False)
    assert state["picks"] == {"class_": -1, "layer": -1, "iteration": -1}
    cube.person.wait(lambda: cube.person.state("timeline")["picked"] == [], "no pick there")


def test_a_pick_on_the_timeline_slices_the_cube(shared_cube, app, run):
    cube = shared_cube(app)
    spike = run.column(SPIKE_ITERATION)
    cube.person.click("timeline", "anomalous images", spike, line=-1)
    state = cube.settled(cut=True)
    assert state["picks"]["iteration"] == spike
    cube.bar("iteration 1,400").click()
    cube.settled(cut=False)
    cube.person.wait(lambda: cube.person.state("timeline")["picked"] == [], "no pick")


def test_dragging_the_ground_turns_the_cube(shared_cube, app):
    cube = shared_cube(app)
    x, y = cube.point(160, 60)
    mouse = cube.person.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 60, y + 20, steps=4)
    mouse.move(x + 120, y + 40, steps=4)
    mouse.up()
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["flat"] > 30 and s, "a turned cube"
    )
    assert state["flat"] < 70
    cube.person.wait(lambda: f"cf={state['flat']}" in cube.person.query(), "the link")


def test_a_pick_on_the_timeline_sends_the_slice_and_no_other_face(cube, wide_app, wide_store):
    run = Run(str(wide_store))
    before = cube.open(wide_app)["loads"]
    cube.person.click("timeline", "anomalous images", 20, line=-1)
    title = f"at {run.iterations[20]:,}"
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["titles"]["front"].endswith(title) and s,
        "the slice",
    )
    assert state["loads"] == before | {"front": before["front"] + 1}
    assert state["picks"]["iteration"] == 20


def test_at_a_picked_iteration_the_measure_cannot_be_chosen(cube, app, run, counts):
    images, filters = counts
    spike = run.column(SPIKE_ITERATION)
    cube.open(app, f"as=association&cf=100&i=[{SPIKE_ITERATION}]")
    page = cube.person.page

    # Of the two drop-down lists under one name, the one that is shown.
    def measures():
        lists = page.get_by_role("combobox", name="Front face").locator("visible=true").all()
        return [(each.input_value(), each.is_enabled()) for each in lists]

    sliced = [("together at 1,400", False)]
    cube.person.wait(lambda: measures() == sliced, "a list that cannot be changed")
    layer = int(filters[:, spike].argmax())
    value = filters[layer, spike] * (images[7, spike] > 0)
    cube.tells("front", 7, layer, f"anomalous filters: {value}")
    cube.bar("iteration 1,400").click()
    cube.person.wait(lambda: "rank" in cube.person.state("cube")["titles"]["front"], "the measure")
    cube.person.wait(lambda: measures() == [("rank correlation", True)], "the list again")
    assert cube.hover("front", 7, layer)[1].startswith("rank correlation: ")


def test_a_sliced_face_is_pale_outside_the_slice(cube, app, run, counts):
    images, filters = counts
    cube.open(app, f"cf=100&w=[1200,2000]&c={json.dumps(['3'])}")
    first, last = run.columns((1200, 2000))
    kept = images[3] > 0
    layer, column = next(
        (layer, t)
        for t in range(first, last + 1)
        for layer in range(len(filters))
        if filters[layer, t] > 0 and not kept[t]
    )
    assert "outside the slice" in cube.hover("side", column, layer)[-1]
    spike = run.column(SPIKE_ITERATION)
    assert kept[spike]
    busy = int(filters[:, spike].argmax())
    assert "outside" not in " ".join(cube.hover("side", spike, busy))
    strong = colour(filters[busy, spike], filters[:, first : last + 1].max())
    assert np.abs(np.array(cube.pixel("side", spike, busy)) - strong).max() <= 3
    assert min(cube.pixel("side", column, layer)) > 150


def test_zooming_one_face_takes_its_neighbours_along(shared_cube, app, run, counts):
    images, filters = counts
    cube = shared_cube(app, "cf=100")
    state = cube.settled()
    front = state["faces"]["front"]
    # Over the class labels, the class axis alone zooms.
    cube.wheel((front[4] + 0.75 * front[0], front[5] + front[3] + 12), -500)
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["cells"]["top"][0] < 10 and s, "fewer classes"
    )
    shown = state["windows"]["class"]
    assert state["cells"]["front"][0] == state["cells"]["top"][0] == shown["last"] - shown["first"]
    assert state["windows"]["layer"] == {"first": 0, "last": 22}
    class_ = shown["first"]
    assert class_ > 0
    together = filters @ (images > 0).T
    cube.tells("front", class_, 16, f"anomalous filters: {together[16, class_]}")
    cube.tells("top", class_, 12, f"anomalous images: {images[class_, 12]}")
    # A dragged face scrolls both.
    x, y = cube.point(*cube.place("front", class_ + 1, 10))
    mouse = cube.person.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + front[0] / 2, y, steps=5)
    mouse.move(x + 2 * front[0], y, steps=5)
    mouse.up()
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["windows"]["class"]["first"] == 0 and s,
        "the first classes",
    )
    cube.person.wait(lambda: "cc=[0," in urllib.parse.unquote(cube.person.query()), "the link")
    cube.tells("front", 0, 16, f"anomalous filters: {together[16, 0]}")
    cube.bar("Whole axes").click()
    cube.settled(classes=10, layers=22)


def test_a_zoom_that_ends_at_the_whole_scrolls_no_page(shared_cube, app):
    cube = shared_cube(app, "cf=100")
    page = cube.person.page

    def scrolled():
        return page.evaluate("scrollY")

    x, y = cube.place("top", 5, 70)
    box = cube.root.query_selector("canvas").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.wheel(0, -300)
    cube.person.wait(lambda: cube.person.state("cube")["classes"] < 10, "fewer classes")
    # Some of these reach the whole, the others go on.
    for _ in range(8):
        page.mouse.wheel(0, 300)
    cube.settled(classes=10, layers=22)
    page.wait_for_timeout(1000)
    assert scrolled() == 0
    page.mouse.wheel(0, 60)
    cube.person.wait(lambda: scrolled() == 60, "the page, by a gesture of its own")


def test_the_whole_cube_is_in_sight_at_the_page_s_end(cube, app):
    cube.open(app, f"i=[{SPIKE_ITERATION}]")
    page = cube.person.page

    def canvas():
        return cube.root.query_selector("canvas").bounding_box()

    for width, height, tall in ((1920, 1080, 620), (1280, 800, 408)):
        page.set_viewport_size({"width": width, "height": height})
        cube.person.wait(lambda tall=tall: abs(canvas()["height"] - tall) < 24, f"{tall} pixels")
        for flat in (0, 100):
            cube.settled(flat=flat)
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            top, box = page.locator(".dt-top").bounding_box(), canvas()
            assert abs(box["height"] - tall) < 24
            assert top["y"] + top["height"] <= box["y"]
            assert box["y"] + box["height"] <= height
            cube.press("f")
    page.get_by_label("slim").check()
    what = "a taller cube, under a lower timeline"
    cube.person.wait(lambda: canvas()["height"] > tall + 80, what)


def test_with_true_spacing_iterations_stand_where_they_were_recorded(shared_cube, app, run, counts):
    filters = counts[1]
    cube = shared_cube(app, "cf=100")
    assert cube.person.state("cube")["spacing"] == "ordinal"
    cube.person.page.keyboard.press("a")
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["spacing"] == "true" and s, "the other spacing"
    )
    iterations = run.iterations.astype(float)
    between = (iterations[1:] + iterations[:-1]) / 2
    edges = np.array([1.5 * iterations[0] - 0.5 * iterations[1], *between])
    edges = np.append(edges, 1.5 * iterations[-1] - 0.5 * iterations[-2])
    shares = (edges - edges[0]) / (edges[-1] - edges[0])
    a, b, c, d, e, f = state["faces"]["side"]
    wide, narrow = int(np.diff(edges).argmax()), int(np.diff(edges).argmin())
    assert np.diff(shares)[wide] > 1.5 * np.diff(shares)[narrow]
    for column in (wide, run.column(SPIKE_ITERATION)):
        layer = int(filters[:, column].argmax())
        u = (shares[column] + shares[column + 1]) / 2
        v = (layer + 0.5) / len(filters)
        at = a * u + c * v + e, b * u + d * v + f
        cube.person.page.mouse.move(*cube.point(*at))
        words = [f"iteration {run.iterations[column]:,},", layer_names(run)[layer]]
        told = cube.person.wait(
            lambda words=words: (t := cube.told()) and all(w in t[0] for w in words) and t,
            f"the card of {words}",
        )
        assert told[1] == f"anomalous filters: {filters[layer, column]}"
        painted = cube.root.evaluate(READ_PIXEL, list(at))[:3]
        expected = colour(filters[layer, column], filters.max())
        assert np.abs(np.array(painted) - expected).max() <= 3
    # Every column keeps a pixel, however near it was recorded to the next.
    layer, column = (int(place) for place in np.unravel_index(filters.argmax(), filters.shape))
    row = [
        cube.root.evaluate(READ_PIXEL, [a * u + e, d * (layer + 0.5) / len(filters) + f])[:3]
        for u in np.linspace(shares[column], shares[column + 1], 9)
    ]
    assert np.abs(np.array(row) - colour(1, 1)).max(axis=1).min() <= 3
    # A click picks the column that is told, and the plane stands there.
    cube.person.page.mouse.click(*cube.point(*at))
    spike = run.column(SPIKE_ITERATION)
    cube.person.wait(
        lambda: cube.person.state("cube")["picks"]["iteration"] == spike, "the pick there"
    )
    cube.press("Escape")
    cube.settled(cut=False)
    cube.person.page.keyboard.press("a")
    cube.settled(spacing="ordinal")
    assert cube.person.errors == []


def test_a_zoom_over_time_is_the_window_of_every_view(shared_cube, app, run):
    cube = shared_cube(app, "cf=100")
    spike = run.column(SPIKE_ITERATION)
    cube.wheel(cube.place("side", spike, 10), -400)
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["cells"]["side"][0] < 141 and s, "less time"
    )
    window = state["windows"]["time"]
    assert window["first"] < spike < window["last"]
    timeline = cube.person.wait(
        lambda: (s := cube.person.state("timeline"))["first"] > 0 and s, "the window there"
    )
    assert (timeline["first"], timeline["last"]) == (window["first"], window["last"] - 1)


def test_an_unfolded_layer_shows_its_filters_and_a_class_its_images(shared_cube, app, run):
    cube = shared_cube(app, "cf=100")
    state = cube.settled()
    front = state["faces"]["front"]
    # The caret before the first layer.
    place = (front[4] - 11, front[5] + 0.5 * front[3] / 22)
    cube.person.page.mouse.click(*cube.point(*place))
    state = cube.settled(layers=38)
    scores = read_filters(run, RESET_PARAMETER, "anomaly_score")
    over = scores > run.attributes["filter_threshold"]
    filter_, column = np.argwhere(over)[0]
    told = cube.hover("side", int(column), 1 + int(filter_))
    assert f"filter {filter_}" in told[0]
    assert told[1] == "anomalous filters: 1"
    cube.click("side", int(column), 1 + int(filter_))
    chosen = f'f=[["{RESET_PARAMETER}",{filter_}]]'
    cube.person.wait(lambda: chosen in urllib.parse.unquote(cube.person.query()), "the filter")
    cube.person.shot("correlation-unfolded")
    cube.bar("▾ filters of conv1").click()
    cube.settled(layers=22)
    cube.press("Escape")
    cube.settled(cut=False)
    cube.person.page.mouse.dblclick(
        *cube.point(front[4] + 3.5 * front[0] / 10, front[5] + front[3] + 12)
    )
    images = images_by_flips(run, 3)
    state = cube.settled(classes=1 + len(images))
    correct = run.stored("images/correct")[...][images[0]]
    flip = int(np.flatnonzero(np.diff(correct.astype(int)) != 0)[0]) + 1
    told = cube.hover("top", state["windows"]["class"]["first"] + 1, flip)
    assert str(run.array("images/name")[images[0]]) in told[0]
    assert re.fullmatch(r"anomalous images: [01]", told[1])
