"""The timeline: what it draws, how it is zoomed, and how the other charts follow."""

import re
import subprocess
import sys

import numpy as np
import pytest
from pixels import of_row

from deeptracker import Recorder
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.scalar_curve import smoothed
from deeptracker.dashboard.look.theme import CATEGORICAL, levels, lookup_table

OTHERS = ["grad_norm", "lag", "momentum", "speed", "temperature", "tokens", "weight_decay"]


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


@pytest.fixture(scope="module")
def small_app(tmp_path_factory, serve_stores):
    """Three runs: one of many scalars, one of a single snapshot, one of no scalars."""
    folder = tmp_path_factory.mktemp("small")
    random = np.random.default_rng(0)
    iterations = {"many": range(0, 200, 10), "single": [10], "none": range(0, 60, 10)}
    for name, recorded in iterations.items():
        with Recorder(folder / name) as recorder:
            for iteration in recorded:
                weight = random.standard_normal((4, 6)).astype("f4")
                recorder.snapshot(iteration, {"layer.weight": weight})
                known = {
                    "train_loss": 1.206 / (1 + iteration / 50),
                    "validation_error": 0.3,
                    "learning_rate": 0.009901 / (1 + iteration / 193),
                }
                others = dict.fromkeys(OTHERS if name == "many" else [], 1.0)
                if name != "none":
                    recorder.scalars(iteration, **known, **others)
    stores = [folder / f"{name}.dtstore" for name in iterations]
    for store in stores:
        command = [sys.executable, "-m", "deeptracker.cli", "process", store.with_suffix("")]
        subprocess.run([*command, "--store", store], check=True)
    yield from serve_stores(*stores)


def rgb(colour):
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def number_in(line):
    return float(re.search(r": ([-\d.,e]+)", line).group(1).replace(",", ""))


def recorded(run, name, iteration):
    places, values = run.array("scalars/iteration_s"), run.array(f"scalars/{name}")
    known = np.isfinite(values)
    return places[known], values[known].astype(np.float64), iteration


def test_the_wheel_zooms_about_the_pointer(shared, app):
    person = shared(app)
    person.wait_for("validation")
    x, y = person.bring("timeline", "loss")
    person.page.mouse.move(x + person.column_x("timeline", 100), y + 20)
    for _ in range(3):
        person.page.mouse.wheel(0, -240)
        person.page.wait_for_timeout(60)
    state = person.wait(
        lambda: (s := person.state("timeline"))["last"] - s["first"] < 60 and s, "the zoom"
    )
    under = state["first"] + (100.5 / 141) * (state["last"] - state["first"] + 1)
    assert abs(under - 100.5) <= 1.5
    shown = {"first": state["first"], "last": state["last"]}
    person.wait(
        lambda: {k: person.state("validation")[k] for k in shown} == shown, "the window elsewhere"
    )
    assert "w=[" in person.query()
    person.page.mouse.wheel(0, 2000)
    person.page.mouse.wheel(0, 2000)
    person.page.mouse.wheel(0, 2000)
    person.page.mouse.wheel(0, 2000)
    whole = {"first": 0, "last": 140}
    person.wait(
        lambda: {k: person.state("timeline")[k] for k in whole} == whole, "everything again"
    )
    person.wait(lambda: "w=" not in person.query(), "a link without a window")


def test_the_strip_of_the_whole_run_moves_the_window(shared, app, run):
    person = shared(app)
    person.wait_for("validation")
    person.follow(f"?w=[{run.iterations[20]},{run.iterations[39]}]")
    person.wait(lambda: person.state("timeline")["first"] == 20, "the window of the link")
    strip = person.element("timeline").query_selector(".dt-overview").bounding_box()
    state = person.state("timeline")
    at = strip["x"] + state["left"] + 30.5 * state["span"] / 141
    person.page.mouse.move(at, strip["y"] + 10)
    person.page.mouse.down()
    person.page.mouse.move(at + 50 * state["span"] / 141, strip["y"] + 10, steps=5)
    person.page.mouse.up()
    person.wait(lambda: person.state("validation")["first"] == 70, "the moved window")
    assert person.state("validation")["last"] == 89
    person.page.keyboard.press("Home")
    person.wait(lambda: person.query() in ("", "v=validation"), "the link as it was")


