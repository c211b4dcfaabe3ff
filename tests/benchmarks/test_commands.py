"""Every benchmark runs at a tiny size, prints one JSON object, and its own checks hold."""

import pytest

from deeptracker.pipeline.sources import open_source, read_values


def test_straightforward_xarray_gives_the_same_outputs(run):
    found = run(
        "versus_xarray", "--network", "lenet5", "--slice", "conv2", "--snapshots", "4",
        "--sample", "3", "--repeats", "1",
    )  # fmt: skip
    assert found["equal"], found["differences"]
    assert found["ratio"] == pytest.approx(
        found["pipeline_gigabytes_per_second"] / found["xarray_gigabytes_per_second"]
    )
    assert found["bar"] == 500
    assert found["machine"]["cores"] >= 1


@pytest.mark.thorough
def test_histograms_of_every_tensor_are_timed_against_the_pipeline(run):
    found = run(
        "versus_wandb_histogram",
        *("--network", "lenet5", "--snapshots", "3", "--sample", "2", "--repeats", "1"),
    )
    assert found["ratio"] == pytest.approx(
        found["pipeline_gigabytes_per_second"] / found["histogram_gigabytes_per_second"]
    )


@pytest.mark.parametrize(
    "dtype", ["bf16", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("f4", "f2"))]
)
def test_pyramids_keep_their_stated_error(run, dtype):
    found = run("storage", "--network", "lenet5", "--snapshots", "3", "--dtype", dtype)
    assert found["exact_enough"], found["relative_error"]
    assert found["greatest_relative_error"] <= 2**-8
    assert 0 < found["pyramid_share"] < found["store_share"]


def test_outcomes_are_counted_as_a_plain_count_does(run):
    found = run(
        "outcomes",
        *("--images", "600", "--classes", "40", "--snapshots", "70", "--repeats", "1"),
    )
    assert found["equal"]
    assert found["outcomes"] == 600 * 70


def test_scores_of_filters_are_those_of_sliding_windows(run):
    found = run("filter_scores", "--copies", "1", "--repeats", "1")
    assert found["equal"]
    assert found["ratio"] == pytest.approx(found["numpy_seconds"] / found["kernel_seconds"])


def test_chunks_are_packed_as_blosc_would_and_smaller(run):
    found = run("packing", "--network", "lenet5", "--snapshots", "8", "--repeats", "1")
    assert found["equal"]
    assert found["values"] > 0
    assert found["ratio_of_size"] > 1


def test_arrays_written_by_us_and_by_zarr_read_back_the_same(run):
    found = run("array_writing", "--network", "lenet5", "--snapshots", "4", "--repeats", "1")
    assert found["equal"]
    assert found["whole_arrays"] > 0
    for step in ("create", "write", "append", "whole", "read"):
        ratio = found[f"{step}_seconds_by_zarr"] / found[f"{step}_seconds"]
        assert found[f"{step}_ratio"] == pytest.approx(ratio)


def test_a_folder_listed_by_obstore_is_the_same(run):
    found = run("listing", "--files", "20", "--checkpoints", "5", "--repeats", "1")
    assert found["equal"]
    assert (found["files"], found["checkpoints"]) == (20, 5)
    ratio = found["headers_seconds_by_obstore"] / found["headers_seconds"]
    assert found["headers_ratio"] == pytest.approx(ratio)


def test_a_schema_reaches_tasks_in_every_way(run):
    found = run("task_costs", "--parameters", "16", "--empty-tasks", "2", "--repeats", "1")
    assert found["equal"]
    for way in ("plain", "scattered", "held"):
        ratio = found[f"{way}_seconds"] / found["packed_seconds"]
        assert found[f"{way}_ratio"] == pytest.approx(ratio)
    assert found["report_ratio"] == pytest.approx(found["jobs_seconds"] / found["dask_seconds"])


@pytest.mark.slow
def test_a_whole_network_is_processed_within_the_budget_of_a_worker(run):
    found = run("footprint", "--network", "lenet5", "--snapshots", "3", "--workers", "1")
    assert found["within_the_budget"]
    assert 0 < found["peak_worker_megabytes"] < found["bar_worker_megabytes"]
    assert found["peak_command_megabytes"] > 50
    assert found["gigabytes"] == pytest.approx(3 * 4 * found["weights_per_snapshot"] / 1e9)
    kinds = ("measure", "nodes", "outcomes", "share", "score", "anomalies")
    assert found["tasks"] == sum(found[f"tasks_{kind}"] for kind in kinds)
    assert found["mean_object_kilobytes"] == pytest.approx(
        1000 * found["stored_megabytes"] / found["objects"]
    )


