"""The gallery: validation images, or classes, with their pictures, a page at a time."""

from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.image_histories import (
    LISTS,
    Forgetting,
    image_forgetting,
    image_list,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.thumbnails import thumbnails
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import together
from deeptracker.dashboard.views.gallery.state import GalleryState
from deeptracker.dashboard.views.images.image_card import caption_of, open_image, tiles_of
from deeptracker.dashboard.views.images.image_grid import ImageGrid, Tile
from deeptracker.dashboard.widgets.controls import (
    action,
    bar,
    choice,
    search_field,
    show_when,
    text,
)

__all__ = ["GalleryView"]

PAGE = 60
OUTCOMES = {"any": "right or wrong", "right": "right", "wrong": "wrong"}
WATCHED = (
    "gallery_of",
    "gallery_class",
    "gallery_outcome",
    "gallery_list",
)


class GalleryView:
    """Tiles of images or classes; an image opens in the validation view."""

    title = "Gallery"
    tip = "Images and classes with their pictures, by list, class and outcome"
    about = (
        "The validation images, each with its picture and the history of its outcomes (blue right, "
        "orange wrong). The dot shows the outcome at the picked iteration, or at the last one if "
        "none is picked. Choose a list, a class or an outcome; click an image to open it."
    )

    states = (GalleryState,)

    def __init__(self, run: Run, selection: Selection, state: GalleryState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.found: Forgetting | None = None
        self.reads = Latest(run.location)
        self.chosen = np.empty(0, np.int64)
        self.grid = ImageGrid(
            test_id="gallery", description="gallery", sizing_mode="stretch_width", margin=(8, 0)
        )
        self.note = text(margin=(8, 0), visible=False)
        self.count = text(margin=(7, 0, 0, 0))
        self.before = action(
            "\u2190 Previous", lambda: self._turn_page(-1), width=100, margin=(0, 8, 0, 0)
        )
        self.after = action(
            "Next \u2192", lambda: self._turn_page(1), width=100, margin=(0, 12, 0, 0)
        )
        if run.has_images:
            self.grid.param.watch(self._opened, "event")
            state.param.watch(self._filtered, list(WATCHED))
            state.param.watch(lambda *_: self._show(), "gallery_page")
            selection.param.watch(self._filtered, "iterations")
            selection.param.watch(lambda *_: self._show(), ["images", "classes"])
            self.count.object = "<span class='dt-hint'>Counting forgetting events…</span>"
            self.before.visible = self.after.visible = False
            self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the filters and the tiles."""
        if not self.run.has_images:
            return text(
                "<div class='dt-empty'><b>No validation images were recorded.</b><br>Give the "
                "recorder their labels and pictures, <code>Recorder(…, images={&quot;label&quot;: "
                "…, &quot;thumbnail&quot;: …})</code>, and process the log again.</div>"
            )
        param = self.state.param
        lists = choice(
            param.gallery_list,
            "List",
            LISTS,
            "Forgotten: right, then wrong at the next snapshot; never learned: never right; "
            "unforgettable: never wrong after the first right outcome",
        )
        outcome = choice(
            param.gallery_outcome,
            "Outcome",
            OUTCOMES,
            "Outcome at the picked iteration, or at the last one",
        )
        for control in (lists, outcome):
            show_when(
                self.state,
                "gallery_of",
                control,
                lambda: self.state.gallery_of == "images",
            )
        return pn.Column(
            bar(
                choice(
                    param.gallery_of,
                    "Show",
                    {"images": "images", "classes": "classes"},
                    "Images, or classes with the picture of one of their images",
                    100,
                ),
                search_field(self.state, "gallery_class", "Class", "names, by commas"),
                lists,
                outcome,
            ),
            # The text stands last, so that its length does not move the buttons.
            pn.Row(
                self.before,
                self.after,
                self.count,
                sizing_mode="stretch_width",
                margin=(2, 0, 0, 0),
            ),
            self.note,
            self.grid,
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Show the store's current data."""
        if not self.run.has_images:
            return

        def show(found: Forgetting) -> None:
            self.found = found
            self._choose()

        self.reads.find(lambda: image_forgetting(self.run), show)

    def table(self) -> pd.DataFrame:
        """Give all images or classes that pass the filters."""
        if self.state.gallery_of == "classes":
            error = self.run.array("classes/error")[self.chosen, self._column]
            names = [self.run.class_names[number] for number in self.chosen]
            return pd.DataFrame({"class": names, "error": error})
        assert self.found is not None
        label = self.run.array("images/label")[self.chosen]
        return pd.DataFrame(
            {
                "image": self.chosen,
                "name": [str(name) for name in self.run.array("images/name")[self.chosen]],
                "class": [self.run.class_names[number] for number in label],
                "forgetting_events": self.found.events[self.chosen],
                "share_right": self.found.share_right[self.chosen],
                "right": self._outcomes(self.chosen) == 1,
            }
        )

    @property
    def _column(self) -> int:
        """The column whose outcomes are shown: the picked one, else the last with outcomes."""
        picked = self.run.picked_columns(self.selection.iterations)
        if picked:
            return picked[-1]
        recorded = np.flatnonzero(np.isfinite(self.run.array("classes/error")).any(axis=0))
        return int(recorded[-1]) if len(recorded) else 0

    def _outcomes(self, images: np.ndarray) -> np.ndarray:
        return self.run.part("images/correct", images, self._column)

    def _classes(self) -> np.ndarray:
        terms = [t.strip().casefold() for t in self.state.gallery_class.split(",")]
        terms = [term for term in terms if term]
        names = [name.casefold() for name in self.run.class_names]
        passing = [not terms or any(term in name for term in terms) for name in names]
        return np.flatnonzero(passing)

    def _filtered(self, *_: Any) -> None:
        self.state.gallery_page = 0
        self._choose()

    def _choose(self) -> None:
        """Find the images or classes that pass the filters, and show a page of them."""
        if self.found is None:
            return
        classes = self._classes()
        if self.state.gallery_of == "classes":
            self.chosen = classes
        else:
            images = image_list(str(self.state.gallery_list), self.found)
            if len(classes) < len(self.run.class_names):
                images = images[np.isin(self.run.array("images/label")[images], classes)]
            wanted = {"right": 1, "wrong": 0}.get(str(self.state.gallery_outcome))
            if wanted is not None and len(images):
                images = images[self._outcomes(images) == wanted]
            self.chosen = images
        self._show()

    def _show(self) -> None:
        if self.found is None:
            return
        pages = max(1, -(-len(self.chosen) // PAGE))
        page = min(self.state.gallery_page, pages - 1)
        shown = self.chosen[page * PAGE : (page + 1) * PAGE]
        iteration = int(self.run.iterations[self._column])
        of_classes = self.state.gallery_of == "classes"
        one, many = ("class", "classes") if of_classes else ("image", "images")
        paged = f", page {page + 1:,} of {pages:,}" if pages > 1 else ""
        self.count.object = (
            f"<span class='dt-hint'><b>{len(self.chosen):,}</b> "
            f"{one if len(self.chosen) == 1 else many}{paged}; outcomes at iteration "
            f"{iteration:,}</span>"
        )
        change = "the class" if of_classes else "the list, the class or the outcome"
        self.note.object = f"<div class='dt-empty'>No {one} matches: change {change}.</div>"
        found = len(self.chosen) > 0
        self.note.visible, self.count.visible, self.grid.visible = not found, found, found
        self.before.visible = self.after.visible = pages > 1
        self.before.disabled, self.after.disabled = page == 0, page == pages - 1
        if of_classes:
            self._show_classes(shown)
        else:
            states = [{0: "wrong", 1: "right"}.get(int(o), "") for o in self._outcomes(shown)]
            captions = [caption_of(self.run, self.found, int(image)) for image in shown]
            selected = [str(image) for image in self.selection.images]
            self.grid.fill(*tiles_of(self.run, shown, captions, states), selected=selected)

    def _show_classes(self, classes: np.ndarray) -> None:
        label = self.run.array("images/label")
        sizes = self.run.array("classes/size")
        error = self.run.array("classes/error")[:, self._column]
        firsts = np.array([int(np.argmax(label == number)) for number in classes], np.int64)
        tiles = []
        for number in classes:
            name = self.run.class_names[number]
            share = f"{error[number]:.0%} wrong of {sizes[number]:,}"
            tiles.append(Tile(f"class:{name}", name, share))
        pictures = thumbnails(self.run, firsts) if len(firsts) else None
        selected = [f"class:{name}" for name in self.selection.classes]
        self.grid.fill(tiles, pictures, None, selected=selected)

    def _turn_page(self, step: int) -> None:
        pages = max(1, -(-len(self.chosen) // PAGE))
        page = min(self.state.gallery_page, pages - 1)
        self.state.gallery_page = min(max(page + step, 0), pages - 1)

    def _opened(self, event: Any) -> None:
        kind, _, name = event.new["id"].rpartition(":")
        if kind or event.new["id"].startswith("class:"):
            chosen = event.new["id"].removeprefix("class:")
            with together(self.selection, self.state):
                self.state.param.update(
                    gallery_of="images", gallery_class=chosen, gallery_list="all"
                )
                self.selection.classes = [chosen]
            return
        open_image(self.run, self.selection, int(name))
        self.selection.open("validation")