def test_double_click_shows_everything_and_keeps_what_was_picked(shared, app, run):
    window = f"[{run.iterations[20]},{run.iterations[60]}]"
    person = shared(app)
    person.follow(f"?w={window}&i=[{run.iterations[30]}]")
    person.wait(lambda: person.state("timeline")["picked"] == [30], "the pick of the link")
    person.wait(lambda: person.state("timeline")["first"] == 20, "the window of the link")
    x, y = person.bring("timeline", "loss")
    person.page.mouse.dblclick(x + person.column_x("timeline", 50), y + 20)
    person.wait(lambda: person.state("timeline")["first"] == 0, "all iterations")
    assert person.state("timeline")["last"] == len(run.iterations) - 1
    person.wait(lambda: person.state("timeline")["picked"] == [30], "the pick again")
    person.page.keyboard.press("Escape")
    person.wait(lambda: person.query() in ("", "v=validation"), "the link as it was")


def test_shift_click_picks_a_second_iteration(shared, app):
    person = shared(app)
    person.click("timeline", "loss", 100, line=-1)
    person.wait(lambda: person.state("timeline")["picked"] == [100], "the first pick")
    person.click("timeline", "loss", 60, line=-1, modifiers="Shift")
    person.wait(lambda: sorted(person.state("timeline")["picked"]) == [60, 100], "both picks")
    person.page.keyboard.press("Escape")
    person.wait(lambda: person.query() in ("", "v=validation"), "the link as it was")


def test_anomaly_counts_follow_the_rule(shared, app, run):
    person = shared(app)
    spike = run.column(1400)
    for rule, window in (("right", 3), ("full", 2), ("left", 5)):
        person.follow(f"?r={rule}&k={window}")
        words = f"{rule} rule, {window} snapshots"

        def told(words=words):
            person.page.mouse.move(5, 5)
            lines = person.hover("timeline", "anomalous images", spike)
            return len(lines) > 1 and words in lines[1] and lines

        lines = person.wait(told, f"the card of the {words}")
        count = int(run.array(f"classes/{rule}")[window - 1, :, spike].sum())
        assert number_in(lines[1]) == count
    person.follow("")


def test_smoothing_shows_the_moving_average_and_keeps_what_was_recorded(shared, app, run):
    person = shared(app)
    person.follow("?sm=0.9")

    def smooth():
        person.page.mouse.move(5, 5)
        lines = person.hover("timeline", "loss", run.column(1400))
        return lines if any("recorded" in line for line in lines) else []

    lines = person.wait(smooth, "the smoothed loss")
    places, values, _ = recorded(run, "train_loss", 1400)
    at = int(np.argmin(np.abs(places - 1400)))
    told = next(line for line in lines if line.startswith("train loss"))
    assert number_in(told) == pytest.approx(smoothed(values, 0.9)[at], rel=2e-3)
    raw = float(re.search(r"recorded ([\d.e-]+)", told).group(1))
    assert raw == pytest.approx(values[at], rel=2e-3)
    person.follow("")
    person.wait(lambda: not smooth(), "the loss as recorded")


def test_the_scale_is_logarithmic_until_it_is_not(shared, app):
    person = shared(app)
    assert person.row("timeline", "loss")["label"] == "loss (log)"
    person.element("field-log").click()
    person.wait(lambda: person.row("timeline", "loss")["label"] == "loss", "a linear scale")
    person.wait(lambda: "ll=0" in person.query(), "the link of it")
    person.element("field-log").click()
    person.wait(lambda: "ll=" not in person.query(), "the logarithmic scale again")


def test_a_finding_tells_itself(shared, app, run):
    person = shared(app)
    at, messages = run.array("health/at_iteration"), run.array("health/message")
    lines = person.hover("timeline", "findings", run.column(int(at[0])))
    assert str(messages[0]) in lines


