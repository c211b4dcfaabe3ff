"""The validation view: all images, then groups and classes, then single images over time."""

from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.class_series import (
    ClassHistories,
    Listing,
    class_histories,
    given_groups,
    groups_of_class,
    listed_classes,
    passing_classes,
    shown_groups,
)
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import levels
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.images.image_card import ImageView
from deeptracker.dashboard.views.validation.class_controls import class_controls, class_legend
from deeptracker.dashboard.views.validation.class_rows import ClassRows, heat_arrays, pixel_kind
from deeptracker.dashboard.views.validation.image_lists import ImageLists
from deeptracker.dashboard.views.validation.state import ValidationState
from deeptracker.dashboard.widgets.controls import (
    rail,
    show_whole_run,
    text,
    toggle_iteration,
    with_rail,
)
from deeptracker.dashboard.widgets.row_chart import RowChart
from deeptracker.dashboard.widgets.row_list import RowList
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.wording import counted

__all__ = ["ValidationView"]

NOTHING_RECORDED = (
    "<div class='dt-empty'><b>No validation outcomes were recorded.</b><br>Give the recorder the "
    "labels, <code>Recorder(…, images=labels)</code>, and its predictions at each snapshot, <code>"
    "recorder.outcomes(iteration, predicted, loss=…)</code>; then process the log again.</div>"
)
# Most classes that the legend names; the card at the pointer names any class.
MOST_NAMED = 12
LISTED_BY = (
    "class_order",
    "class_grouping",
    "class_clusters",
    "open_groups",
    "class_search",
    "least_marks",
    "open_classes",
    "anomaly_lines",
    "image_order",
    "pixels",
)
COUNTED_BY = ("threshold", "rule", "anomaly_window")
FRAMED_BY = ("window", "iterations", "classes", "images")


