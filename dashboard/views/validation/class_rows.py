"""Rows of the validation view: heat lines of groups and classes, pixel blocks of their images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeptracker.dashboard.data.class_series import ClassHistories, Listed
from deeptracker.dashboard.data.image_histories import images_of_class, outcomes_of
from deeptracker.dashboard.data.outcome_pixels import outcome_levels, predicted_pixels
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.validation.state import ValidationState
from deeptracker.dashboard.widgets.row_list import Entry
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.wording import counted

__all__ = ["ClassRows", "heat_arrays", "pixel_height", "pixel_kind"]

HEAT, GAP, LINE_ROOM, LINE_HEIGHT = 12, 8, 9, 26
# Images per row of pixels; rows out of sight are not sent.
BLOCK = 64
NAMED_IN_TITLE = 6
NO_PREDICTION = 65535  # as in outcome_levels.js


def pixel_height(images: int) -> int:
    """Height of an image's line in CSS pixels: less for more images, at least one."""
    return next((pixel for most, pixel in ((60, 6), (150, 4), (600, 2)) if images <= most), 1)


def pixel_kind(run: Run, chosen: str) -> str:
    """Give the quantity of image pixels: the chosen one, if it was recorded."""
    if chosen == "loss":
        return next((n for n in ("loss", "confidence") if run.has(f"images/{n}")), "correct")
    return chosen


def heat_arrays(
    error: np.ndarray, counts: np.ndarray, columns: PixelColumns
) -> tuple[np.ndarray, ...]:
    """Give the values of a heat line: the greatest error and count of each place.

    Parameters
    ----------
    error : numpy.ndarray
        float32 [iteration], share of wrong outcomes.
    counts : numpy.ndarray
        int [iteration], anomalous images.
    columns : PixelColumns

    Returns
    -------
    tuple of numpy.ndarray
        float32 [place], NaN where nothing was recorded; and uint16 [place], or float32 if a
        count exceeds uint16.
    """
    worst = columns.joined(error[columns.span], "max").astype(np.float32)
    most = columns.joined(counts[columns.span], "max")
    return worst, most.astype(np.uint16 if most.max(initial=0) < 2**16 else np.float32)


