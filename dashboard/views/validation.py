"""The validation view: all images, then classes, then single images, over the iterations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

from dashboard.canvas.rowchart import Row, RowChart
from dashboard.controls import (
    bar,
    beside,
    choice,
    legend,
    number_field,
    rail,
    text,
    toggle_iteration,
)
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import levels
from dashboard.views.image import image_card

__all__ = ["ValidationView", "similarity_order"]

PIXEL = 4
LARGEST_CHART = 420
MOST_IMAGES = 2000
ORDERS = {
    "name": "name",
    "error": "final error",
    "anomaly": "most anomalous",
    "similarity": "similar histories",
}


class ValidationView:
    """One heat line a class; a class unfolds into its images, an image opens beside them."""

    title = "Validation"
    about = (
        "How the network did on the validation images, snapshot by snapshot. The top line is the "
        "whole set, then one line a class: the darker (in the dark theme: the brighter), the "
        "larger the share of its images that were wrong.\n\n"
        "Triangles mark anomalous iterations: at least so many of the class's images changed "
        "between right and wrong after k equal snapshots (left rule), before k equal ones (right "
        "rule), or both (full rule).\n\n"
        "Click a class's name to unfold its images, one line each, those with most flips first; "
        "click a line to open the image."
    )

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.chart = RowChart(
            test_id="validation",
            scroll_height=620,
            description="Error of each class over the iterations; anomalous iterations are marked.",
            sizing_mode="stretch_width",
        )
        self.scale = text(width=330, margin=(0, 0, 0, 12))
        self.card = rail()
        self.chart.param.watch(self._acted, "event")
        redrawn = ["rule", "anomaly_window", "threshold", "class_order", "open_classes", "pixels"]
        selection.param.watch(self._redraw, redrawn)
        selection.param.watch(self._reframe, ["window", "iterations", "classes"])
        selection.param.watch(self._open_image, "images")
        self.update()
        self._open_image()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the chart and the opened image."""
        if not self.run.has_images:
            return text(
                "<div class='dt-empty'><b>No validation outcomes were recorded.</b><br>Record them "
                "with <code>recorder.outcomes(iteration, predicted, loss=…)</code> and process the "
                "log again.</div>",
                sizing_mode="stretch_width",
            )
        param = self.selection.param
        controls = bar(
            choice(param.class_order, "Order", ORDERS, "How the classes are ordered"),
            choice(
                param.rule,
                "Anomaly rule",
                {"left": "left", "right": "right", "full": "full"},
                "left: changes after k equal outcomes; right: before k equal ones; full: both",
            ),
            number_field(param.anomaly_window, "Window k", "Snapshots that must have been equal"),
            number_field(param.threshold, "At least", "Anomalous images for a mark"),
            choice(
                param.pixels,
                "Image pixels",
                {"correct": "right or wrong", "predicted": "predicted class", "loss": "loss"},
                "What the pixel chart of an unfolded class shows",
            ),
            self.scale,
        )
        return pn.Column(
            controls,
            beside(self.chart, self.card),
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Draw what the store holds now."""
        if not self.run.has_images:
            return
        iterations = [int(iteration) for iteration in self.run.iterations]
        self.chart.draw(self._rows(), iterations=iterations, **self._frame())

    def table(self) -> pd.DataFrame:
        """Error and anomalous images of each class at each iteration of the window."""
        first, last = self.run.columns(self.selection.window)
        shown = slice(first, last + 1)
        error, counts = self.run.array("classes/error"), self._counts()
        order = self._order(error, counts)
        names = [self.run.class_names[number] for number in order]
        iterations = self.run.iterations[shown]
        return pd.DataFrame(
            {
                "class": np.repeat(names, len(iterations)),
                "iteration": np.tile(iterations, len(names)),
                "error": error[list(order), shown].ravel(),
                "anomalous_images": counts[list(order), shown].ravel(),
            }
        )

    def _redraw(self, *_: Any) -> None:
        self.update()

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        return {
            "first": first,
            "last": last,
            "picked": self.run.picked_columns(self.selection.iterations),
            "selected": [f"class:{name}" for name in self.selection.classes],
        }

    def _reframe(self, *_: Any) -> None:
        self.chart.param.update(**self._frame())

    def _rows(self) -> list[Row]:
        error = self.run.array("classes/error")
        sizes = self.run.array("classes/size")
        counts = self._counts()
        whole = np.nansum(error * sizes[:, None], axis=0) / max(1, int(sizes.sum()))
        whole[np.isnan(error).all(axis=0)] = np.nan
        # A learned class is wrong of few images: the square root shows one of them.
        top = np.sqrt(max(0.05, float(np.nanmax(error)) if np.isfinite(error).any() else 1.0))
        self.scale.object = legend(
            "share of images wrong (square-root scale)", "0", f"{top**2:.2g}", note="· ▲ anomalous"
        )
        rows = [
            self._heat_row("all", "all images", f"{int(sizes.sum()):,}", whole, top, counts.sum(0))
        ]
        for number in self._order(error, counts):
            name = self.run.class_names[number]
            is_open = name in self.selection.open_classes
            row = self._heat_row(
                f"class:{name}", name, f"{sizes[number]}", error[number], top, counts[number]
            )
            row.options.update(toggle="open" if is_open else "closed", indent=0)
            rows.append(row)
            if is_open:
                rows.append(self._image_row(number, name))
        return rows

    def _counts(self) -> np.ndarray:
        window = self.selection.anomaly_window
        return self.run.part(f"classes/{self.selection.rule}", slice(window - 1, window))[0]

    def _heat_row(
        self, key: str, name: str, size: str, error: np.ndarray, top: float, counts: np.ndarray
    ) -> Row:
        marked = np.flatnonzero(counts >= self.selection.threshold)
        whole = key == "all"
        options = {
            "label": f"{name}  ({size})",
            "title": f"{name}: {size} images",
            "palette": "blues",
            "value_label": "error",
            "triangles": [[int(column), int(counts[column])] for column in marked],
            "strong": whole,
            "gap": 7 if whole else 5,
        }
        values = error[None].astype(np.float32)
        return Row(
            key, "image", 22 if whole else 16, (levels(np.sqrt(values), 0, top), values), options
        )

    def _images_of(self, number: int) -> np.ndarray:
        label = self.run.array("images/label")
        images = np.flatnonzero(label == number)
        flips = self.run.array("images/flips")[images]
        return images[np.argsort(-flips, kind="stable")][:MOST_IMAGES]

    def _image_row(self, number: int, name: str) -> Row:
        images = self._images_of(number)
        what = self.selection.pixels
        path = "images/loss" if what == "loss" and self.run.has("images/loss") else f"images/{what}"
        if not self.run.has(path):
            path, what = "images/correct", "correct"
        values = self.run.part(path, images, slice(None))
        names = self.run.array("images/name")
        options: dict[str, Any] = {
            "label": "",
            "value_label": what,
            "line_labels": [str(names[image]) for image in images],
            "gap": 10,
            "indent": 1,
        }
        if what == "loss":
            known = values[np.isfinite(values)]
            top = float(np.quantile(known, 0.98)) if known.size else 1.0
            scaled, options["palette"] = (
                levels(np.sqrt(values), 0, np.sqrt(max(top, 1e-9))),
                "blues",
            )
        elif what == "predicted":
            scaled = np.where(values < 0, 255, values % 254).astype(np.uint8)
            options |= {"palette": "classes", "value_names": self.run.class_names}
        else:
            scaled = np.where(values == 255, 255, values * 254).astype(np.uint8)
            options |= {"palette": "outcome", "value_names": ["wrong", "right"]}
        opened = set(self.selection.images)
        options["row_marks"] = [i for i, image in enumerate(images) if int(image) in opened]
        options["label"] = f"{len(images)} images, most flips first"
        height = min(LARGEST_CHART, max(24, PIXEL * len(images)))
        return Row(f"images:{name}", "image", height, (scaled, values.astype(np.float32)), options)

    def _order(self, error: np.ndarray, counts: np.ndarray) -> Sequence[int]:
        order = self.selection.class_order
        if order == "error":
            last = np.nan_to_num(error[:, -1], nan=-1)
            return [int(place) for place in np.argsort(-last, kind="stable")]
        if order == "anomaly":
            return [int(place) for place in np.argsort(-counts.sum(axis=1), kind="stable")]
        if order == "similarity":
            return similarity_order(np.nan_to_num(error))
        return range(len(error))

    def _acted(self, event: Any) -> None:
        act = event.new
        kind, _, name = str(act["row"]).partition(":")
        if act["type"] == "pick":
            toggle_iteration(self.run, self.selection, act)
            if kind == "images":
                image = int(self._images_of(self.run.class_names.index(name))[act["line"]])
                self.selection.param.update(images=[image], classes=[name])
            elif kind == "class" and name not in self.selection.classes:
                self.selection.classes = [name]
        elif act["type"] == "label" and kind == "class":
            self.selection.toggle("classes", name, add=bool(act.get("shift")))
        elif act["type"] == "reset":
            self.selection.window = None
        if kind == "class" and act["type"] in ("toggle", "label"):
            opened = [other for other in self.selection.open_classes if other != name]
            was_open = name in self.selection.open_classes
            self.selection.open_classes = opened if was_open else [*opened, name]

    def _open_image(self, *_: Any) -> None:
        images = [i for i in self.selection.images if 0 <= i < self._image_count()]
        hint = (
            "<h3>Image</h3><span class='dt-hint'>Unfold a class by its name, then click a line of "
            "its pixel chart to open an image.</span>"
        )
        opened = (
            image_card(self.run, self.selection, images[-1]) if images else text(hint, width=240)
        )
        self.card.objects = [opened]
        if images:
            self.update()

    def _image_count(self) -> int:
        return len(self.run.array("images/label")) if self.run.has_images else 0


def similarity_order(series: np.ndarray) -> list[int]:
    """Order series so that neighbours resemble each other.

    Average linkage of Euclidean distances, with the optimal leaf order of Bar-Joseph et al. (2001).

    Parameters
    ----------
    series : numpy.ndarray
        float [series, column], without NaN.
    """
    if len(series) < 3:
        return list(range(len(series)))
    tree = linkage(series, "average")
    if len(series) <= 1500:
        tree = optimal_leaf_ordering(tree, series)
    return [int(place) for place in leaves_list(tree)]
