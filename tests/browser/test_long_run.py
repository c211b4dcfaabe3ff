"""A run of thousands of snapshots in the validation view: what is sent is what the pixels show."""

import subprocess
import sys

import numpy as np
import pytest
from logs import LogWriter

from deeptracker.dashboard.data.class_series import class_histories, listed_classes
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import RIGHT_LEVEL, lookup_table
from deeptracker.dashboard.views.registry import linked
from deeptracker.dashboard.views.validation.class_rows import ClassRows
from deeptracker.dashboard.views.validation.view import ValidationView
from deeptracker.dashboard.widgets.rows import packed
from deeptracker.record.tensor_file import write_tensors

pytestmark = pytest.mark.slow

COUNT = 1800
# One iteration at which all images of a class are wrong, and an image that is wrong only there.
SPIKE, CLASS, CALM = 917, 2, 3
# Across the charts of a page of 1,280 pixels, told in steps of 256.
PIXELS = 768
STEP = -(-COUNT // PIXELS)


class LongLog(LogWriter):
    """Three snapshots, and outcomes of which most are right at every iteration."""

    def predicted(self, iteration):
        image = np.arange(len(self.labels))
        wrong = (iteration + 31 * image) % 97 < 9
        wrong |= (self.labels == CLASS) & (iteration == SPIKE)
        wrong &= (image != CALM) | (iteration == SPIKE)
        return np.where(wrong, (self.labels + 1) % self.classes, self.labels).astype(np.int32)


@pytest.fixture(scope="module")
def long_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    log = LongLog(folder / "log", shapes={"a.weight": (4, 6)}, images=60, classes=5)
    log.labels[CALM] = CLASS
    write_tensors(log.path / "images.safetensors", {"label": log.labels})
    for iteration in range(COUNT):
        log.outcomes(iteration)
    for iteration in (0, COUNT // 2, COUNT - 1):
        log.snapshot(iteration)
    store = folder / "long.dtstore"
    run = [sys.executable, "-m", "deeptracker.cli", "process", log.path, "--store", store]
    subprocess.run(run, check=True)
    return store


@pytest.fixture(scope="module")
def run(long_store):
    return Run(str(long_store))


@pytest.fixture(scope="module")
def long_app(long_store, serve_stores):
    yield from serve_stores(long_store)


def palette(name, level):
    table = np.frombuffer(lookup_table(name), np.uint8).reshape(256, 4)
    return tuple(int(channel) for channel in table[round(level)][:3])


def shade(error, top):
    return palette("blues", np.floor(254 * min(1, (error / top) ** 0.5) + 0.5))


def drawn(person, chart, key, column, line=0.5):
    """The colour of a row at a column, `line` of its picture's height below its top."""
    state, row = person.state(chart), person.row(chart, key)
    height = row["height"] if row["kind"] != "heat" else 12
    y = row["top"] - state["scrolled"] + line * height
    return person.colour(chart, person.column_x(chart, column), y)


def near(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 3


def rows_bytes(run, columns, **chosen):
    """Bytes of the numbers of each row of the list."""
    page = linked(open_classes=[run.class_names[CLASS]], **chosen)
    selection, state = page.of(ValidationView)
    histories = class_histories(run, selection.rule, selection.anomaly_window)
    listed = listed_classes(run, state.listing(selection.threshold), histories)
    rows = ClassRows(run, selection, state, histories, listed, columns)
    found = [rows.row(place) for place in range(len(rows.entries))]
    return {row.id: len(packed([row])[1]) for row in found}


@pytest.mark.parametrize("pixels", ["correct", "predicted", "loss"])
def test_a_row_costs_at_most_its_pixels(run, pixels):
    all_columns = rows_bytes(run, PixelColumns(0, COUNT - 1), pixels=pixels)
    shown = rows_bytes(run, PixelColumns.sent(run, None, PIXELS), pixels=pixels)
    for key, size in shown.items():
        assert size < all_columns[key] / STEP + 16
    # A window of few iterations is sent as it is.
    assert PixelColumns.sent(run, (400, 1099), PIXELS) == PixelColumns(400, 1099, 1)


def test_the_whole_run_shows_the_worst_of_each_pixel_and_a_window_every_iteration(
    person, long_app, run
):
    name = run.class_names[CLASS]
    chosen = {"open_classes": [name], "image_order": "index"}
    person.open(long_app + "?" + linked(**chosen).to_query())
    person.wait_for("validation")
    person.wait(lambda: person.row("validation", f"class:{name}")["step"] == STEP, "the columns")
    assert PIXELS - 256 < person.state("validation")["span"] <= PIXELS
    error = run.array("classes/error")
    top = float(np.nanmax(error))
    assert error[CLASS, SPIKE] == 1
    group = slice(SPIKE // STEP * STEP, (SPIKE // STEP + 1) * STEP)
    assert np.sort(error[CLASS, group])[-2] < 0.5
    for number, column in ((CLASS, SPIKE), (CLASS, SPIKE + 30), (0, 200), (4, 1590)):
        first = column // STEP * STEP
        worst = float(error[number, first : first + STEP].max())
        key = f"class:{run.class_names[number]}"
        assert near(drawn(person, "validation", key, first + 1), shade(worst, top))
    # The whole set too.
    assert person.row("validation-whole", "all")["step"] == STEP
    # An image that is wrong once is part wrong there, and right beside it.
    images = f"images:0:{name}"
    row = person.row("validation", images)
    line = (row["members"].index(CALM) + 0.5) / row["lines"]
    share = palette("outcome", RIGHT_LEVEL * (STEP - 1) / STEP)
    assert near(drawn(person, "validation", images, group.start + 1, line), share)
    right = palette("outcome", RIGHT_LEVEL)
    assert near(drawn(person, "validation", images, group.start + 1 + 2 * STEP, line), right)
    assert person.hover("validation", f"class:{name}", group.start + 1)[1].startswith("up to 100 %")

    # Zoomed in, every iteration stands alone; zoomed out again, they share pixels.
    before = person.state("validation")["sent_bytes"]
    person.open(long_app + "?" + linked(**chosen, window=(900, 939)).to_query())
    person.wait(lambda: person.row("validation", f"class:{name}")["step"] == 1, "single ones")
    for column in (SPIKE - 1, SPIKE, SPIKE + 1):
        wanted = shade(float(error[CLASS, column]), top)
        assert near(drawn(person, "validation", f"class:{name}", column), wanted)
    row = person.row("validation", images)
    assert near(drawn(person, "validation", images, SPIKE, line), palette("outcome", 0))
    assert person.state("validation")["sent_bytes"] < before / 10
    marks = dict(person.row("validation", f"class:{name}")["triangles"])
    counts = run.array("classes/left")[4][CLASS]
    assert marks == {c: int(counts[c]) for c in range(900, 940) if counts[c] >= 1}
    person.page.keyboard.press("Home")
    person.wait(lambda: person.row("validation", f"class:{name}")["step"] == STEP, "the whole run")
    assert person.errors == []


def test_the_card_of_an_image_shows_what_its_pixels_can(person, long_app, run):
    person.open(long_app + "?" + linked(images=[CALM]).to_query())
    card = person.wait_for("image-history")
    step = card["rows"][0]["step"]
    assert COUNT / step <= 384
    assert card["sent_bytes"] < 384 * 12
    person.open(long_app + "?" + linked(images=[CALM], window=(900, 939)).to_query())
    person.wait(lambda: person.row("image-history", "outcome")["step"] == 1, "single iterations")
    wrong = drawn(person, "image-history", "outcome", SPIKE)
    assert near(wrong, palette("outcome", 0))
    taken = int(run.stored("images/predicted")[CALM, SPIKE])
    assert near(drawn(person, "image-history", "predicted", SPIKE), palette("classes", taken))
    assert near(
        drawn(person, "image-history", "predicted", SPIKE + 2), palette("classes", RIGHT_LEVEL)
    )


def test_a_tile_of_the_gallery_has_as_much_history_as_it_is_wide(person, long_app, run):
    person.open(long_app + "?" + linked(view="gallery").to_query())
    person.wait(lambda: person.state("gallery")["tiles"], "the tiles")
    step = -(-COUNT // 256)
    script = """(grid, [id, place]) => {
      const canvas = grid.querySelector(`[data-id='${id}'] .dt-history`)
      return [canvas.width, ...canvas.getContext('2d').getImageData(place, 0, 1, 1).data]
    }"""
    for image, column in ((CALM, SPIKE), (CALM, 30), (0, 0), (7, 1500)):
        place = column // step
        right = run.part("images/correct", image)[place * step : (place + 1) * step].mean()
        width, *colour = person.element("gallery").evaluate(script, [str(image), place])
        assert width == -(-COUNT // step) <= 256
        assert near(colour[:3], palette("outcome", RIGHT_LEVEL * right))
