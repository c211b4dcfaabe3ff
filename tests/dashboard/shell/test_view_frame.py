"""A hidden view rests and catches up; a view that fails fails alone."""

import numpy as np
import pandas as pd
import pytest

from deeptracker.dashboard.data.search import open_place, places_of
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.dashboard.shell.stepping import anomalous_columns, step_anomaly, step_iteration
from deeptracker.dashboard.shell.view_frame import ViewFrame
from deeptracker.dashboard.views.registry import linked
from deeptracker.dashboard.widgets.controls import text


class Listener:
    """A view that writes down what reaches it, and fails when told to."""

    title = "Listener"
    tip = "What reached it"
    about = "What reached it."

    def __init__(self, run, selection):
        self.heard = []
        self.updates = 0
        selection.param.watch(self._listen, ["iterations", "classes"])

    def _listen(self, *events):
        self.heard.append({event.name: event.new for event in events})
        if any(event.new == ["trouble"] for event in events):
            raise RuntimeError("the listener stumbled")

    def panel(self):
        return text("listening")

    def update(self):
        self.updates += 1

    def table(self):
        return pd.DataFrame({"heard": [len(self.heard)]})


class Broken(Listener):
    title = "Broken"

    def panel(self):
        raise KeyError("classes/error")


def test_a_hidden_view_is_told_once_what_it_missed():
    selection = Selection()
    frame = ViewFrame(Listener, None, selection)
    frame.build()
    frame.hide()
    selection.iterations = [1]
    selection.iterations = [2]
    selection.classes = ["a"]
    frame.update()
    assert frame.view.heard == []
    frame.show()
    assert frame.view.heard == [{"iterations": [2], "classes": ["a"]}]
    assert frame.view.updates == 1
    selection.iterations = [3]
    assert frame.view.heard[-1] == {"iterations": [3]}


def test_a_view_is_made_when_it_is_first_shown(run):
    page = RunPage(run)
    assert page.frames["incidents"].view is not None
    assert page.frames["layers"].view is None
    page.selection.view = "layers"
    assert page.frames["layers"].view is not None
    assert not page.frames["incidents"].is_shown


def test_a_view_that_stumbles_shows_why_and_others_go_on():
    selection = Selection()
    first, second = (ViewFrame(Listener, None, selection) for _ in range(2))
    first.build()
    second.build()
    stumbling, listening = first.view, second.view
    second.view._listen = None
    selection.classes = ["trouble"]
    assert first.view is None
    assert "the listener stumbled" in first.place.objects[0].object
    assert listening.heard == stumbling.heard
    first.build()
    assert first.view is not None
    assert first.place.objects[0].object == "listening"


def test_a_view_that_cannot_be_made_leaves_no_watcher_behind():
    selection = Selection()
    frame = ViewFrame(Broken, None, selection)
    frame.build()
    assert "classes/error" in frame.place.objects[0].object
    assert not any(kinds.get("value") for kinds in selection.param.watchers.values())
    assert "not drawn yet" in frame.csv()["error"]


def test_a_view_stands_in_one_pane_only(run):
    page = RunPage(run, "sp=beside&v=validation&v2=layers")
    selection = page.selection
    selection.view = "layers"
    assert (selection.view, selection.second) == ("layers", "validation")
    selection.second = "layers"
    assert (selection.view, selection.second) == ("validation", "layers")
    selection.split = ""
    assert not page.frames["layers"].is_shown
    assert page.frames["validation"].is_shown


def test_the_csv_is_what_the_view_shows(run):
    page = RunPage(run, "w=[1000,1500]&so=error")
    table = page.frames["validation"].view.table()
    first, last = run.columns((1000, 1500))
    assert table["iteration"].unique().tolist() == run.iterations[first : last + 1].tolist()
    error = run.array("classes/error")
    final = [error[run.class_names.index(name), -1] for name in table["class"].unique()]
    assert final == sorted(final, reverse=True)
    one = table[(table["class"] == "3") & (table["iteration"] == 1400)]
    assert one["error"].item() == error[run.class_names.index("3"), run.column(1400)]


@pytest.mark.parametrize("view", ["layers", "weights", "correlation", "info"])
def test_every_view_has_numbers(run, view):
    page = RunPage(run, f"v={view}&w=[1000,1500]")
    lines = page.frames[view].csv()["csv"].splitlines()
    assert len(lines) > 5
    assert page.frames[view].about


def test_steps_go_to_the_next_snapshot_and_to_the_next_anomaly(run):
    selection = Selection(threshold=12)
    columns = anomalous_columns(run, selection)
    counts = run.array("classes/left")[4]
    findings = set(run.array("health/at_iteration").tolist())
    expected = [
        c
        for c, iteration in enumerate(run.iterations)
        if counts[:, c].max() >= 12 or int(iteration) in findings
    ]
    assert columns.tolist() == expected
    step_anomaly(run, selection, 1)
    step_anomaly(run, selection, 1)
    assert selection.iterations == [int(run.iterations[expected[1]])]
    step_iteration(run, selection, -1)
    assert selection.iterations == [int(run.iterations[expected[1] - 1])]
    selection.iterations = [int(run.iterations[-1])]
    step_iteration(run, selection, 1)
    assert selection.iterations == [int(run.iterations[-1])]
    step_anomaly(run, selection, 1)
    assert selection.iterations == [int(run.iterations[-1])]


def test_search_leads_to_classes_layers_and_weights(run):
    places = places_of(run, {"weights": "Weights"})
    assert ["view", "Weights", "weights"] in places
    assert ["class", "7", "7"] in places
    assert ["layer", "layer2.0.conv1", "layer2.0.conv1"] in places
    page = linked()
    selection = page.selection
    open_place(run, selection, "layer", "layer2.0.conv1")
    assert selection.view == "layers"
    assert selection.nodes == ["layer2.0.conv1"]
    assert {"", "layer2", "layer2.0"} <= set(page.values["open_nodes"])
    open_place(run, selection, "weights", "conv1.weight")
    assert (selection.view, page.values["raster"]) == ("weights", "conv1.weight")
    open_place(run, selection, "class", "7")
    assert (selection.view, selection.classes) == ("validation", ["7"])
    assert np.isin("7", page.values["open_classes"])


def test_a_layer_that_the_search_leads_to_is_unfolded_and_scrolled_to_each_time(run):
    page = RunPage(run, "v=layers")
    layers = page.frames["layers"].view
    for name in ("layer2.0.conv1", "layer3.1.conv2"):
        page.selection.view = "info"
        page.header.event = {"type": "open", "kind": "layer", "name": name}
        assert layers.chart.scroll_target["top"] == layers.outline.find(f"node:{name}").top