@pytest.mark.slow
@pytest.mark.thorough
def test_every_dtype_is_timed_against_float32(run):
    found = run("dtypes", "--network", "lenet5", "--snapshots", "2", "--repeats", "1")
    for dtype, times in {"f4": 1, "bf16": 0.5, "f2": 0.5, "f8": 2}.items():
        assert found[f"{dtype}_gigabytes"] == pytest.approx(times * found["f4_gigabytes"], rel=0.01)
        for kind, ratio in (("processor", "ratio"), ("measuring", "ratio_measuring")):
            assert found[f"{dtype}_{ratio}"] == pytest.approx(
                found[f"f4_{kind}_seconds"] / found[f"{dtype}_{kind}_seconds"]
            )


@pytest.mark.slow
@pytest.mark.thorough
def test_an_append_is_timed_as_a_command_and_on_a_cluster(run):
    found = run("append", "--network", "lenet5", "--snapshots", "3", "--repeats", "1")
    allowed = 2 / 4 * found["cluster_full_seconds"] + 0.3
    assert found["cluster_allowed_seconds"] == pytest.approx(allowed)
    assert found["command_allowed_seconds"] == pytest.approx(allowed + found["start_seconds"])
    for way in ("command", "cluster"):
        assert found[f"{way}_ratio_to_allowed"] == pytest.approx(
            found[f"{way}_append_seconds"] / found[f"{way}_allowed_seconds"]
        )
    assert found["small_enough"] == (
        found["append_stored_megabytes"] <= 0.25 * found["snapshot_megabytes"]
    )


@pytest.mark.slow
def test_the_first_run_compiles_and_the_next_does_not(run):
    found = run("first_run", "--repeats", "1")
    assert found["kernels_compiled"] > 5
    assert found["kernels_compiled_later"] == 0
    assert 0.5 < found["kept_megabytes"] < 5


def test_a_synthesized_log_has_what_was_asked_for_and_names_its_incidents(run, tmp_path):
    log = tmp_path / "log"
    found = run(
        "synthesize", str(log), "--network", "lenet5", "--snapshots", "10", "--outcomes", "20",
        "--images", "90", "--classes", "9", "--gradients", "--dtype", "bf16",
    )  # fmt: skip
    source = open_source(log)
    assert not source.problems
    assert found["bytes"] == sum(f.stat().st_size for f in (log / "snapshots").iterdir())
    assert len(source.iterations) == 20
    assert [source.has_snapshot(i) for i in source.iterations] == [True] * 10 + [False] * 10
    assert {(p.dtype, p.gradient_dtype) for p in source.parameters} == {("BF16", "BF16")}
    images = source.images()
    assert (len(images.labels), len(set(images.labels))) == (90, 9)
    incidents = source.description().hyperparameters["incidents"]
    iteration, name, row = incidents["dead_filter"]
    later = [i for i in source.iterations if i >= iteration]
    assert len(later) == 12
    for other in source.iterations[:10]:
        ref = source.locate(name, other)
        values = read_values(ref).reshape(ref.shape)
        assert (values[row] == 0).all() == (other in later)
    iteration, klass = incidents["forgotten_class"]
    predicted = read_values(source.outcomes(iteration).predicted)
    assert (predicted[images.labels == klass] != klass).all()


def test_outcomes_alone_and_snapshots_alone(run, tmp_path):
    run("synthesize", str(tmp_path / "outcomes"), "--snapshots", "0", "--outcomes", "4")
    assert not any((tmp_path / "outcomes" / "snapshots").iterdir())
    assert len(list((tmp_path / "outcomes" / "outcomes").iterdir())) == 4
    run("synthesize", str(tmp_path / "log"), "--network", "lenet5", "--outcomes", "0")
    assert not any((tmp_path / "log" / "outcomes").iterdir())
    assert len(open_source(tmp_path / "log").iterations) == 8


def test_requests_to_a_bucket_are_counted_for_a_run_and_an_append(run):
    found = run("bucket_requests", "--network", "lenet5", "--snapshots", "3", "--delay", "0")
    for what in ("run", "append"):
        counts = found[what]
        by_method = sum(
            counts.get(method, 0) for method in ("DELETE", "GET", "HEAD", "POST", "PUT")
        )
        assert counts["requests"] == by_method > counts["PUT"] > 0


@pytest.mark.slow
@pytest.mark.thorough
def test_the_client_is_timed_before_between_and_after_the_tasks(run):
    found = run(
        "client_time", "--network", "lenet5", "--snapshots", "2", "--parameters", "16",
        "--weights", "65536", "--repeats", "1",
    )  # fmt: skip
    for name in ("network", "parameters"):
        parts = [found[f"{name}_{part}_seconds"] for part in ("before", "between", "after")]
        assert min(parts) >= 0
        assert max(parts) > 0
        assert found[f"{name}_client_seconds"] == pytest.approx(parts[0] + parts[2])
        assert found[f"{name}_quick_enough"] == (
            found[f"{name}_client_seconds"] <= found[f"{name}_bar_seconds"]
        )
