"""A rerun adds what is new, and ends where processing everything at once would have ended."""

import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lengths import examples
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.measures.settings import AnomalyConfig
from deeptracker.pipeline.planning import changes
from deeptracker.pipeline.store.run_store import open_writer
from deeptracker.pipeline.summary import describe_store

SHAPES = {"a.weight": (9, 30, 20), "a.bias": (9,), "b.weight": (4, 9)}
CONFIG = Config(columns_per_chunk=4, anomalies={"filter_window": 5})


@pytest.fixture
def run(scheduler):
    def run(log, store, config=CONFIG):
        return process(log.path, store, config=config, scheduler=scheduler)

    return run


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", shapes=SHAPES, images=30)


@given(st.data())
@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_appending_in_any_steps_equals_processing_at_once(run, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("append")
    log = LogWriter(folder / "log", shapes=SHAPES, images=30, gradients=True)
    gaps = data.draw(st.lists(st.integers(1, 30), min_size=3, max_size=22))
    iterations = np.cumsum(gaps).tolist()
    kinds = data.draw(
        st.lists(
            st.sampled_from(["both", "both", "snapshot", "outcomes"]),
            min_size=len(iterations),
            max_size=len(iterations),
        )
    )
    kinds[0] = "both"
    cuts = data.draw(st.sets(st.integers(1, len(iterations) - 1), max_size=3))
    for index, (iteration, kind) in enumerate(zip(iterations, kinds, strict=True)):
        if index in cuts:
            run(log, folder / "grown")
        if kind != "outcomes":
            log.snapshot(iteration)
        if kind != "snapshot":
            log.outcomes(iteration)
        log.scalars(iteration)
    last = run(log, folder / "grown")
    assert last.action == ("appended" if cuts else "created")
    run(log, folder / "whole")
    assert_equal(folder / "grown", folder / "whole")


def test_shards_of_a_long_parameter_grow_as_if_written_at_once(run, tmp_path):
    log = LogWriter(tmp_path / "log", shapes={"w": (40, 70, 60), "b": (3,)}, images=10)
    config = CONFIG.model_copy(update={"columns_per_chunk": 16})
    for iterations in (range(5), [5], range(6, 17), range(17, 19)):
        log.iterations(iterations)
        run(log, tmp_path / "grown", config)
    run(log, tmp_path / "whole", config)
    array = open_store(tmp_path / "grown").root()["weights/1/weight"]
    assert array.shape[1:] == (10501, 19)
    assert (array.chunks, array.shards) == ((1, 4096, 8), (3, 3 * 4096, 16))
    assert_equal(tmp_path / "grown", tmp_path / "whole")


def test_filters_scored_some_columns_at_a_time_have_the_same_scores(run, log, monkeypatch):
    random = np.random.default_rng(2)
    for iteration in range(40):
        log.iteration(iteration)
        if iteration in (19, 20, 27):
            log.snapshot(iteration, a__weight=random.random((9, 30, 20), np.float32))
    config = CONFIG.model_copy(update={"anomalies": AnomalyConfig(filter_window=10)})
    run(log, log.path.with_name("whole"), config)
    monkeypatch.setattr("deeptracker.pipeline.tasks.score_filters.TASK_COLUMNS", 8)
    run(log, log.path.with_name("store"), config)
    assert_equal(log.path.with_name("store"), log.path.with_name("whole"))
    assert open_store(log.path.with_name("store")).root()["cube/anomalous_filters"][...].any()


def test_nothing_new_makes_no_commit(run, log):
    log.iterations([0, 5, 10])
    first = run(log, log.path.with_name("store"))
    again = run(log, log.path.with_name("store"))
    assert again.action == "unchanged"
    assert "nothing new" in again.text()
    assert again.commit == first.commit


@pytest.mark.parametrize("written", [True, False], ids=["settings", "stored-arrays"])
@pytest.mark.parametrize(
    ("registry", "reason"),
    [
        ("NODE_STATISTICS", "the statistics of nodes have changed"),
        ("FILTER_MEASURES", "the measures of filters have changed"),
    ],
)
def test_a_store_of_other_measures_is_made_anew(run, log, monkeypatch, written, registry, reason):
    log.iterations([0, 5, 10])
    store = log.path.with_name("store")
    run(log, store)
    if not written:  # as in a store of before they were settings
        with open_writer(str(store)) as writer:
            root = writer.root()
            settings = json.loads(root.attrs["settings"])
            dropped = {"the statistics of nodes", "the measures of filters"}
            kept = {key: value for key, value in settings.items() if key not in dropped}
            assert len(kept) == len(settings) - 2
            root.attrs["settings"] = json.dumps(kept)
            writer.publish("Settings of before")
    assert run(log, store).action == "unchanged"
    one_more = {**getattr(changes, registry), "one_more": None}
    monkeypatch.setattr(changes, registry, one_more)
    again = run(log, store)
    assert (again.action, again.reason) == ("rebuilt", reason)


def test_an_append_reads_the_new_snapshots_and_the_one_before(run, log):
    log.iterations(range(0, 50, 5))
    store = log.path.with_name("store")
    whole = run(log, store)
    log.iteration(50)
    added = run(log, store)
    assert (added.action, added.snapshots) == ("appended", 1)
    snapshot = sum(int(np.prod(shape)) for shape in SHAPES.values()) * 4
    # Filters that are not shared between parts are read once; whole.nbytes counts block borders.
    assert added.nbytes == 2 * snapshot
    assert whole.nbytes == (10 + 2) * snapshot


def test_new_scalars_alone_are_taken_without_reading_any_weight(run, log):
    log.iterations([0, 5])
    store = log.path.with_name("store")
    run(log, store)
    log.scalars(7)
    added = run(log, store)
    assert (added.action, added.snapshots, added.nbytes) == ("appended", 0, 0)
    assert open_store(store).root()["scalars/iteration_s"][:].tolist() == [0, 5, 7]


def test_a_scalar_that_left_the_log_leaves_the_store(run, log):
    log.iterations([0, 5])
    store = log.path.with_name("store")
    run(log, store)
    path = log.path / "scalars.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{"iteration": line["iteration"], "train_loss": 1.0} for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in kept))
    log.iteration(10)
    path.write_text(path.read_text().replace(', "learning_rate": 0.1', ""))
    assert run(log, store).action == "appended"
    scalars = open_store(store).tree()["scalars"]
    assert sorted(scalars.data_vars) == ["train_loss"]
    assert scalars["train_loss"].shape == (3,)


def test_scalars_of_any_name_have_an_array_each(run, log):
    log.iteration(0)
    names = ["", "/", "..", "a/b", "a.b", "a\\b", "iteration_s", "__x", "größe"]
    line = {"iteration": 5, **{name: float(number) for number, name in enumerate(names)}}
    with (log.path / "scalars.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    store = log.path.with_name("store")
    run(log, store)
    scalars = open_store(store).tree()["scalars"]
    assert scalars["iteration_s"].values.tolist() == [0, 5]
    found = {array.attrs["long_name"]: array.values[1] for array in scalars.data_vars.values()}
    expected = {name.replace("_", " "): float(number) for number, name in enumerate(names)}
    assert found.items() >= expected.items()


@pytest.mark.parametrize("late", ["an earlier iteration", "late outcomes"])
def test_what_comes_late_rebuilds_everything_in_one_commit_and_says_why(run, log, late):
    log.iterations([0, 10, 20])
    log.snapshot(15 if late == "late outcomes" else 30)
    store = log.path.with_name("store")
    run(log, store)
    reader = open_store(store)
    if late == "late outcomes":
        log.outcomes(15)
        reason = "the outcomes of iteration 15 came late"
    else:
        log.iteration(25)
        reason = "iteration 25 came after 30 was processed"
    again = run(log, store)
    assert (again.action, again.reason) == ("rebuilt", reason)
    assert reason in again.text()
    assert len(reader.history()) == 2
    run(log, store.with_name("fresh"))
    assert_equal(store, store.with_name("fresh"))


def test_another_setting_rebuilds_and_names_it(run, log):
    log.iterations([0, 10, 20])
    store = log.path.with_name("store")
    run(log, store)
    again = run(log, store, CONFIG.model_copy(update={"thresholds": (0.5,)}))
    assert again.action == "rebuilt"
    assert again.reason == "the setting 'thresholds' has changed"
    assert open_store(store).root()["nodes/threshold"][:].tolist() == [0.5]


def test_another_network_rebuilds_and_is_spoken_of_in_the_plural(run, log):
    log.iterations([0, 10])
    store = log.path.with_name("store")
    run(log, store)
    for iteration in (0, 10):
        log.snapshot(iteration, more=np.ones(3, np.float32))
    assert run(log, store).reason == "the network's parameters have changed"


def test_a_store_of_an_older_schema_is_named_and_rebuilt_with_the_reason(run, log):
    log.iterations([0, 10, 20])
    store = log.path.with_name("store")
    run(log, store)
    with open_writer(str(store)) as writer:
        writer.root().attrs["deeptracker_schema"] = 1
        writer.publish("as an older DeepTracker would have")
    with pytest.raises(StoreError, match=f"schema 1, .* process {log.path} --store {store}"):
        open_store(store)
    assert describe_store(store).snapshots == 3
    log.iteration(30)
    again = run(log, store)
    assert (again.action, again.snapshots) == ("rebuilt", 4)
    assert again.reason == "the store has schema 1, this DeepTracker writes 4"
    assert open_store(store).root().attrs["deeptracker_schema"] == 4


def test_a_rewritten_and_a_removed_snapshot_are_warned_of_and_their_columns_kept(run, log):
    log.iterations([0, 10, 20, 30])
    store = log.path.with_name("store")
    run(log, store)
    before = open_store(store).root()["nodes/norm2"][...]
    path = log.path / "snapshots" / "000000010.safetensors"
    log.snapshot(10, a__bias=np.ones(9, np.float32))
    os.utime(path, ns=(1, 1))
    (log.path / "snapshots" / "000000000.safetensors").unlink()
    (log.path / "outcomes" / "000000000.safetensors").unlink()
    log.iteration(40)
    added = run(log, store)
    assert added.action == "appended"
    text = added.text()
    assert "snapshots of iteration 10 were rewritten" in text
    assert "snapshots of iteration 0 were removed" in text
    root = open_store(store).root()
    assert root["iteration"][:].tolist() == [0, 10, 20, 30, 40]
    np.testing.assert_array_equal(root["nodes/norm2"][:, :4], before)
    # The class counts still know the outcomes whose file is gone.
    assert root["classes/left"].shape[-1] == 5
    assert not np.isnan(root["classes/error"][:, 0]).any()


def test_another_run_does_not_go_on_with_a_store(run, log, tmp_path):
    def begun(at):
        path = log.path / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"created": at}))

    begun("2026-01-01T10:00:00+00:00")
    log.iterations([0, 10])
    store = log.path.with_name("store")
    run(log, store)
    before = open_store(store).snapshot_id
    begun("2026-01-02T10:00:00+00:00")
    log.iteration(20)
    with pytest.raises(StoreError, match=r"begun at 2026-01-02.* 'small' of .* at 2026-01-01"):
        run(log, store)
    assert open_store(store).snapshot_id == before
    begun("2026-01-01T10:00:00+00:00")
    assert run(log, store).action == "appended"


