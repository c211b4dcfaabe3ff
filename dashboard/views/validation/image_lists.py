"""Forgotten, never-learned and unforgettable images; each entry opens its image."""

from functools import partial
from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.image_histories import (
    LISTS,
    Forgetting,
    image_forgetting,
    image_list,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.images.image_card import caption_of, open_image, tiles_of
from deeptracker.dashboard.views.images.image_grid import ImageGrid
from deeptracker.dashboard.views.validation.state import ValidationState
from deeptracker.dashboard.widgets.controls import action, text

__all__ = ["ImageLists"]

SHOWN = 24
NAMES = ("forgotten", "never", "unforgettable")
NOTES = {
    "forgotten": "Right at one snapshot and wrong at the next; the most forgetting events first.",
    "never": "Never right at any snapshot.",
    "unforgettable": "Never wrong after the first right outcome; learned earliest first.",
}


class ImageLists:
    """The lists, one at a time, in the rail of the classes."""

    def __init__(self, run: Run, selection: Selection, state: ValidationState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.found: Forgetting | None = None
        self.reads = Latest(run.location)
        self.pills = {
            name: action(
                LISTS[name],
                partial(self._choose, name),
                css_classes=["dt-pill", "dt-other"],
                margin=(0, 4, 4, 0),
            )
            for name in NAMES
        }
        self.note = text(margin=(0, 0, 6, 0))
        self.grid = ImageGrid(
            layout="list",
            test_id="image-list",
            description="images of the chosen list",
            sizing_mode="stretch_width",
        )
        self.more = action("All in the gallery", self._open_gallery, margin=(6, 0))
        self.grid.param.watch(self._opened, "event")
        state.param.watch(lambda *_: self._show(), "image_list")
        self.note.object = "<span class='dt-hint'>Counting forgetting events…</span>"
        self.more.visible = False
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the lists."""
        return pn.Column(
            text("<h3>Lists of images</h3>", margin=0),
            pn.FlexBox(*self.pills.values(), margin=(0, 0, 4, 0)),
            self.note,
            self.grid,
            self.more,
            sizing_mode="stretch_width",
            margin=0,
        )

    def update(self) -> None:
        """Count again, from the store's current commit."""

        def show(found: Forgetting) -> None:
            self.found = found
            self._show()

        self.reads.find(lambda: image_forgetting(self.run), show)

    def _show(self) -> None:
        if self.found is None:
            return
        name = self._name
        for other, pill in self.pills.items():
            pill.name = f"{LISTS[other]} {len(image_list(other, self.found)):,}"
            pill.css_classes = ["dt-pill", "dt-chosen" if other == name else "dt-other"]
        images = image_list(name, self.found)
        self.note.object = f"<span class='dt-hint'>{NOTES[name]}</span>" + (
            "" if len(images) else "<div class='dt-empty'>No image.</div>"
        )
        shown = images[:SHOWN]
        captions = [caption_of(self.run, self.found, int(image)) for image in shown]
        self.grid.fill(*tiles_of(self.run, shown, captions))
        self.more.name = f"All {len(images):,} in the gallery"
        self.more.visible = len(images) > SHOWN

    @property
    def _name(self) -> str:
        return str(self.state.image_list)

    def _choose(self, name: str) -> None:
        self.state.image_list = name

    def _opened(self, event: Any) -> None:
        open_image(self.run, self.selection, int(event.new["id"]))

    def _open_gallery(self) -> None:
        self.selection.open(
            "gallery",
            gallery_list=self._name,
            gallery_of="images",
            gallery_class="",
            gallery_outcome="any",
            gallery_page=0,
        )