def test_true_spacing_puts_every_chart_s_columns_at_their_iterations(shared, app, run):
    person = shared(app)
    person.wait_for("validation")
    person.follow("?ax=true")
    person.wait(lambda: person.state("timeline")["spacing"] == "true", "the true spacing")
    state = person.wait(
        lambda: (s := person.state("validation"))["spacing"] == "true" and s, "the view's"
    )
    iterations = run.iterations.astype(float)
    low = iterations[0] - (iterations[1] - iterations[0]) / 2
    high = iterations[-1] + (iterations[-1] - iterations[-2]) / 2

    def place(iteration):
        return state["left"] + (iteration - low) / (high - low) * state["span"]

    # The heat of the spike stands where iteration 1,400 is, not in the 101st of 141 equal columns.
    column = run.column(1400)
    error = run.array("classes/error")
    row = run.class_names.index("3")
    top = np.sqrt(max(0.05, float(np.nanmax(error))))
    level = int(levels(np.sqrt(error[row, column]), 0, top))
    expected = np.frombuffer(lookup_table("blues"), np.uint8).reshape(256, 4)[level][:3]
    _, y = person.bring("validation", "class:3")
    canvas = person.element("validation").query_selector(".dt-scroll canvas")
    offset = y - canvas.bounding_box()["y"]
    read = (
        "(c, [x, y]) => [...c.getContext('2d').getImageData(Math.round(x), Math.round(y), 1, 1)"
        ".data].slice(0, 3)"
    )
    assert canvas.evaluate(read, [place(1400), offset + 5]) == expected.tolist()
    assert abs(place(1400) - person.column_x("validation", column)) > 50

    # A click there picks it, everywhere.
    box = canvas.bounding_box()
    person.page.mouse.click(box["x"] + place(1400), box["y"] + offset + 5)
    person.wait(lambda: person.state("timeline")["picked"] == [column], "the pick")
    person.page.keyboard.press("a")
    person.wait(lambda: person.state("validation")["spacing"] == "ordinal", "even columns again")
    person.follow("")
    person.wait(lambda: person.state("timeline")["picked"] == [], "no pick")


def test_the_line_under_the_pointer_stands_on_all_charts(shared, app):
    person = shared(app)
    person.wait_for("validation")
    person.hover("timeline", "loss", 77, dy=20)
    cross = person.element("validation").query_selector(".dt-cross")
    person.wait(cross.is_visible, "the line on the other chart")
    assert cross.evaluate("e => parseFloat(e.style.left)") == pytest.approx(
        person.column_x("validation", 77), abs=1
    )
    person.page.mouse.move(5, 5)
    person.wait(lambda: not cross.is_visible(), "no line")


def test_a_slim_timeline_leaves_the_room_to_the_views(shared, app):
    person = shared(app)
    before = person.element("timeline").bounding_box()["height"]
    person.element("field-slim").click()
    person.wait(lambda: len(person.state("timeline")["rows"]) == 3, "three rows")
    person.wait(
        lambda: person.element("timeline").bounding_box()["height"] < before - 80, "the room"
    )
    person.wait(lambda: "sl=1" in person.query(), "the link of it")
    person.element("field-slim").click()
    person.wait(lambda: len(person.state("timeline")["rows"]) > 3, "all rows again")
    person.wait(lambda: "sl=" not in person.query(), "the link as it was")


def test_of_many_further_scalars_a_person_chooses_those_drawn(person, small_app):
    person.open(small_app + "many")
    ids = lambda: [row["id"] for row in person.state("timeline")["rows"]]  # noqa: E731
    assert [name for name in ids() if name in OTHERS] == OTHERS[:3]
    told = person.page.get_by_test_id("other-scalars")
    assert told.inner_text() == "Further scalars: 3 of 7 drawn"
    person.page.get_by_label("weight decay").check()
    person.wait(lambda: "weight_decay" in ids(), "the scalar that was ticked")
    person.page.get_by_label("grad norm").uncheck()
    person.wait(lambda: "grad_norm" not in ids(), "no row of the other")
    assert [name for name in ids() if name in OTHERS] == ["lag", "momentum", "weight_decay"]
    assert told.inner_text() == "Further scalars: 3 of 7 drawn"
    person.wait(lambda: "sc=" in person.query(), "a link that keeps the choice")
    person.page.reload()
    person.wait(lambda: "weight_decay" in ids(), "the link's choice")
    assert [name for name in ids() if name in OTHERS] == ["lag", "momentum", "weight_decay"]


