"""The processed store holds what NumPy finds in the same bytes."""

import json

import numpy as np
import pytest
import reference
import xarray as xr
from logs import SHAPES, LogWriter
from stores import assert_equal

from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.sources import open_source
from deeptracker.record.tensor_file import write_tensors

ITERATIONS = [0, 10, 20, 30, 40, 55, 60, 70, 80, 90, 100]
CHOSEN = [0, 1, 5, 10]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    writer = LogWriter(tmp_path_factory.mktemp("small") / "log", gradients=True)
    return writer.iterations(ITERATIONS)


@pytest.fixture(scope="module")
def store(log):
    path = log.path.with_name("store")
    summary = process(log.path, path, config=Config(columns_per_chunk=4))
    assert summary.action == "created"
    assert summary.snapshots == len(ITERATIONS)
    return path


@pytest.fixture(scope="module")
def tree(store):
    return open_store(store).tree()


def filters_of(tree, name):
    """All filters of a parameter, in plain xarray."""
    table = tree["parameters"].to_dataset().set_index(parameter="name").sel(parameter=name)
    first, count = int(table["first_filter"]), int(table["filters"])
    return tree["filters"].to_dataset().isel(filter=slice(first, first + count))


def rows_of(tree, name, level):
    """The rows of a parameter at a level, in plain xarray."""
    table = tree["parameters"].to_dataset().set_index(parameter="name").sel(parameter=name)
    first, rows = (int(table[what].sel(level=level)) for what in ("first_row", "rows"))
    return tree[f"weights/{level}"].to_dataset().isel(row=slice(first, first + rows))


@pytest.mark.parametrize("gradient", [False, True], ids=["weights", "gradients"])
def test_statistics_of_every_node_equal_numpy_in_float64(log, tree, gradient):
    nodes = tree["nodes"].to_dataset()
    prefix = "grad_" if gradient else ""
    thresholds = nodes["threshold"].values
    for index, name in enumerate(nodes["name"].values):
        for column in CHOSEN:
            values, previous = (
                reference.node_values(log.path, ITERATIONS[c], name, gradient=gradient)
                if c >= 0
                else None
                for c in (column, column - 1)
            )
            expected = reference.node_statistics(values, previous, thresholds)
            # A span is summed in float32. Where positive and negative weights cancel, an error is
            # small against their size.
            cancelled = {"sum": 1e-6 * expected["norm1"], "mean": 1e-6 * expected["std"]}
            for statistic, value in expected.items():
                stored = nodes[prefix + statistic].isel(node=index, iteration=column).values
                np.testing.assert_allclose(
                    stored,
                    value,
                    rtol=1e-5,
                    atol=cancelled.get(statistic, 1e-9),
                    err_msg=f"{statistic} of {name!r} at {ITERATIONS[column]}",
                )
            stored = [
                float(nodes[prefix + q].isel(node=index, iteration=column))
                for q in ("q1", "median", "q3")
            ]
            np.testing.assert_allclose(stored, reference.quartiles(values), rtol=0.02)


def test_update_and_change_ratio_are_missing_at_the_first_snapshot(tree):
    nodes = tree["nodes"].to_dataset()
    assert np.isnan(nodes["update_ratio"].isel(iteration=0)).all()
    assert np.isnan(nodes["change_ratio"].isel(iteration=0)).all()


def test_histograms_count_every_weight_in_its_bin(log, tree):
    nodes = tree["nodes"].to_dataset()
    edges = np.append(nodes["bin_left"].values, nodes["bin_right"].values[-1])
    for index, name in enumerate(nodes["name"].values):
        values = reference.node_values(log.path, 55, name)
        expected = np.histogram(values, edges)[0]
        stored = nodes["histogram"].isel(node=index).sel(iteration=55).values
        np.testing.assert_array_equal(stored, expected)


@pytest.mark.parametrize("name", [n for n, shape in SHAPES.items() if len(shape) >= 2])
def test_filter_measures_equal_numpy(log, tree, name):
    filters = filters_of(tree, name)
    shape = SHAPES[name]
    for column in CHOSEN:
        values, previous = (
            log.values(ITERATIONS[c])[name].reshape(shape[0], -1).astype(float) if c >= 0 else None
            for c in (column, column - 1)
        )
        for measure, expected in reference.filter_measures(values, previous).items():
            stored = filters["measures"].sel(measure=measure).isel(iteration=column).values
            np.testing.assert_allclose(
                stored, expected, rtol=1e-4, atol=1e-6, err_msg=f"{measure} at {column}"
            )
    assert np.isnan(filters["measures"].sel(measure="change_euclidean").isel(iteration=0)).all()


