"""A run whose network changed: the tree's order, lifetimes, and single weights from the log."""

import numpy as np
import pytest
from changing_logs import EVERY, ChangingLog, adapter_added, head_replaced

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import read_window, shape_of
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.info.state import InfoState
from deeptracker.dashboard.views.info.view import InfoView
from deeptracker.dashboard.views.layers.small_multiples import _label
from deeptracker.pipeline import process
from deeptracker.pipeline.config import Config

STEPS = 6


def shapes_at(step):
    return adapter_added(step) | head_replaced(step)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    log = ChangingLog(tmp_path_factory.mktemp("changed") / "log", shapes_at)
    for step in range(STEPS):
        log.iteration(step * EVERY)
    return log


@pytest.fixture(scope="module")
def changed(log):
    store = log.path.with_name("store")
    config = Config(columns_per_chunk=4, cluster={"processes": False})
    process(log.path, store, config=config)
    return Run(str(store))


def test_the_tree_is_in_depth_first_order_though_the_store_is_not(changed):
    names = [str(changed.nodes["name"][node]) for node in changed.depth_first]
    assert sorted(names) == sorted(map(str, changed.nodes["name"]))
    conv = names.index("block.0.conv")
    assert names[conv : conv + 7] == [
        "block.0.conv",
        "block.0.conv.weight",
        "block.0.conv.lora",
        "block.0.conv.lora.down",
        "block.0.conv.lora.down.weight",
        "block.0.conv.lora.up",
        "block.0.conv.lora.up.weight",
    ]
    stored = [str(name) for name in changed.nodes["name"]]
    assert stored.index("block.0.conv.lora") > stored.index("head.weight")


def test_filters_under_a_node_are_all_that_lie_there(changed):
    assert changed.filtered_parameters(changed.node("block")) == [
        "block.0.conv.weight",
        "block.0.conv.lora.down.weight",
        "block.0.conv.lora.up.weight",
    ]
    head = changed.filtered_parameters(changed.node("head"))
    assert head == ["head.weight", "head.weight 20x64"]
    everything = [
        name
        for name in changed.parameter_names
        if changed.parameters["filters"][changed.parameter(name)]
    ]
    assert changed.filtered_parameters(0) == everything


def test_lifetimes_say_when_the_snapshots_have_a_node(changed):
    def text(name):
        return changed.lifetime(changed.node(name))

    assert text("head.weight") == "until 20"
    assert text("head.weight 20x64") == "from 30"
    assert text("block.0.conv.lora.down") == "from 30"
    assert text("head") == text("") == text("embed.weight") == ""


def test_a_row_of_the_layer_view_says_from_when_it_is(changed):
    label = _label(changed, changed.node("head.weight 20x64"))
    assert label["label"] == "weight 20x64"
    assert label["title"].endswith("1,280 weights, from 30")
    assert label["details"][0] == "20\u00d764, 1,280, from 30"
    whole = _label(changed, changed.node("embed.weight"))
    assert not any(
        "from" in text or "until" in text for text in [whole["title"], *whole["details"]]
    )


def test_the_facts_say_how_the_network_changed(changed):
    view = InfoView(changed, Selection(), InfoState())
    shapes = "2 parameters change their shapes at 30 (head.weight 10x64 -\u003e 20x64, …)"
    assert f"2 parameters appear at 30, {shapes}".replace(">", "&gt;") in view.facts.object


@pytest.mark.parametrize(
    ("name", "steps"), [("head.weight", (0, 3)), ("head.weight 20x64", (3, 6))]
)
def test_single_weights_are_those_of_the_parameter_of_that_shape(log, changed, name, steps):
    size = int(np.prod(shape_of(changed, name)))
    window = read_window(changed, name, (0, size), (0, STEPS), height=2 * size, width=800)
    assert window.level == 0
    for step in range(STEPS):
        if steps[0] <= step < steps[1]:
            values = log.values(step * EVERY)["head.weight"].ravel()
            np.testing.assert_array_equal(window.values[:, step], values)
        else:
            assert np.isnan(window.values[:, step]).all()