class ClassRows:
    """The rows of a list of classes, and how each is drawn.

    Parameters
    ----------
    run : Run
    selection : Selection
    state : ValidationState
    histories : ClassHistories
    listed : sequence of Listed
        Groups and classes in their order.
    columns : PixelColumns
        The columns that are drawn; may be replaced.
    """

    def __init__(
        self,
        run: Run,
        selection: Selection,
        state: ValidationState,
        histories: ClassHistories,
        listed: Sequence[Listed],
        columns: PixelColumns,
    ) -> None:
        self.run = run
        self.columns = columns
        self.selection = selection
        self.state = state
        self.histories = histories
        self.listed = listed
        error = histories.error
        greatest = float(np.nanmax(error)) if np.isfinite(error).any() else 1.0
        self.scale_top = max(0.05, greatest)
        self.counts_top = int(histories.counts.max()) if histories.counts.size else 0
        self.entries: list[Entry] = []
        self._sources: list[tuple[Listed, int]] = []
        opened = set(state.open_classes)
        for entry in listed:
            key = f"group:{entry.group.key}" if entry.group else f"class:{self._name(entry)}"
            self._add(Entry(key, self.heat_height + GAP), entry, -1)
            if not entry.group and self._name(entry) in opened:
                self._add_images(entry)

    @property
    def heat_height(self) -> int:
        """Height of a heat line in CSS pixels, with the line of counts if it is shown."""
        return HEAT + (LINE_ROOM + LINE_HEIGHT if self.state.anomaly_lines else 0)

    def row(self, place: int) -> Row:
        """Draw the row of a place in `entries`."""
        listed, block = self._sources[place]
        if block >= 0:
            return self._pixels(listed, block, self.entries[place].id)
        return self._heat(listed, self.entries[place].id)

    def wrong_classes(self, most: int) -> dict[int, str] | None:
        """Name the wrong classes that pixels show, by number; None if they are over `most`."""
        found: set[int] = set()
        for number in self._unfolded:
            predicted = outcomes_of(self.run, number, "predicted")[:, self.columns.span]
            shown = np.unique(predicted_pixels(predicted, number, self.columns))
            found |= {int(other) for other in shown if other >= 0 and other != number}
            if len(found) > most:
                return None
        return {number: self.histories.names[number] for number in sorted(found)}

    def amount_tops(self, kind: str) -> list[float]:
        """Give the amount of the strongest colour for each class whose images are shown."""
        return [self._amount_top(number, kind) for number in self._unfolded]

    def image(self, key: str, line: int) -> int:
        """Give the image of a line of a row of pixels, by the row's id."""
        _, block, name = key.split(":", 2)
        return int(self._images(self.run.class_names.index(name))[int(block) * BLOCK + line])

    def line_of(self, image: int) -> tuple[str, float, float] | None:
        """Find the line of an image; None if its class is not unfolded.

        Returns
        -------
        tuple of str, float, float
            The row's id, and the line's start in the row and its thickness, in CSS pixels.
        """
        number = int(self.run.array("images/label")[image])
        name = self.histories.names[number]
        if not any(entry.id == f"images:0:{name}" for entry in self.entries):
            return None
        images = self._images(number)
        block, line = divmod(int(np.flatnonzero(images == image)[0]), BLOCK)
        pixel = pixel_height(len(images))
        return f"images:{block}:{name}", line * pixel, pixel

    @property
    def _unfolded(self) -> list[int]:
        """Numbers of the classes whose images are shown."""
        return [listed.number for listed, block in self._sources if block == 0]

    def _name(self, listed: Listed) -> str:
        return self.histories.names[listed.number]

    def _add(self, entry: Entry, listed: Listed, block: int) -> None:
        self.entries.append(entry)
        self._sources.append((listed, block))

    def _images(self, number: int) -> np.ndarray:
        return images_of_class(self.run, number, self.state.image_order)

    def _add_images(self, listed: Listed) -> None:
        count = int(self.histories.sizes[listed.number])
        pixel, name = pixel_height(count), self._name(listed)
        for block, first in enumerate(range(0, count, BLOCK)):
            lines = min(BLOCK, count - first)
            gap = GAP + 4 if first + lines == count else 0
            self._add(Entry(f"images:{block}:{name}", lines * pixel + gap), listed, block)

    def _heat(self, listed: Listed, key: str) -> Row:
        if listed.group:
            members, label = listed.shown, listed.group.label
            detail = counted(len(members), "class", "classes")
            named = [self.histories.names[i] for i in members[:NAMED_IN_TITLE]]
            more = len(members) - len(named)
            title = f"{label}: " + ", ".join(named) + (f" and {more:,} more" if more > 0 else "")
            is_open = listed.is_open
        else:
            members, label = np.array([listed.number]), self._name(listed)
            size = int(self.histories.sizes[listed.number])
            detail, title = f"{size:,}", f"{label}: {counted(size, 'image')}"
            is_open = label in self.state.open_classes
        counts = self.histories.counts[members].sum(axis=0)
        options: dict[str, Any] = self.columns.options | {
            "label": label,
            "detail": detail,
            "title": title,
            "indent": listed.depth,
            "strong": listed.group is not None,
            "toggle": "open" if is_open else "closed",
            "size": int(self.histories.sizes[members].sum()),
            "scale_top": self.scale_top,
            "threshold": self.selection.threshold,
            "picture_height": HEAT,
            "gap": GAP,
        }
        if self.state.anomaly_lines:
            options["counts_top"] = int(max(1, counts.max() if listed.group else self.counts_top))
        arrays = heat_arrays(self.histories.error_of(members), counts, self.columns)
        return Row(key, "heat", self.heat_height, arrays, options)

    def _pixels(self, listed: Listed, block: int, key: str) -> Row:
        everything = self._images(listed.number)
        images = everything[block * BLOCK : (block + 1) * BLOCK]
        kind = pixel_kind(self.run, self.state.pixels)
        # Outcomes stand in the order of the index, in any displayed order.
        places = np.searchsorted(np.sort(everything), images)
        columns = self.columns
        values = outcomes_of(self.run, listed.number, kind)[places][:, columns.span]
        names = self.run.array("images/name")
        options: dict[str, Any] = columns.options | {
            "indent": listed.depth + 1,
            "members": [int(image) for image in images],
            "line_labels": [str(names[image]) for image in images],
            "value_label": kind,
            "faint": True,
            "gap": 0,
        }
        if block == 0:
            options["label"] = counted(len(everything), "image")
            options["notes"] = [ORDER_NOTES[self.state.image_order]]
        if kind == "correct":
            shown, array = "outcome", outcome_levels(values, columns)
        elif kind == "predicted":
            classes = predicted_pixels(values, listed.number, columns)
            shown, array = "label", np.where(classes < 0, NO_PREDICTION, classes).astype(np.uint16)
            options["own_class"] = listed.number
            names_of = {
                str(i): self.histories.names[int(i)] for i in np.unique(classes[classes >= 0])
            }
            options["value_names"] = names_of
        else:
            shown, array = "amount", columns.joined(values, "max").astype(np.float32)
            options["scale_top"] = self._amount_top(listed.number, kind)
        return Row(key, shown, len(images) * pixel_height(len(everything)), (array,), options)

    def _amount_top(self, number: int, kind: str) -> float:
        """Give the value of the strongest colour: below the maximum, which may be an outlier."""
        values = outcomes_of(self.run, number, kind)
        known = values[np.isfinite(values)]
        return max(float(np.quantile(known, 0.98)), 1e-9) if known.size else 1.0


ORDER_NOTES = {
    "index": "in recorded order",
    "forgetting": "most forgotten first",
    "similarity": "similar histories together",
}