def test_another_pattern_of_checkpoints_does_not_go_on_with_a_store(scheduler, tmp_path):
    folder = tmp_path / "checkpoints"
    log = LogWriter(tmp_path / "log", shapes=SHAPES)
    folder.mkdir()
    for epoch in (1, 2):
        log.snapshot(epoch)
        path = log.path / "snapshots" / f"{epoch:09d}.safetensors"
        path.rename(folder / f"epoch{epoch}_step_{100 * epoch}.safetensors")
    config = Config(source={"pattern": r"epoch(\d+)"})
    process(folder, tmp_path / "store", scheduler=scheduler, config=config)
    with pytest.raises(StoreError, match=r"'source.pattern' has changed.* another store"):
        process(folder, tmp_path / "store", scheduler=scheduler)


@pytest.mark.parametrize(
    ("lost", "what"),
    [
        ("snapshots/000000000.safetensors", "the snapshots of iteration 0 were removed"),
        ("outcomes", "the outcomes of iterations 0, 10, 20 were removed"),
    ],
)
def test_what_only_the_store_has_is_not_processed_away(run, log, lost, what):
    log.iterations([0, 10, 20])
    store = log.path.with_name("store")
    run(log, store)
    before = open_store(store).snapshot_id
    path = log.path / lost
    path.rename(log.path.with_name("kept"))
    other = CONFIG.model_copy(update={"thresholds": (0.5,)})
    with pytest.raises(StoreError, match=f"'thresholds'.* {what} since .* another store"):
        run(log, store, other)
    assert open_store(store).snapshot_id == before
    log.path.with_name("kept").rename(path)
    assert run(log, store, other).action == "rebuilt"


def test_a_copied_log_with_its_times_kept_is_the_same_log(run, log):
    log.iterations([0, 10])
    store = log.path.with_name("store")
    run(log, store)
    moved = log.path.with_name("moved")
    shutil.copytree(log.path, moved)
    assert process(moved, store, config=CONFIG).action == "unchanged"
