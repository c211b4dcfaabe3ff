"""Rows of the validation view: what is sent of a long list, and which image a line is."""

import numpy as np
import pytest

from deeptracker.dashboard.data.class_series import class_histories, listed_classes
from deeptracker.dashboard.data.image_histories import images_of_class
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.look.theme import RIGHT_LEVEL, lookup_table
from deeptracker.dashboard.views.registry import linked
from deeptracker.dashboard.views.validation.class_controls import class_legend
from deeptracker.dashboard.views.validation.class_rows import ClassRows, counted, pixel_height
from deeptracker.dashboard.views.validation.view import ValidationView
from deeptracker.dashboard.widgets.row_list import Entry, RowList
from deeptracker.dashboard.widgets.rows import Row, packed


def rows_of(run, **chosen):
    selection, state = linked(**chosen).of(ValidationView)
    histories = class_histories(run, selection.rule, selection.anomaly_window)
    listed = listed_classes(run, state.listing(selection.threshold), histories)
    columns = PixelColumns.sent(run, selection.window)
    return ClassRows(run, selection, state, histories, listed, columns)


def legend_of(rows, kind, **options):
    return class_legend(rows.selection, 1.0, kind, shows_images=True, **options)


@pytest.mark.parametrize("order", ["index", "forgetting", "similarity"])
def test_a_class_of_more_images_than_a_block_has_all_of_them_in_order(run, order):
    rows = rows_of(run, open_classes=["1"], image_order=order)
    images = images_of_class(run, 1, order)
    assert len(images) == 68
    correct = run.array("images/correct")
    blocks = [place for place, entry in enumerate(rows.entries) if entry.id.startswith("images:")]
    assert [rows.entries[place].id for place in blocks] == ["images:0:1", "images:1:1"]
    drawn = np.concatenate([rows.row(place).arrays[0] for place in blocks])
    np.testing.assert_array_equal(drawn, correct[images] * RIGHT_LEVEL)
    for line in (0, 63, 64, 67):
        assert rows.image(f"images:{line // 64}:1", line % 64) == images[line]


def test_a_line_is_never_less_than_a_pixel_and_never_more_than_before():
    heights = [pixel_height(count) for count in (1, 60, 61, 150, 600, 601, 50_000)]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 1


def test_a_heat_line_carries_error_marks_and_counts(run):
    rows = rows_of(run, anomaly_lines=True, threshold=3)
    counts = rows.histories.counts
    for place in (0, 9):
        row = rows.row(place)
        np.testing.assert_array_equal(row.arrays[0], run.array("classes/error")[place])
        np.testing.assert_array_equal(row.arrays[1], counts[place])
        assert row.options["threshold"] == 3


def test_what_is_sent_of_a_list_does_not_grow_with_it():
    drawn = []

    def row_of(place):
        drawn.append(place)
        return Row(str(place), "heat", 12, (np.zeros(7, np.float32),))

    shown = RowList(room=400)
    for count in (200, 20_000):
        drawn.clear()
        shown.fill([Entry(str(place), 20) for place in range(count)], row_of)
        assert drawn == list(range(40))
    drawn.clear()
    shown.sight = {"top": 200_000.0}
    assert drawn == list(range(9_980, 10_040))
    assert shown.cover == [199_600, 200_800]
    drawn.clear()
    shown.sight = {"top": 200_100.0}
    assert drawn == []
    shown.scroll_to("3")
    assert (shown.scroll_target["top"], shown.scroll_target["height"]) == (60, 20)
    assert 3 in drawn


def test_arrays_are_packed_one_behind_another():
    arrays = (np.arange(5, dtype=np.uint8), np.arange(3, dtype=np.float32))
    rows, data = packed(
        [Row("a", "heat", 1, arrays), Row("b", "label", 1, (np.arange(3, dtype=np.uint16),))]
    )
    for row, wanted in ((rows[0], arrays), (rows[1], (np.arange(3, dtype=np.uint16),))):
        for place, array in zip(row["arrays"], wanted, strict=True):
            assert place["offset"] % 4 == 0
            part = np.frombuffer(data, array.dtype, array.size, place["offset"])
            np.testing.assert_array_equal(part, array)
    stamps = {row["stamp"] for row in rows}
    assert stamps == {int.from_bytes(data[:4], "little")}


def test_the_legend_names_the_wrong_classes_that_pixels_show(run):
    rows = rows_of(run, open_classes=["1"], pixels="predicted")
    predicted = run.array("images/predicted")[run.array("images/label") == 1]
    wrong = [int(number) for number in np.unique(predicted) if number not in (-1, 1)]
    wrong_classes = rows.wrong_classes(12)
    assert wrong_classes == {number: run.class_names[number] for number in wrong}
    said = legend_of(rows, "predicted", wrong_classes=wrong_classes)
    for number, name in wrong_classes.items():
        colour = lookup_table("classes")[4 * number : 4 * number + 3].hex()
        assert f"background:#{colour}'></i> {name}<" in said
    assert rows.wrong_classes(len(wrong) - 1) is None
    unnamed = legend_of(rows, "predicted", wrong_classes=None)
    assert "point at it for its name" in unnamed


def test_the_scale_of_loss_ends_at_a_value(run):
    label, loss = run.array("images/label"), run.array("images/loss")
    tops = [float(np.quantile(loss[label == number], 0.98)) for number in (1, 2)]
    rows = rows_of(run, open_classes=["1", "2"], pixels="loss")
    assert rows.amount_tops("loss") == pytest.approx(tops, rel=1e-5)
    low, high = sorted(tops)
    both = legend_of(rows, "loss", tops=rows.amount_tops("loss"))
    assert f"</i> {low:.3g} to {high:.3g} (98th percentile of each class" in both
    one = rows_of(run, open_classes=["1"], pixels="loss")
    said = legend_of(one, "loss", tops=one.amount_tops("loss"))
    assert f"</i> {tops[0]:.3g} (98th percentile of the class" in said


def test_one_is_not_in_the_plural():
    assert counted(1, "image") == "1 image"
    assert counted(1200, "image") == "1,200 images"
    assert counted(2, "class", "classes") == "2 classes"
