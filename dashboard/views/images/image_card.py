"""One validation image: its picture, the network's outcomes, and images with similar histories."""

import html
from typing import Any

import numpy as np
import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.image_histories import (
    MISSING,
    Forgetting,
    Neighbour,
    forgetting_of,
    neighbours,
)
from deeptracker.dashboard.data.outcome_pixels import outcome_levels, predicted_pixels
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.thumbnails import data_url, thumbnails
from deeptracker.dashboard.look.legends import PIXEL_LEGENDS
from deeptracker.dashboard.look.theme import CATEGORICAL, class_levels
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.images.image_grid import ImageGrid, Tile
from deeptracker.dashboard.widgets.controls import action, text, toggle_iteration
from deeptracker.dashboard.widgets.row_chart import RowChart
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.wording import counted

__all__ = ["ImageView", "caption_of", "open_image", "tiles_of"]

SIDE = 128
# The chart stands in the rail, so its labels have less room than those of the page's charts.
LEFT, RIGHT = 74, 6
# For a long run, two places per pixel.
MOST_PLACES = 384
# About the width of a gallery tile.
TILE_PLACES = 256
LEGENDS = "".join(f"<span>{legend}</span>" for legend in PIXEL_LEGENDS.values())


class ImageView:
    """The card of an opened image; its charts are made once and redrawn for each image."""

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.image = -1
        self.columns = PixelColumns(0, 0)
        self.reads = Latest(run.location)
        self.facts = text(margin=0)
        self.chart = RowChart(
            test_id="image-history",
            left=LEFT,
            right=RIGHT,
            description="Outcome, predicted class and loss of the image over the iterations.",
            sizing_mode="stretch_width",
        )
        self.neighbours = ImageGrid(
            layout="list",
            test_id="neighbours",
            description="images with the most similar histories",
            sizing_mode="stretch_width",
        )
        self.similar_title = text(margin=(6, 0, 2, 0))
        self.chart.param.watch(self._on_event, "event")
        self.neighbours.param.watch(self._neighbour_opened, "event")
        selection.param.watch(self._reframe, ["window", "iterations"])

    def panel(self) -> pn.viewable.Viewable:
        """Give the card."""
        back = action("\u2190 Lists", lambda: self.selection.param.update(images=[]), width=80)
        return pn.Column(
            back,
            self.facts,
            self.chart,
            text(f"<div class='dt-legends'>{LEGENDS}</div>", margin=(2, 0)),
            self.similar_title,
            self.neighbours,
            sizing_mode="stretch_width",
            margin=0,
        )

    def open(self, image: int) -> None:
        """Show an image; images with similar histories follow when they are found."""
        self.image = image
        self.facts.object = self._facts()
        self._draw()
        self.similar_title.object = (
            "<h3>Similar histories</h3><span class='dt-hint'>Comparing all images…</span>"
        )
        self.neighbours.fill([], None, None)
        self.reads.find(lambda: neighbours(self.run, image), self._show_neighbours)

    def _draw(self) -> None:
        self.columns = PixelColumns.sent(self.run, self.selection.window, MOST_PLACES)
        iterations = [int(iteration) for iteration in self.run.iterations]
        self.chart.draw(self._rows(), iterations=iterations, **self._frame())

    def _facts(self) -> str:
        run, image = self.run, self.image
        correct = run.part("images/correct", slice(image, image + 1))
        predicted = run.part("images/predicted", slice(image, image + 1))[0]
        label = int(run.array("images/label")[image])
        found = forgetting_of(correct)
        right, events, first = (
            float(found.share_right[0]),
            int(found.events[0]),
            int(found.first_right[0]),
        )
        share = f"{right:.0%} of the snapshots" if np.isfinite(right) else "not recorded"
        learned = f"iteration {int(run.iterations[first]):,}" if first >= 0 else "never"
        rows = {
            "class": html.escape(run.class_names[label]),
            "right at": share,
            "first right": learned,
            "forgotten": counted(events, "time") if events else "never",
            "mistaken for": _others(predicted, label, run.class_names),
        }
        listed = "".join(
            f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows.items()
        )
        title = html.escape(str(run.array("images/name")[image]))
        return (
            f"<div class='dt-image' data-testid='image-card' data-image='{image}'>"
            f"{_picture(run, image)}<h3>{title}</h3><table>{listed}</table>"
            f"<a class='dt-small' href='?v=validation&amp;m=[{image}]'>Link to this image</a></div>"
        )

    def _rows(self) -> list[Row]:
        run, image, columns = self.run, self.image, self.columns
        part = slice(image, image + 1), columns.span
        outcomes = outcome_levels(run.part("images/correct", *part), columns)
        outcome = columns.options | {"label": "outcome", "label_room": 1, "palette": "outcome"}
        label = int(run.array("images/label")[image])
        predicted = predicted_pixels(run.part("images/predicted", *part), label, columns)
        classes = columns.options | {
            "label": "class",
            "palette": "classes",
            "value_label": "predicted class",
            "value_names": {
                str(i): run.class_names[i] for i in np.unique(predicted[predicted >= 0])
            },
        }
        levels = class_levels(predicted, label)
        rows = [
            Row("outcome", "image", 14, (outcomes,), outcome),
            Row("predicted", "image", 14, (levels, predicted.astype(np.float32)), classes),
        ]
        name = next((n for n in ("loss", "confidence") if run.has(f"images/{n}")), None)
        if name:
            read = run.part(f"images/{name}", *part)[0].astype(np.float32)
            values = columns.joined(read, "max")
            known = values[np.isfinite(values)]
            title = name if columns.step == 1 else f"greatest {name}"
            options = columns.options | {
                "label": name,
                "series": [{"name": title, "colour": CATEGORICAL[0]}],
                "low": 0.0,
                "high": float(known.max()) if known.size else 1.0,
                "label_room": 1,
            }
            rows.append(Row(name, "lines", 84, (values,), options))
        return rows

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        picked = self.run.picked_columns(self.selection.iterations)
        return {"first": first, "last": last, "picked": picked}

    def _reframe(self, *_: Any) -> None:
        columns = PixelColumns.sent(self.run, self.selection.window, MOST_PLACES)
        if self.image >= 0 and columns != self.columns:
            self._draw()
        else:
            self.chart.param.update(**self._frame())

    def _show_neighbours(self, found: list[Neighbour]) -> None:
        images = np.array([entry.image for entry in found], np.int64)
        recorded = int((self.run.part("images/correct", self.image) != MISSING).sum())
        captions = [
            "the same at every snapshot"
            if not entry.differing
            else f"differs at {entry.differing} of {recorded}"
            for entry in found
        ]
        self.similar_title.object = "<h3>Similar histories</h3>" + (
            "" if found else "<span class='dt-hint'>There is no other image.</span>"
        )
        self.neighbours.fill(*tiles_of(self.run, images, captions))

    def _neighbour_opened(self, event: Any) -> None:
        open_image(self.run, self.selection, int(event.new["id"]))

    def _on_event(self, event: Any) -> None:
        if event.new["type"] == "pick":
            toggle_iteration(self.run, self.selection, event.new)