@pytest.mark.parametrize("name", list(SHAPES))
def test_every_pyramid_level_is_within_its_stated_error(log, tree, name):
    table = tree["parameters"].to_dataset().set_index(parameter="name").sel(parameter=name)
    for level in table["level"].values[table["rows"] > 0]:
        dataset = rows_of(tree, name, level)
        for column in CHOSEN:
            values = log.values(ITERATIONS[column])[name].astype(float).ravel()
            per_row = tree[f"weights/{level}"].attrs["weights_per_row"]
            expected = reference.pyramid_level(values, per_row)
            for measure, exact in expected.items():
                stored = dataset["weight"].sel(statistic=measure).isel(iteration=column).values
                scale = np.abs(exact) if measure != "mean" else np.abs(exact) + 1e-6
                assert (np.abs(stored - exact) <= scale * (2**-8 + 1e-6)).all(), (level, measure)


def test_gradients_have_a_pyramid_of_their_own(log, tree):
    source = open_source(log.path)
    ref = source.locate("head.weight", 40, gradient=True)
    from deeptracker.pipeline.sources import read_values

    exact = reference.pyramid_level(read_values(ref).astype(float), 16)["max"]
    stored = rows_of(tree, "head.weight", 1)["gradient"].sel(statistic="max", iteration=40).values
    assert (np.abs(stored - exact) <= np.abs(exact) * 2**-8).all()


def test_images_hold_what_was_predicted(log, tree):
    images = tree["images"].to_dataset()
    for iteration in (0, 55, 100):
        predicted = log.predicted(iteration)
        chosen = images.sel(iteration=iteration)
        np.testing.assert_array_equal(chosen["predicted"], predicted)
        np.testing.assert_array_equal(chosen["correct"], predicted == log.labels)
    np.testing.assert_array_equal(images["label"], log.labels)
    np.testing.assert_array_equal(images["order"], np.argsort(log.labels, kind="stable"))


@pytest.fixture(scope="module")
def correct(log):
    return np.stack([log.predicted(i) == log.labels for i in ITERATIONS], axis=1)


def test_errors_and_flips_of_every_class_equal_brute_force(log, tree, correct):
    classes = tree["classes"].to_dataset()
    flips = correct[:, 1:] != correct[:, :-1]
    for index in range(log.classes):
        mine = log.labels == index
        np.testing.assert_allclose(classes["error"][index], 1 - correct[mine].mean(axis=0))
        np.testing.assert_array_equal(classes["flips"][index, 1:], flips[mine].sum(axis=0))
        assert classes["size"][index] == mine.sum()
    np.testing.assert_array_equal(tree["images/flips"], flips.sum(axis=1))


@pytest.mark.parametrize("rule", ["left", "right", "full"])
@pytest.mark.parametrize("window", [1, 2, 3, 5, 50])
def test_anomalies_of_every_class_equal_brute_force(log, tree, correct, rule, window):
    found = reference.anomalies(correct, window, rule)
    expected = [found[log.labels == index].sum(axis=0) for index in range(log.classes)]
    np.testing.assert_array_equal(tree["classes"][rule].sel(window=window), expected)


