"""A network that changes while it trains: step by step is as at once, and both are as NumPy."""

import math

import numpy as np
import pytest
import reference
from changing_logs import (
    BASE,
    CHANGES,
    EVERY,
    ChangingCheckpoints,
    ChangingLog,
    adapter_taken_away_and_back,
    all_at_once,
    head_replaced,
)
from stores import assert_equal, contents

from deeptracker.errors import StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.following import follow
from deeptracker.pipeline.processing import plan
from deeptracker.pipeline.summary import describe_store

STEPS = range(9)
CONFIG = Config(columns_per_chunk=4, anomalies={"filter_window": 5})


@pytest.fixture
def run(scheduler):
    def run(log, store, config=CONFIG):
        return process(log.path, store, config=config, scheduler=scheduler)

    return run


def shape_text(shape):
    return "x".join(map(str, shape))


def expected_lives(log):
    """Every (name, shape) with its iterations, in the order of first appearance."""
    found = {}
    for step in STEPS:
        for name, shape in log.shapes_at(step).items():
            found.setdefault((name, shape), []).append(step * EVERY)
    return found


def check_against_numpy(log, store):
    stored = contents(store)
    lives = expected_lives(log)
    tensors, shapes = stored["parameters/tensor"], stored["parameters/shape"]
    entries = list(zip(tensors, shapes, strict=True))
    keys = {(name, shape_text(shape)): (name, shape) for name, shape in lives}
    assert sorted(entries) == sorted(keys)
    for place, entry in enumerate(entries):
        key = keys[entry]
        iterations = lives[key]
        assert stored["parameters/first_iteration"][place] == iterations[0]
        assert stored["parameters/last_iteration"][place] == iterations[-1]
        check_parameter(log, stored, place, key, iterations)
    check_modules(log, stored)


def check_parameter(log, stored, place, key, iterations):
    """Its statistics, filters and finest rows where it is; missing values where it is not."""
    node = stored["parameters/node"][place]
    first_row, rows = stored["parameters/first_row"][0, place], stored["parameters/rows"][0, place]
    first, count = (stored[f"parameters/{name}"][place] for name in ("first_filter", "filters"))
    finest = stored["weights/1/weight"][:, first_row : first_row + rows]
    filters = stored["filters/measures"][:, first : first + count] if count else None
    for step in STEPS:
        iteration = step * EVERY
        if iteration not in iterations:
            where = key, iteration
            assert np.isnan(stored["nodes/mean"][node, step]), where
            assert np.isnan(stored["nodes/update_ratio"][node, step]), where
            assert not stored["nodes/histogram"][node, step].any(), where
            assert np.isnan(finest[:, :, step]).all(), where
            assert filters is None or np.isnan(filters[:, :, step]).all(), where
            continue
        values = log.values(iteration)[key[0]].astype(np.float64)
        before = log.values(iteration - EVERY)[key[0]] if iteration - EVERY in iterations else None
        before = None if before is None else before.astype(np.float64)
        flat = values.ravel(), None if before is None else before.ravel()
        check_statistics(stored, (node, step), reference.node_statistics(*flat, CONFIG.thresholds))
        exact = reference.pyramid_level(values.ravel(), 16)
        for found, name in zip(finest, ("mean", "min", "max"), strict=True):
            np.testing.assert_allclose(found[:, step], exact[name], rtol=2**-7, atol=1e-6)
        if count:
            flat = values.reshape(count, -1), None if before is None else before.reshape(count, -1)
            measured = reference.filter_measures(*flat)
            for found, name in zip(filters, stored["filters/measure"], strict=True):
                if name in measured:
                    np.testing.assert_allclose(found[:, step], measured[name], rtol=2e-3, atol=1e-6)
                else:
                    assert np.isnan(found[:, step]).all(), (key, iteration, name)


def check_statistics(stored, at, expected):
    for name in ("count", "mean", "std", "norm2", "min", "max"):
        found = stored[f"nodes/{name}"][at]
        np.testing.assert_allclose(found, expected[name], rtol=1e-4, atol=1e-6, err_msg=name)
    update = stored["nodes/update_ratio"][at]
    ratios = stored["nodes/change_ratio"][at[0], :, at[1]]
    if "update_ratio" in expected:
        np.testing.assert_allclose(update, expected["update_ratio"], rtol=1e-4)
        np.testing.assert_allclose(ratios, expected["change_ratio"], atol=1e-9)
    else:
        assert np.isnan(update)
        assert np.isnan(ratios).all()