def test_the_home_page_draws_sorts_and_leads(person, small_app):
    page = person.page
    page.goto(small_app)

    def names():
        return page.locator("td a").all_inner_texts()

    person.wait(lambda: names() == ["many", "single", "none"], "the runs as they were given")
    person.wait(lambda: not page.get_by_text("is being opened").count(), "what each run holds")
    row = page.get_by_role("row").filter(has_text="many")
    loss = row.get_by_role("img", name="train loss, logarithmic, iterations 0 to 190")
    assert loss.bounding_box()["width"] == 120
    points = [
        point.split(",") for point in loss.locator("polyline").get_attribute("points").split()
    ]
    heights = [float(y) for _, y in points]
    assert len(heights) == 20
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0, 1)
    assert "0.251" in row.inner_text()
    page.get_by_role("button", name="loss").click()
    assert names() == ["many", "single", "none"]
    page.get_by_role("button", name="loss").click()
    assert names() == ["single", "many", "none"]
    page.get_by_role("link", name="many").click()
    person.wait_for("timeline")
    assert person.errors == []


def test_a_scalar_s_name_that_does_not_fit_ends_in_an_ellipsis_and_is_told(shared, small_app):
    person = shared(small_app + "many")
    label = person.page.get_by_title("weight decay", exact=True)
    words = label.locator("span")
    assert words.evaluate("e => e.scrollWidth <= e.clientWidth")
    label.evaluate("e => { e.lastChild.textContent = 'weight decay of the last layer'.repeat(3) }")
    assert words.evaluate(
        "e => e.scrollWidth > e.clientWidth && getComputedStyle(e).textOverflow === 'ellipsis'"
    )
    panel = person.page.locator(".dt-rail").first.bounding_box()
    box = words.bounding_box()
    assert box["x"] + box["width"] <= panel["x"] + panel["width"] - 10


def test_a_point_alone_is_a_dot(shared, small_app, app):
    person = shared(small_app + "single")
    for row, colour in (("loss", 0), ("error", 1), ("learning rate", 0), ("anomalous filters", 2)):
        assert of_row(person, "timeline", row).get(rgb(CATEGORICAL[colour]), 0) > 4, row
    person = shared(app)
    person.follow("?w=[1400,1400]")
    person.wait(lambda: person.state("timeline")["first"] == 100, "the window of one column")
    assert of_row(person, "timeline", "anomalous images").get(rgb(CATEGORICAL[1]), 0) > 4
    person.follow("")
    person.wait(lambda: person.state("timeline")["first"] == 0, "all iterations again")


def test_ticks_are_round_and_low_rows_have_two(shared, small_app, app):
    person = shared(small_app + "many")
    assert person.row("timeline", "learning rate")["ticks"] == ["0.005", "0.0099"]
    assert person.row("timeline", "loss")["ticks"] == ["0.5", "1"]
    assert person.row("timeline", "anomalous filters")["ticks"] == ["0", "1"]
    person = shared(app)
    for row in person.state("timeline")["rows"]:
        assert row["kind"] == "marks" or len(row["ticks"]) >= 2
        for tick in row["ticks"]:
            assert len(re.sub(r"e.*|\D", "", tick).strip("0")) <= 3
    for row in ("anomalous images", "anomalous filters"):
        assert all("." not in tick for tick in person.row("timeline", row)["ticks"])


def test_a_series_alone_is_named_in_its_own_colour(shared, small_app):
    person = shared(small_app + "many")
    assert person.row("timeline", "error")["series"] == [["validation error", CATEGORICAL[1]]]
    assert person.row("timeline", "loss")["series"] == [["train loss", CATEGORICAL[0]]]
    assert person.row("timeline", "learning rate")["series"] == []


def test_a_run_without_scalars_offers_no_controls_of_them(shared, small_app):
    person = shared(small_app + "none")

    def offered():
        fields = [
            person.page.get_by_label("Smoothing"),
            person.page.get_by_label("log", exact=True),
        ]
        return [field.is_visible() for field in fields]

    assert person.page.get_by_label("Axis").is_visible()
    assert offered() == [False, False]
    person = shared(small_app + "single")
    assert offered() == [True, True]
