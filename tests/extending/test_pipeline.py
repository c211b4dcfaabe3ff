"""A statistic, a measure, a rule, a format and a kind of cluster are each one file and one line.

The code of docs/extending.md is added to a copy of the packages, and a log is processed there.
"""

import json
import subprocess
import sys
from pathlib import Path

import kept
import numpy as np
import pytest
from extending.blocks import added_lines, blocks, write_blocks
from extending.checkout import checked_out, environment
from logs import LogWriter
from shared_kernels import share_kernels

from deeptracker.pipeline import open_store

TITLES = {
    "A statistic of nodes": "pipeline/measures/node_statistics/registry.py",
    "A measure of filters": "pipeline/measures/filter_measures/registry.py",
    "A health rule": "pipeline/measures/rules/registry.py",
    "A checkpoint format": "pipeline/sources/__init__.py",
    "A kind of cluster": "pipeline/clusters/__init__.py",
}
SHAPES = {"a.conv.weight": (6, 3, 3, 3), "b.fc.weight": (5, 40), "b.fc.bias": (5,)}
ITERATIONS = range(0, 120, 10)
SPARSE, GROWN = 50, 80  # when zeros come, and when a layer is twice as large
CONFIG = "cluster: {processes: false}\nfindings: {history: 5, growing_layer_factor: 1.5}\n"
SEEN = """
import json, sys
import panel as pn
import deeptracker
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.registry import linked, view_class, VIEWS
run = deeptracker.open(sys.argv[1])
layers = view_class(VIEWS["layers"])
view = layers(Run(sys.argv[1]), *linked().of(layers))
menus = {menu.name: menu.options for menu in view.panel().select(pn.widgets.Select)}
print(json.dumps([
    run.layers.values(["b.fc"], "zero_share")[0].tolist(),
    run.filters("a.conv").values("growth")[0, 1:].tolist(),
    run.findings.query("rule == 'growing_layer'")["node"].tolist(),
    menus["Measure"], menus["Filters show"], menus["Top filters by"],
]))
"""