def check_modules(log, stored):
    """A module's statistics are of what exists, its changes of what exists twice in a row."""
    names, kinds = stored["nodes/name"], stored["nodes/kind"]
    for place in np.flatnonzero(kinds != "parameter"):
        last = {}
        for step in STEPS:
            found = of_module(log, names[place], step)
            last = found or last
            update = stored["nodes/update_ratio"][place, step]
            if not found:
                assert np.isnan(stored["nodes/mean"][place, step])
                continue
            values = np.concatenate([found[key].ravel() for key in found])
            assert stored["nodes/count"][place, step] == values.size, (names[place], step)
            norm = stored["nodes/norm2"][place, step]
            np.testing.assert_allclose(norm, np.linalg.norm(values), rtol=1e-4)
            past = of_module(log, names[place], step - 1) if step else {}
            both = [key for key in found if key in past]
            if not both:
                assert np.isnan(update), (names[place], step)
                continue
            before = np.concatenate([past[key].ravel() for key in both])
            change = np.concatenate([found[key].ravel() for key in both]) - before
            ratio = np.linalg.norm(change) / np.linalg.norm(before)
            np.testing.assert_allclose(update, ratio, rtol=1e-4)
        size = sum(values.size for values in last.values())
        assert stored["nodes/size"][place] == size, names[place]


def of_module(log, name, step):
    return {
        (key, values.shape): values.astype(np.float64)
        for key, values in log.values(step * EVERY).items()
        if not name or key.startswith(name + ".")
    }


def grow(run, log, store):
    """Process a log snapshot by snapshot."""
    for step in STEPS:
        log.iteration(step * EVERY)
        summary = run(log, store)
        assert summary.action == ("appended" if step else "created")
        assert not summary.problems
        assert summary.snapshots == 1


def check_both_ways(run, log):
    grown, whole = log.path.with_name("grown"), log.path.with_name("whole")
    grow(run, log, grown)
    assert run(log, whole).snapshots == len(STEPS)
    assert_equal(grown, whole)
    check_against_numpy(log, grown)


def test_step_by_step_is_as_at_once_and_as_numpy_whatever_changes(run, tmp_path):
    check_both_ways(run, ChangingLog(tmp_path / "log", all_at_once))


@pytest.mark.thorough
@pytest.mark.parametrize("shapes_at", CHANGES, ids=lambda change: change.__name__)
def test_step_by_step_is_as_at_once_and_as_numpy(run, tmp_path, shapes_at):
    check_both_ways(run, ChangingLog(tmp_path / "log", shapes_at))


@pytest.mark.parametrize(
    "shapes_at",
    [
        head_replaced,
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in CHANGES
            if each is not head_replaced
        ),
    ],
    ids=lambda change: change.__name__,
)
def test_a_folder_of_checkpoints_may_change_too(run, tmp_path, shapes_at):
    check_both_ways(run, ChangingCheckpoints(tmp_path / "log", shapes_at))


def test_gradients_come_and_go_with_their_parameters(run, tmp_path):
    check_both_ways(run, ChangingLog(tmp_path / "log", adapter_taken_away_and_back, gradients=True))
    stored = contents(tmp_path / "grown")
    names = list(stored["nodes/name"])
    known = np.isfinite(stored["nodes/grad_mean"][names.index("block.0.conv.lora.up.weight")])
    assert np.flatnonzero(known).tolist() == [2, 3, 5, 8]