def open_image(run: Run, selection: Selection, image: int) -> None:
    """Open an image, and pick its class."""
    label = int(run.array("images/label")[image])
    selection.param.update(images=[image], classes=[run.class_names[label]])


def tiles_of(
    run: Run, images: np.ndarray, captions: list[str], states: list[str] | None = None
) -> tuple[list[Tile], np.ndarray | None, np.ndarray | None]:
    """Make the tiles of images, their pictures and their histories."""
    names, label = run.array("images/name"), run.array("images/label")
    tiles = [
        Tile(
            str(int(image)),
            f"{names[image]} · {run.class_names[label[image]]}",
            captions[place],
            states[place] if states else "",
        )
        for place, image in enumerate(images)
    ]
    if not len(images):
        return tiles, None, None
    columns = PixelColumns.of(run, None, TILE_PLACES)
    histories = outcome_levels(run.part("images/correct", images, columns.span), columns)
    return tiles, thumbnails(run, images), histories


def caption_of(run: Run, found: Forgetting, image: int) -> str:
    """Describe in a few words how an image was learned."""
    if not np.isfinite(found.share_right[image]):
        return "no outcomes"
    if found.first_right[image] < 0:
        return "never right"
    events = int(found.events[image])
    if events:
        times = "once" if events == 1 else f"{events} times"
        return f"forgotten {times}, {found.share_right[image]:.0%} right"
    return f"right from {int(run.iterations[found.first_right[image]]):,} on"


def _picture(run: Run, image: int) -> str:
    pixels = thumbnails(run, np.array([image]))
    if pixels is None:
        return "<div class='dt-nothumb'>No picture was recorded.</div>"
    height, width = pixels.shape[1:3]
    longest = max(height, width)
    scale = SIDE // longest if longest <= SIDE else 1 / -(-longest // SIDE)
    crisp = "dt-crisp" if scale >= 1 else ""
    return (
        f"<div class='dt-frame'><img class='{crisp}' width='{round(width * scale)}' "
        f"height='{round(height * scale)}' alt='validation image {image}' "
        f"src='{data_url(pixels[0])}'></div>"
    )


def _others(predicted: np.ndarray, label: int, names: list[str]) -> str:
    wrong = predicted[(predicted >= 0) & (predicted != label)]
    if not wrong.size:
        return "no other class"
    classes, counts = np.unique(wrong, return_counts=True)
    order = np.argsort(-counts)[:3]
    return ", ".join(
        f"{html.escape(names[classes[i]])} ({counted(counts[i], 'time')})" for i in order
    )