def in_copy(folder, *command, fails=False):
    """Run Python in the extended copy, and give what it printed."""
    done = subprocess.run(
        [sys.executable, *command], env=environment(folder), cwd=folder,
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def values(iteration):
    """What is recorded: weights that become zero, and a layer that doubles."""
    start, noise = np.random.default_rng(3), np.random.default_rng(iteration)
    found = {
        name: (start.normal(size=shape) + 0.01 * noise.normal(size=shape)).astype(np.float32)
        for name, shape in SHAPES.items()
    }
    found["b.fc.weight"][:, :10] *= iteration < SPARSE
    found["a.conv.weight"] *= 2 if iteration >= GROWN else 1
    return found


def made(folder):
    """Extend a copy, write a log, and process it there."""
    copy = checked_out(folder, ("deeptracker", "dashboard", "pipeline"))
    for title in TITLES:
        write_blocks(title, copy)
    share_kernels(copy / "deeptracker")
    log = LogWriter(folder / "log", shapes=SHAPES, images=20)
    for iteration in ITERATIONS:
        log.iteration(iteration)
        replaced = {name.replace(".", "__"): each for name, each in values(iteration).items()}
        log.snapshot(iteration, **replaced)
    (folder / "run.yaml").write_text(CONFIG)
    processed(copy, folder / "log", folder / "store")


def processed(copy, log, store, config="run.yaml", *, fails=False):
    command = "-m", "deeptracker.cli", "process", log, "--store", store, "--config", config
    return in_copy(copy, *map(str, command), fails=fails)


@pytest.fixture(scope="module")
def extended():
    here = Path(__file__).parent
    inputs = kept.TOP / "docs" / "extending.md", kept.TOP / "dashboard", here, *kept.PROCESSING
    return kept.kept("extended", made, *inputs, here.parent / "logs.py")


@pytest.fixture(scope="module")
def tree(extended):
    return open_store(extended / "store").tree()


@pytest.fixture(scope="module")
def seen(extended):
    """What the notebook and the layer view of the extended copy give."""
    return json.loads(in_copy(extended, "-c", SEEN, str(extended / "store")).splitlines()[-1])


@pytest.mark.parametrize("title", TITLES)
def test_each_is_one_new_file_and_one_line(title):
    [name] = blocks(title)
    assert not (kept.TOP / name).exists()
    [((registry, _), lines)] = added_lines(title).items()
    assert registry == TITLES[title]
    assert len(lines.splitlines()) == 1


def test_a_statistic_of_nodes_is_stored_and_offered(tree, seen):
    layer = [[values(i)[f"b.fc.{name}"].ravel() for name in ("weight", "bias")] for i in ITERATIONS]
    shares = [np.mean(np.concatenate(both) == 0) for both in layer]
    assert max(shares) > 0.2
    nodes = tree["nodes"]
    stored = nodes["zero_share"][nodes["name"].values.tolist().index("b.fc")]
    np.testing.assert_allclose(stored, shares, atol=1e-12)
    assert stored.attrs["long_name"] == "share of the finite weights that are zero"
    np.testing.assert_array_equal(seen[0], stored)
    assert seen[3]["share of zeros"] == "zero_share"


def test_a_measure_of_filters_is_stored_and_offered(tree, seen):
    norms = np.stack(
        [np.linalg.norm(values(i)["a.conv.weight"].reshape(6, -1), axis=1) for i in ITERATIONS], 1
    )
    filters, names = tree["filters"].to_dataset(), tree["parameters"]["name"].values.tolist()
    ours = filters["parameter"].values == names.index("a.conv.weight")
    stored = filters["measures"].sel(measure="growth").values[ours]
    assert np.isnan(stored[:, 0]).all()
    expected = norms[:, 1:] / norms[:, :-1] - 1
    np.testing.assert_allclose(stored[:, 1:], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(np.float32(seen[1]), stored[0, 1:])
    assert seen[4]["growth"] == seen[5]["growth"] == "growth"


def test_a_health_rule_speaks_by_the_thresholds_of_a_config(extended, tree, seen, tmp_path):
    health = tree["health"].to_dataset()
    ours = health.isel(finding=(health["rule"] == "growing_layer").values)
    assert ours["node"].values.tolist() == seen[2] == ["a.conv"]
    assert ours["at_iteration"].values.tolist() == [GROWN]
    assert ours["severity"].values.tolist() == ["warning"]
    config = tmp_path / "wrong.yaml"
    config.write_text("findings: {growing_layer_facto: 2}\n")
    told = processed(extended, extended / "log", tmp_path / "store", config, fails=True)
    assert (
        "unknown key 'findings.growing_layer_facto' (did you mean 'growing_layer_factor'?)" in told
    )


def test_a_rule_with_other_thresholds_reads_no_weight(extended, tmp_path):
    store, config = tmp_path / "store", tmp_path / "run.yaml"
    processed(extended, extended / "log", store)
    config.write_text(CONFIG.replace("1.5", "9"))
    told = processed(extended, extended / "log", store, config)
    assert "appended, 0 snapshots" in told
    assert "growing_layer" not in open_store(store).tree()["health"]["rule"].values


def test_a_checkpoint_format_is_processed(extended, tree, tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    log.mkdir()
    for iteration in ITERATIONS:
        np.savez(log / f"step-{iteration}.npz", **values(iteration))
    np.savez_compressed(log / "step-500.npz", **values(0))
    told = processed(extended, log, store)
    assert f"{log}/step-500.npz: is compressed; write it with numpy.savez" in told
    ours = open_store(store).tree()["nodes"]
    assert ours["iteration"].values.tolist() == list(ITERATIONS)
    # The first run compiles the kernels: how it rounds sums may differ from those that load them.
    np.testing.assert_allclose(ours["norm2"][0], tree["nodes"]["norm2"][0], rtol=1e-8)
    told = processed(extended, tmp_path, tmp_path / "none", fails=True)
    assert "nor a folder of *.npz files" in told


def test_a_kind_of_cluster_runs_a_log(extended, tree, tmp_path):
    config, where = tmp_path / "run.yaml", tmp_path / "scheduler.json"
    config.write_text(f"cluster: {{kind: scheduler-file, path: {where}}}\n")
    told = processed(extended, extended / "log", tmp_path / "store", config, fails=True)
    assert f"{where}: names no scheduler" in told
    program = """
import sys
from distributed import LocalCluster
from deeptracker.pipeline import process
from deeptracker.pipeline.config import load_config
with LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None) as cluster:
    cluster.scheduler_info  # it runs
    with open(sys.argv[4], "w") as file:
        file.write('{"address": "%s"}' % cluster.scheduler_address)
    print(process(sys.argv[1], sys.argv[2], config=load_config(sys.argv[3])).action)
"""
    printed = in_copy(
        extended, "-c", program, *map(str, (extended / "log", tmp_path / "store", config, where))
    )
    assert printed.split() == ["created"]
    ours = open_store(tmp_path / "store").tree()["nodes"]
    np.testing.assert_allclose(ours["norm2"], tree["nodes"]["norm2"], rtol=1e-8)
    config.write_text("cluster: {kind: scheduler-file, file: here}\n")
    told = processed(extended, extended / "log", tmp_path / "store", config, fails=True)
    assert "unknown key 'cluster.file'" in told