def test_gradients_may_be_recorded_from_some_snapshot_on(run, tmp_path):
    log = ChangingLog(tmp_path / "log", head_replaced)
    for step in STEPS:
        log.gradients = step >= 4
        log.iteration(step * EVERY)
        assert run(log, tmp_path / "grown").action == ("appended" if step else "created")
    run(log, tmp_path / "whole")
    assert_equal(tmp_path / "grown", tmp_path / "whole")
    known = np.isfinite(contents(tmp_path / "grown")["nodes/grad_norm2"][0])
    assert np.flatnonzero(known).tolist() == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "dtypes",
    [
        "f4 bf16 f2 f8",
        *(
            pytest.param(pair, marks=pytest.mark.thorough)
            for pair in ("f4 bf16", "f2 f4", "f4 f8", "bf16 f2")
        ),
    ],
)
def test_another_dtype_is_no_change_of_the_network(run, tmp_path, dtypes):
    each = dtypes.split()
    log = ChangingLog(
        tmp_path / "log",
        lambda _: BASE,
        dtype_at=lambda step: each[min(max(step - 1, 0) // 2, len(each) - 1)],
    )
    check_both_ways(run, log)
    assert len(contents(tmp_path / "grown")["parameters/name"]) == len(BASE)


def test_many_blocks_of_a_changing_network_make_the_same_store(tmp_path, monkeypatch):
    """Segments, tasks and runs are cut small, so that parts that ended lie between others."""

    def shapes_at(step):
        ended = {f"b{n}.weight": (70, 100 + n) for n in range(6)} if 1 <= step < 3 else {}
        matrices = {f"d.{n}.weight": (40, 30 + n) for n in range(5)}
        later = {"c.weight": (90, 500)} | matrices if step >= 4 else {}
        added = {f"d.{n}.scale": (30 + n,) for n in range(5)} if step >= 5 else {}
        return {"a.weight": (120, 150)} | ended | later | added

    log = ChangingLog(tmp_path / "log", shapes_at)
    for step in STEPS:
        log.iteration(step * EVERY)
    config = Config(columns_per_chunk=4, cluster={"processes": False})
    process(log.path, tmp_path / "whole", config=config)
    blocks = "deeptracker.pipeline.planning.blocks"
    for size in ("SMALLEST_SPLIT", "LARGEST_SPLIT"):
        monkeypatch.setattr(f"{blocks}.{size}", 2**13)
    monkeypatch.setattr(f"{blocks}.SMALLEST_TASK_BYTES", 1)
    monkeypatch.setattr("deeptracker.pipeline.tasks.graph.FAN_IN", 2)
    monkeypatch.setattr("deeptracker.pipeline.tasks.block_nodes.MOST_LACKING", 2)
    process(log.path, tmp_path / "cut", config=config)
    assert_equal(tmp_path / "cut", tmp_path / "whole")


def test_what_is_stored_stays_though_its_snapshots_are_gone(run, tmp_path):
    log = ChangingLog(tmp_path / "log", head_replaced)
    for step in STEPS:
        log.iteration(step * EVERY)
        if step == 5:
            run(log, tmp_path / "grown")
    run(log, tmp_path / "whole")
    for step in range(5):
        (log.path / "snapshots" / f"{step * EVERY:09d}.safetensors").unlink()
    assert run(log, tmp_path / "grown").action == "appended"
    assert_equal(tmp_path / "grown", tmp_path / "whole")


def test_another_network_does_not_go_on_with_a_store(run, tmp_path):
    log = ChangingCheckpoints(tmp_path / "log", lambda _: BASE)
    log.iteration(0)
    run(log, tmp_path / "store")
    before = open_store(tmp_path / "store").snapshot_id
    (log.path / "step-0.safetensors").unlink()
    log.shapes_at = lambda _: {"other.weight": (3, 4)}
    log.iteration(10)
    with pytest.raises(StoreError, match="after iteration 0 have no parameter in common"):
        run(log, tmp_path / "store")
    assert open_store(tmp_path / "store").snapshot_id == before


def test_a_truncated_snapshot_of_a_changed_network_is_left_out(run, tmp_path):
    log = ChangingLog(tmp_path / "log", head_replaced)
    for step in range(4):
        log.iteration(step * EVERY)
    path = log.path / "snapshots" / "000000030.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    summary = run(log, tmp_path / "store")
    assert [str(path) in problem for problem in summary.problems] == [True]
    assert list(contents(tmp_path / "store")["parameters/tensor"]) == list(BASE)


def test_process_plan_and_info_say_how_the_network_changed(run, tmp_path):
    log = ChangingLog(tmp_path / "log", head_replaced)
    for step in range(3):
        log.iteration(step * EVERY)
    assert run(log, tmp_path / "store").changes == ""
    for step in range(3, 5):
        log.iteration(step * EVERY)
    said = "2 parameters change their shapes at 30 (head.weight 10x64 -> 20x64, …)"
    assert said in plan(log.path, tmp_path / "store", config=CONFIG).text()
    assert f"the network changed: {said}" in run(log, tmp_path / "store").text()
    assert "changed" not in run(log, tmp_path / "store").text()
    description = describe_store(tmp_path / "store")
    assert f"changes     {said}" in description.text()
    sizes = [math.prod(shape) for shape in head_replaced(3).values()]
    assert (description.parameters, description.weights) == (len(sizes), sum(sizes))


@pytest.mark.thorough
def test_following_goes_on_through_a_change(tmp_path):
    log = ChangingLog(tmp_path / "log", adapter_taken_away_and_back)
    log.iteration(0)
    config = Config(columns_per_chunk=4, cluster={"processes": False}, follow={"poll_seconds": 0.1})
    seen = []

    def committed(summary):
        seen.append(summary)
        if len(seen) == len(STEPS):
            raise KeyboardInterrupt
        log.iteration(len(seen) * EVERY)

    follow(log.path, tmp_path / "followed", config=config, committed=committed)
    assert [summary.action for summary in seen] == ["created"] + ["appended"] * (len(STEPS) - 1)
    process(log.path, tmp_path / "whole", config=config)
    assert_equal(tmp_path / "followed", tmp_path / "whole")