def test_the_error_by_class_order_is_the_mean_of_sixteen_images(log, tree, correct):
    wrong = ~correct[np.argsort(log.labels, kind="stable")]
    expected = [wrong[start : start + 16].mean(axis=0) for start in range(0, len(wrong), 16)]
    np.testing.assert_allclose(tree["images/by_class/1"]["error"], expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_a_class_that_no_integer_of_the_store_holds_is_wrong_and_none(tmp_path, dtype):
    log = LogWriter(tmp_path / "log", shapes={"w": (3, 4)}, images=4).iterations([0])
    predicted = log.labels.astype(dtype)
    predicted[1] += 2**32
    write_tensors(log.path / "outcomes" / "000000000.safetensors", {"predicted": predicted})
    process(log.path, tmp_path / "store", config=Config(cluster={"processes": False}))
    images = open_store(tmp_path / "store").tree()["images"].sel(iteration=0)
    assert images["correct"].values.tolist() == [1, 0, 1, 1]
    expected = log.labels.tolist()
    expected[1] = -1
    assert images["predicted"].values.tolist() == expected


def test_every_variable_has_named_dims_a_long_name_and_units(tree):
    seen = 0
    for node in tree.subtree:
        for name, variable in node.to_dataset(inherit=False).variables.items():
            seen += 1
            where = f"{node.path}/{name}"
            assert variable.attrs.get("long_name"), where
            assert variable.attrs.get("units"), where
            assert not any(dim.startswith("dim_") for dim in variable.dims), where
    assert seen > 100


GROUPS = ["nodes", "filters", "weights/1", "images", "images/by_class/1", "classes", "cube"]


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_that_is_read_alone_has_its_iterations(store, tree, group):
    assert list(tree[group].to_dataset()["iteration"].values) == ITERATIONS
    session = open_store(store).root().store
    alone = xr.open_zarr(session, group=group, consolidated=False, zarr_format=3)
    assert list(alone["iteration"].values) == ITERATIONS


def test_every_group_can_be_loaded(tree):
    for node in tree.subtree:
        node.to_dataset().load()


def test_scalars_are_stored_at_their_own_iterations(tree):
    scalars = tree["scalars"].to_dataset()
    assert list(scalars["iteration_s"].values) == ITERATIONS
    np.testing.assert_allclose(scalars["train_loss"], [1 / (1 + i) for i in ITERATIONS])


def test_the_store_says_what_it_was_made_of(tree, log):
    attrs = tree.attrs
    assert attrs["deeptracker_schema"] == 4
    assert attrs["run"] == "small"
    assert attrs["source"] == str(log.path.resolve())
    assert attrs["gradients"] is True


def test_xarray_opens_the_repository_without_our_code(store):
    import icechunk

    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(store)))
    session = repository.readonly_session("main")
    tree = xr.open_datatree(session.store, engine="zarr", consolidated=False)
    assert float(tree["nodes/size"][0]) == sum(int(np.prod(s)) for s in SHAPES.values())


def test_more_results_than_a_task_takes_are_merged_step_by_step(tmp_path, monkeypatch):
    shapes = {"stem.weight": (40, 70, 60), "head.weight": (2000, 35)}
    log = LogWriter(tmp_path / "log", shapes=shapes, images=10).iterations(range(6))
    config = Config(columns_per_chunk=4, cluster={"processes": False})
    process(log.path, tmp_path / "whole", config=config)
    blocks = "deeptracker.pipeline.planning.blocks"
    # A span of the kernels: smaller ones are summed in another order.
    for size in ("SMALLEST_SPLIT", "LARGEST_SPLIT"):
        monkeypatch.setattr(f"{blocks}.{size}", 2**13)
    monkeypatch.setattr(f"{blocks}.SMALLEST_TASK_BYTES", 1)
    monkeypatch.setattr("deeptracker.pipeline.tasks.graph.FAN_IN", 2)
    tasks = tmp_path / "tasks.jsonl"
    process(log.path, tmp_path / "cut", config=config, task_log=tasks)
    lines = [json.loads(line) for line in tasks.read_text().splitlines()]
    first = [line["task"] for line in lines if line["iterations"] == [0, 3]]
    assert first.count("measure") > 10, "else one step would do"
    assert first.count("combine") > (first.count("measure") + 1) // 2
    assert_equal(tmp_path / "cut", tmp_path / "whole")


def test_scores_of_a_parameters_filters_do_not_depend_on_other_parameters(tmp_path, scheduler):
    """The steady parameter stands in one object of the store with a lively one."""
    shapes = {"a.weight": (6, 40), "b.weight": (50, 30)}
    found = []
    for name in ("both", "alone"):
        some = shapes if name == "both" else {"a.weight": shapes["a.weight"]}
        log = LogWriter(tmp_path / name, shapes=some, images=0)
        steady = np.random.default_rng(5).standard_normal(shapes["a.weight"]).astype("f4")
        lively = np.random.default_rng(6)
        for iteration in range(0, 150, 5):
            steady = steady * np.float32(1.001)
            changed = {"a__weight": steady}
            if name == "both":
                changed["b__weight"] = lively.standard_normal(shapes["b.weight"]).astype("f4")
            log.snapshot(iteration, **changed)
        process(log.path, tmp_path / f"{name}.dtstore", scheduler=scheduler)
        root = open_store(tmp_path / f"{name}.dtstore").root()
        found.append(root["filters/anomaly_score"][:6])
    assert np.isfinite(found[0]).any()
    np.testing.assert_array_equal(*found)