class ValidationView:
    """One heat line per class; a class unfolds into its images, an image opens in the rail."""

    title = "Validation"
    tip = "Classes and images: where the network is wrong, and when that changes"
    about = (
        "Where the network is wrong, and when that changes. The top line is the whole validation "
        "set, each line below a class (or a group of them): the stronger the colour, the more of "
        "its images are wrong at that iteration. Triangles mark iterations at which images are "
        "anomalous: their outcome differs from k equal ones before it (left rule), after it "
        "(right) or both (full). Click a name to unfold a class into its images, one line each; "
        "click a line to open the image with its history and similar images."
    )

    states = (ValidationState,)

    def __init__(self, run: Run, selection: Selection, state: ValidationState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.whole = RowChart(
            test_id="validation-whole",
            show_axis=False,
            description="Error over all validation images; anomalous iterations are marked.",
            sizing_mode="stretch_width",
        )
        self.list = RowList(
            test_id="validation",
            description="Error of each class over the iterations; anomalous iterations are marked.",
            sizing_mode="stretch_width",
        )
        self.rows: ClassRows | None = None
        self.reads = Latest(run.location)
        self.note = text(margin=0)
        self.legend = text(margin=(0, 0, 4, 0))
        self.card = rail()
        self._shown_image: int | None = None
        self._own_pick = False
        self._commit = ""
        if run.has_images:
            self.lists = ImageLists(run, selection, state)
            self.image = ImageView(run, selection)
            self.whole.param.watch(self._on_event, "event")
            self.list.param.watch(self._on_event, "event")
            self.list.param.watch(self._refine, "pixels")
            state.param.watch(self._changed, list(LISTED_BY))
            selection.param.watch(self._changed, [*COUNTED_BY, *FRAMED_BY])
            self._unfold(*self._picked())
            self.update()
            self._open_image()
            self._scroll_to(*self._picked())

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the list and the opened image."""
        if not self.run.has_images:
            return text(NOTHING_RECORDED)
        given = bool(given_groups(self.run.class_names, self.run.hyperparameters))
        return pn.Column(
            class_controls(self.run, self.selection, self.state, given=given),
            self.legend,
            with_rail(
                pn.Column(self.whole, self.note, self.list, sizing_mode="stretch_width", margin=0),
                self.card,
            ),
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Draw the store's current data."""
        if not self.run.has_images:
            return
        if self._commit not in ("", self.run.commit):
            self.lists.update()
            if self._shown_image is not None:
                self.image.open(self._shown_image)
        self._commit = self.run.commit
        histories = self._histories()
        listed = listed_classes(self.run, self._listing(), histories)
        self.rows = ClassRows(
            self.run, self.selection, self.state, histories, listed, self._columns()
        )
        self._draw(self.rows)
        self._explain(self.rows)
        self._explain_empty(listed=len(self.rows.entries))
        self._find_optimal_order()

    def table(self) -> pd.DataFrame:
        """Give the error and the anomalous images of every class listed, at every iteration."""
        window = slice(*self._columns_shown())
        found = []
        for listed in self.rows.listed if self.rows else ():
            members = listed.shown if listed.group else np.array([listed.number])
            histories = self.rows.histories  # type: ignore[union-attr]  # listed by them
            name = listed.group.label if listed.group else histories.names[listed.number]
            found.append(
                pd.DataFrame(
                    {
                        "group" if listed.group else "class": name,
                        "images": int(histories.sizes[members].sum()),
                        "iteration": self.run.iterations[window],
                        "error": histories.error_of(members)[window],
                        "anomalous_images": histories.counts[members].sum(axis=0)[window],
                    }
                )
            )
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    def _histories(self) -> ClassHistories:
        return class_histories(self.run, self.selection.rule, self.selection.anomaly_window)

    def _listing(self) -> Listing:
        return self.state.listing(self.selection.threshold)

    def _draw(self, rows: ClassRows) -> None:
        iterations = [int(iteration) for iteration in self.run.iterations]
        self.whole.draw(self._whole_rows(rows), iterations=iterations, **self._frame())
        self.list.fill(
            rows.entries,
            rows.row,
            iterations=iterations,
            **self._frame(),
            opened=list(self.selection.images),
        )

    def _explain(self, rows: ClassRows) -> None:
        """Show the legend of colours and marks."""
        kind = pixel_kind(self.run, self.state.pixels)
        amounts = kind not in ("correct", "predicted")
        self.legend.object = class_legend(
            self.selection,
            rows.scale_top,
            kind,
            shows_images=bool(self.state.open_classes),
            wrong_classes=rows.wrong_classes(MOST_NAMED) if kind == "predicted" else None,
            tops=rows.amount_tops(kind) if amounts else (),
        )

    def _columns(self) -> PixelColumns:
        """Give the columns to send: as many places as there are pixels for."""
        return PixelColumns.sent(self.run, self.selection.window, int(self.list.pixels))

    def _refine(self, *_: Any) -> None:
        """Send other columns if a window or a wider chart shows them at a finer resolution."""
        columns = self._columns()
        if self.rows and columns != self.rows.columns:
            self.rows.columns = columns
            self._draw(self.rows)
            self._explain(self.rows)

    def _columns_shown(self) -> tuple[int, int]:
        first, last = self.run.columns(self.selection.window)
        return first, last + 1

    def _find_optimal_order(self) -> None:
        """Find the optimal order of many classes on a thread, and show it when it is found."""
        by_similarity = (self.state.class_order, self.state.class_grouping)
        if "similarity" not in by_similarity or not self.rows:
            return
        tree = self.rows.histories.similarity()
        if tree is not None and not tree.has_optimal_order:
            self.reads.find(tree.find_optimal_order, lambda _: self.update())

    def _explain_empty(self, *, listed: int) -> None:
        """Show why the list is empty."""
        reason = ""
        if not listed:
            reason = (
                "<div class='dt-empty'>No class matches the search and has enough anomalous "
                "iterations. Clear the search, or lower <i>Marks at least</i>.</div>"
            )
        self.note.object = reason
        self.note.visible = bool(reason)

    def _whole_rows(self, rows: ClassRows) -> list[Row]:
        histories = rows.histories
        error = histories.error_of(np.arange(len(histories.names)))
        counts = histories.counts.sum(axis=0)
        images = int(histories.sizes.sum())
        worst, most = heat_arrays(error, counts, rows.columns)
        heat = rows.columns.options | {
            "label": f"all {counted(images, 'image')}",
            "title": f"{counted(images, 'image')} of "
            f"{counted(len(histories.names), 'class', 'classes')}",
            "palette": "blues",
            "value_label": "share wrong",
            "threshold": self.selection.threshold,
            "strong": True,
            "gap": 10,
        }
        shade = levels(worst**0.5, 0, rows.scale_top**0.5)
        found = [Row("all", "image", 22, (shade[None], worst[None], most[None]), heat)]
        if self.state.anomaly_lines:
            name = f"anomalous images ({self.selection.rule} rule, k = "
            name += f"{self.selection.anomaly_window})"
            line = rows.columns.options | {
                "label": "anomalous images",
                "series": [{"name": name, "colour": "#D55E00"}],
                "low": 0.0,
                "high": float(max(1, counts.max())),
                "label_room": 40,
            }
            found.append(Row("counts", "lines", 34, (most.astype(np.float32),), line))
        return found

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        return {
            "first": first,
            "last": last,
            "picked": self.run.picked_columns(self.selection.iterations),
            "selected": [f"class:{name}" for name in self.selection.classes],
        }

    def _changed(self, *events: Any) -> None:
        """List the rows again if necessary; for a pick alone, send the browser only the pick."""
        names = {event.name for event in events}
        if names & {*LISTED_BY, *COUNTED_BY}:
            self.update()
        else:
            frame = self._frame()
            self.whole.param.update(**frame)
            self.list.param.update(**frame, opened=list(self.selection.images))
            self._refine()
        if "images" in names:
            self._open_image()
        if names & {"classes", "images"} and not self._own_pick:
            picked = self._picked("images" in names)
            self._unfold(*picked)
            self._scroll_to(*picked)

    def _picked(self, with_image: bool = True) -> tuple[str, int | None]:
        """Give the last picked class, and its opened image."""
        image = self._opened_image() if with_image else None
        if image is not None:
            return self.run.class_names[int(self.run.array("images/label")[image])], image
        return (self.selection.classes or [""])[-1], None

    def _unfold(self, name: str, image: int | None) -> None:
        """Show a class or image that was picked elsewhere: unfold, and clear filters hiding it."""
        state, names = self.state, self.run.class_names
        if name not in names:
            return
        wanted: dict[str, Any] = {}
        if image is not None and name not in state.open_classes:
            wanted["open_classes"] = [*state.open_classes, name]
        histories, listing = self._histories(), self._listing()
        if not passing_classes(listing, histories)[names.index(name)]:
            wanted |= {"class_search": "", "least_marks": 0}
        groups = groups_of_class(shown_groups(self.run, listing, histories), names.index(name))
        folded = [key for key in groups if key not in state.open_groups]
        if folded:
            wanted["open_groups"] = [*state.open_groups, *folded]
        state.param.update(**wanted)

    def _scroll_to(self, name: str, image: int | None) -> None:
        """Scroll to a class, or to the line of its image."""
        line = self.rows.line_of(image) if self.rows and image is not None else None
        if line:
            self.list.scroll_to(*line)
        elif name:
            self.list.scroll_to(f"class:{name}")

    def _on_event(self, event: Any) -> None:
        self._own_pick = True
        try:
            self._act(event.new)
        finally:
            self._own_pick = False

    def _act(self, act: dict[str, Any]) -> None:
        selection, state, kind = self.selection, self.state, act["type"]
        if kind == "reset":
            show_whole_run(self.run, selection, act)
            return
        what, _, name = str(act["row"]).partition(":")
        if kind == "pick":
            toggle_iteration(self.run, selection, act)
            if what == "images" and act["line"] >= 0 and self.rows:
                image = self.rows.image(act["row"], act["line"])
                selection.param.update(images=[image], classes=[name.partition(":")[2]])
            elif what == "class" and name not in selection.classes:
                selection.classes = [name]
        elif what == "group":
            state.open_groups = _toggled(state.open_groups, name)
        elif what == "class":
            if kind == "label":
                selection.toggle("classes", name, add=bool(act.get("shift")))
            state.open_classes = _toggled(state.open_classes, name)

    def _opened_image(self) -> int | None:
        count = len(self.run.array("images/label"))
        images = [image for image in self.selection.images if 0 <= image < count]
        return images[-1] if images else None

    def _open_image(self) -> None:
        image = self._opened_image()
        if image is None:
            self._shown_image = None
            self.card.objects = [self.lists.panel()]
        elif image != self._shown_image:
            self._shown_image = image
            self.image.open(image)
            self.card.objects = [self.image.panel()]


def _toggled(names: list[str], name: str) -> list[str]:
    return [other for other in names if other != name] if name in names else [*names, name]
