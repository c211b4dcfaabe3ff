"""The cube by keyboard, as pictures, with a thousand classes; and its table."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cube_reader import CubeReader, colour
from logs import LogWriter

from deeptracker.dashboard.data.cube_numbers import layer_names
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import DARK


@pytest.fixture
def cube(person):
    return CubeReader(person)


@pytest.fixture
def counts(run):
    return run.stored("classes/left")[4], run.array("cube/anomalous_filters")


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


def test_what_is_not_significant_is_pale_and_says_so(shared_cube, app, run):
    cube = shared_cube(app, "as=association&cf=100")
    r, q = run.array("cube/association").T, run.array("cube/q_value").T
    layer, class_ = np.unravel_index(np.abs(r).argmax(), r.shape)
    told = cube.hover("front", int(class_), int(layer))
    assert float(told[1].removeprefix("rank correlation: ")) == pytest.approx(
        r[layer, class_], abs=1e-3
    )
    assert float(told[3].removeprefix("q: ")) == pytest.approx(q[layer, class_], abs=1e-3)
    assert told[4] == ("not significant" if q[layer, class_] > 0.05 else "significant")
    # The strongest would be the palette's darkest, were it significant.
    if q[layer, class_] > 0.05:
        assert min(cube.pixel("front", int(class_), int(layer))) > 90
    legend = cube.root.query_selector(".dt-cube-legend").inner_text()
    assert "not significant (q > 0.05)" in legend


def test_a_row_of_the_table_is_a_link(shared_cube, app, run):
    cube = shared_cube(app)
    table = cube.person.wait_for("triples")
    row = table["rows"][1]
    cube.person.element("triples").query_selector_all("tbody button")[2].click()
    state = cube.settled(cut=True)
    picks = state["picks"]
    assert run.class_names[picks["class_"]] == row["class_"]
    assert layer_names(run)[picks["layer"]] == row["layer"]
    assert f"{run.iterations[picks['iteration']]:,}" == row["iteration"]
    cube.person.wait(lambda: cube.person.state("triples")["picked"] == 1, "the marked row")
    cube.press("Escape")
    cube.settled(cut=False)


def test_everything_is_done_by_keys_and_told(shared_cube, app, run, counts):
    images, filters = counts
    cube = shared_cube(app)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        cube.press(key)
    spoken = cube.root.query_selector("[aria-live]")
    together = filters @ (images > 0).T
    told = cube.person.wait(lambda: "class 1" in spoken.inner_text() and spoken.inner_text(), "it")
    assert told.startswith("front face: class 1")
    assert f"anomalous filters: {together[1, 1]}" in told
    cube.press("Enter")
    state = cube.settled(cut=True)
    assert (state["picks"]["class_"], state["picks"]["layer"]) == (1, 1)
    cube.press("n")
    cube.person.wait(lambda: spoken.inner_text().startswith("top face"), "the next face")
    cube.press("+")
    cube.person.wait(lambda: cube.person.state("cube")["classes"] < 10, "a closer look")
    cube.press("Home")
    cube.settled(classes=10)
    label = cube.root.query_selector("canvas").get_attribute("aria-label")
    assert "Cube of 10 classes, 22 layers and 141 iterations" in label
    cube.press("Escape")
    cube.settled(cut=False)
    assert cube.person.errors == []


def test_the_cube_is_saved_as_graphics_with_its_words_and_scales(shared_cube, app):
    cube = shared_cube(app, "as=association&cf=100")
    with cube.person.page.expect_download() as download:
        cube.person.page.locator("[data-testid=head-a] button", has_text="SVG").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    assert svg.count("<image") == 3
    for words in ("layer2.1.conv3", "iteration", "rank correlation of a class", "q &gt; 0.05"):
        assert words in svg, words
    with cube.person.page.expect_download() as download:
        cube.person.page.locator("[data-testid=head-a] button", has_text="PNG").click()
    assert Path(download.value.path()).stat().st_size > 20_000
    assert cube.person.errors == []


def test_by_night_nothing_is_dark_and_much_is_bright(shared_cube, app, counts):
    images, filters = counts
    cube = shared_cube(app)
    cube.person.page.emulate_media(color_scheme="dark")
    cube.press("f")
    cube.settled(flat=100, dark=True)
    together = filters @ (images > 0).T
    layer, class_ = np.unravel_index(together.argmax(), together.shape)
    painted = cube.pixel("front", int(class_), int(layer))
    expected = colour(1, 1, dark=True)
    assert np.abs(np.array(painted) - expected).max() <= 3
    quiet = np.argwhere(together == 0)[0]
    assert max(cube.pixel("front", int(quiet[1]), int(quiet[0]))) < 60
    assert DARK["ground"] in cube.person.page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--dt-ground')"
    )


def test_a_thousand_classes_share_cells_that_show_the_greatest(shared_cube, wide_app, wide_store):
    run = Run(str(wide_store))
    images, filters = run.stored("classes/left")[4], run.array("cube/anomalous_filters")
    cube = shared_cube(wide_app, "cf=100")
    state = cube.settled()
    assert state["classes"] == 1000
    assert all(max(cells) <= 640 for cells in state["cells"].values())
    busy = int(images.sum(axis=0).argmax())
    pair = images[:, busy].reshape(500, 2)
    cell = int(np.argmax(pair[:, 0] != pair[:, 1]))
    told = cube.hover("top", 2 * cell + 0.5, busy)
    assert told[0].startswith(f"{run.class_names[2 * cell]} to {run.class_names[2 * cell + 1]},")
    assert told[1] == f"anomalous images: at most {pair[cell].max()}"
    # A click takes the class of the greatest.
    cube.click("top", 2 * cell + 0.5, busy)
    state = cube.person.wait(
        lambda: (s := cube.person.state("cube"))["picks"]["class_"] >= 0 and s, "the class"
    )
    assert state["picks"]["class_"] == 2 * cell + pair[cell].argmax()
    # Nothing that stands out is lost where many classes share a pixel.
    together = filters @ (images > 0).T
    layer, class_ = (int(place) for place in np.unravel_index(together.argmax(), together.shape))
    cube.press("Escape")
    cube.settled(cut=False)
    painted = [cube.pixel("front", class_ + step, layer) for step in (-2, -1, 0, 1, 2)]
    darkest = min(painted, key=sum)
    assert np.abs(np.array(darkest) - colour(1, 1)).max() <= 3
    cube.person.shot("correlation-wide")


def test_a_window_of_classes_follows_a_pick_from_elsewhere(shared_cube, wide_app, wide_store):
    run = Run(str(wide_store))
    name = run.class_names[777]
    cube = shared_cube(wide_app, "cf=100")
    cube.person.follow(f"?v=correlation&cf=100&cc=[100,140]&c={json.dumps([name])}")
    cube.settled(classes=40)
    cube.person.element("triples").query_selector_all("tbody button")[0].click()
    row = cube.person.state("triples")["rows"][0]
    wanted = run.class_names.index(row["class_"])
    state = cube.person.wait(
        lambda: (
            (s := cube.person.state("cube"))["picks"]["class_"] == wanted
            and s["windows"]["class"]["first"] <= wanted < s["windows"]["class"]["last"]
            and s
        ),
        "the class in sight",
    )
    assert state["classes"] == 40


LONG = "backbone.stages.first.residual.bottleneck"


@pytest.fixture(scope="module")
def one_app(tmp_path_factory, serve_stores):
    """The page of a run of one snapshot, whose layers have long names that differ at their ends."""
    folder = tmp_path_factory.mktemp("one")
    shapes = {f"{LONG}.conv{place}.weight": (4, 3) for place in (1, 2)}
    LogWriter(folder / "log", shapes=shapes).iterations([0])
    # By a command of its own: the driver's loop may run already.
    command = [sys.executable, "-m", "deeptracker.cli", "process", folder / "log"]
    subprocess.run([*command, "--store", folder / "store"], check=True)
    yield from serve_stores(folder / "store")


def test_long_names_of_layers_are_told_apart_and_one_snapshot_has_no_anomalies(cube, one_app):
    cube.open(one_app)
    with cube.person.page.expect_download() as download:
        cube.person.page.locator("[data-testid=head-a] button", has_text="SVG").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    for place in (1, 2):
        assert re.search(rf">…[^<]*bottleneck\.conv{place}<", svg)
    note = cube.person.page.get_by_text("An anomaly needs earlier snapshots")
    cube.person.wait(note.count, "why there is none")
    assert cube.person.errors == []
