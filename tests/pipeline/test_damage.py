"""Any damage is reported with its remedy, is harmless to the rest, and leaves commits intact."""

from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster
from logs import LogWriter
from stores import assert_equal, contents

from deeptracker.errors import ConfigError, LogError, StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.record.tensor_file import write_tensors

SHAPES = {"a.weight": (6, 5, 4), "a.bias": (6,)}
CONFIG = Config(columns_per_chunk=4)


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", shapes=SHAPES, images=20).iterations(range(0, 60, 10))


@pytest.fixture(scope="module")
def worker():
    """The address of a cluster of one worker, a process of its own."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, silence_logs=50,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


@pytest.fixture
def store(log):
    path = log.path.with_name("store")
    process(log.path, path, config=CONFIG)
    return path


@pytest.mark.parametrize("damage", ["missing folder", "empty log", "no readable snapshot"])
def test_a_log_that_cannot_be_read_is_one_error_and_the_store_stays(log, store, damage, worker):
    before = contents(store)
    snapshots = log.path / "snapshots"
    if damage == "missing folder":
        log.path.rename(log.path.with_name("gone"))
    else:
        for path in snapshots.iterdir():
            path.write_bytes(b"") if damage == "no readable snapshot" else path.unlink()
    with pytest.raises(LogError) as caught:
        process(log.path, store, config=CONFIG, scheduler=worker)
    assert "\n" not in str(caught.value)
    assert str(log.path) in str(caught.value)
    after = contents(store)
    assert all(np.array_equal(before[path], after[path], equal_nan=True) for path in before
               if before[path].dtype.kind in "fiub")  # fmt: skip


def test_damaged_snapshots_are_left_out_and_the_rest_is_as_if_they_were_never_there(
    log, tmp_path, worker
):
    other = LogWriter(tmp_path / "other", shapes=SHAPES, images=20)
    for iteration in range(0, 60, 10):
        if iteration not in (20, 40):
            other.snapshot(iteration)
        other.outcomes(iteration)
        other.scalars(iteration)
    truncated = log.path / "snapshots" / "000000020.safetensors"
    truncated.write_bytes(truncated.read_bytes()[:-7])
    other_network = {"c.weight": np.zeros((6, 5, 5), np.float32)}
    write_tensors(log.path / "snapshots" / "000000040.safetensors", other_network)
    summary = process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    assert summary.snapshots == 4
    assert "000000020.safetensors" in summary.text()
    assert "000000040.safetensors" in summary.text()
    process(other.path, tmp_path / "expected", config=CONFIG)
    assert_equal(tmp_path / "store", tmp_path / "expected")


def test_weights_that_are_nan_are_counted_and_found(log, tmp_path, worker):
    values = log.values(30)["a.weight"]
    values[2, 1, :3] = np.nan
    values[3, 0, 0] = np.inf
    log.snapshot(30, a__weight=values)
    summary = process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    assert summary.findings >= 1
    root = open_store(tmp_path / "store").root()
    rules = list(root["health/rule"][:])
    row = rules.index("not_finite")
    assert root["health/node"][:][row] == "a.weight"
    assert root["health/at_iteration"][row] == 30
    assert root["health/severity"][:][row] == "error"
    leaf = list(root["nodes/name"][:]).index("a.weight")
    assert root["nodes/nonfinite"][leaf, 3] == 4
    assert root["nodes/count"][leaf, 3] == 6 * 5 * 4 - 4
    finite = values[np.isfinite(values)].astype(float)
    np.testing.assert_allclose(root["nodes/mean"][leaf, 3], finite.mean(), rtol=1e-5)


def test_a_scheduler_that_does_not_answer_is_one_error_and_nothing_is_left(log, tmp_path):
    config = CONFIG.model_copy(
        update={"cluster": CONFIG.cluster.model_copy(update={"connect_seconds": 0.3})}
    )
    with pytest.raises(ConfigError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        process(log.path, tmp_path / "store", config=config, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(StoreError, match="there is no such store"):
        open_store(tmp_path / "store")


def test_images_that_are_of_no_known_class_do_not_stop_the_rest(tmp_path, worker):
    log = LogWriter(tmp_path / "log", shapes=SHAPES, images=20)
    log.labels[3] = -1
    write_tensors(log.path / "images.safetensors", {"label": log.labels})
    log.iterations([0, 10])
    process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    root = open_store(tmp_path / "store").root()
    assert root["classes/size"][:].sum() == 19


def test_a_file_of_no_image_is_told_and_does_not_stop_the_rest(tmp_path, worker):
    log = LogWriter(tmp_path / "log", shapes=SHAPES, images=0, classes=1).iterations([0, 10])
    summary = process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    assert any("holds no image" in problem for problem in summary.problems)
    tree = open_store(tmp_path / "store").tree()
    assert "images" not in tree.children
    assert np.isfinite(tree["nodes/norm2"].values).all()


def test_a_log_of_snapshots_only_has_no_validation_groups(tmp_path, worker):
    log = LogWriter(tmp_path / "log", shapes=SHAPES)
    for iteration in (0, 1, 2):
        log.snapshot(iteration)
    process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    tree = open_store(tmp_path / "store").tree()
    assert "images" not in tree.children
    assert "classes" not in tree.children
    assert np.isfinite(tree["nodes/norm2"].values).all()


def test_iterations_with_outcomes_only_have_no_statistics(tmp_path, worker):
    log = LogWriter(tmp_path / "log", shapes=SHAPES, images=20)
    log.iterations([0, 10])
    log.outcomes(5)
    process(log.path, tmp_path / "store", config=CONFIG, scheduler=worker)
    root = open_store(tmp_path / "store").root()
    assert root["has_snapshot"][:].tolist() == [True, False, True]
    assert np.isnan(root["nodes/mean"][:, 1]).all()
    assert np.isnan(root["weights/1/weight"][..., 1]).all()
    assert not np.isnan(root["nodes/update_ratio"][:, 2]).any()


class At(SilentProgress):
    """Does something as a stage begins."""

    def __init__(self, stage, act):
        self.due = stage
        self.act = act

    def stage(self, name):
        if name == self.due:
            self.act()


def written_anew(path):
    """Write what a file holds once more, as a writer does that renames: all of it is there."""
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


# Of the last the weights are read again, for the changes since.
@pytest.mark.parametrize(
    ("kind", "iteration"), [("snapshots", 60), ("outcomes", 70), ("snapshots", 50)]
)
def test_a_file_written_anew_while_it_is_processed_ends_the_run_with_nothing_committed(
    log, store, kind, iteration
):
    before = contents(store)
    log.iterations([60, 70])
    changed = log.path / kind / f"{iteration:09d}.safetensors"
    again = At("measuring", lambda: written_anew(changed))
    with pytest.raises(LogError, match="was rewritten while it was processed") as caught:
        process(log.path, store, config=CONFIG, progress=again)
    assert str(caught.value).startswith(str(changed))
    assert contents(store).keys() == before.keys()
    assert len(contents(store)["iteration"]) == 6
    assert process(log.path, store, config=CONFIG).snapshots == 2


def test_a_file_that_this_run_does_not_read_may_be_written_anew(log, store):
    log.iterations([60, 70])
    earlier = log.path / "snapshots" / "000000040.safetensors"
    again = At("measuring", lambda: written_anew(earlier))
    assert process(log.path, store, config=CONFIG, progress=again).snapshots == 2


@pytest.mark.parametrize("act", [Path.unlink, written_anew])
def test_what_becomes_of_a_file_after_it_was_read_does_no_harm(log, tmp_path, act):
    read = log.path / "snapshots" / "000000020.safetensors"
    late = At("comparing", lambda: act(read))
    assert process(log.path, tmp_path / "store", config=CONFIG, progress=late).snapshots == 6


def test_a_checkpoint_written_anew_meanwhile_is_noticed_as_well(log, tmp_path):
    folder = log.path / "snapshots"
    again = At("measuring", lambda: written_anew(folder / "000000020.safetensors"))
    with pytest.raises(LogError, match="was rewritten"):
        process(folder, tmp_path / "store", config=CONFIG, progress=again)
