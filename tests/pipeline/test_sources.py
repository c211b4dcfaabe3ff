"""Sources: an index of byte ranges from headers alone, and every damage named with its remedy."""

import numpy as np
import pytest
from logs import SHAPES, LogWriter

from deeptracker.errors import ConfigError, LogError
from deeptracker.tensorfile import write_tensors
from pipeline.sources import open_source, read_values, to_float


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", gradients=True).iterations([0, 10, 20, 30])


def test_every_byte_range_of_a_log_holds_the_recorded_values(log):
    source = open_source(log.path)
    assert source.iterations == (0, 10, 20, 30)
    assert {p.name: p.shape for p in source.parameters} == SHAPES
    for iteration in source.iterations:
        for name, values in log.values(iteration).items():
            ref = source.locate(name, iteration)
            read = to_float(read_values(ref, 0, ref.size), ref.dtype)
            np.testing.assert_array_equal(read.reshape(ref.shape), values)


def test_a_range_of_elements_is_read_into_the_given_buffer(log):
    source = open_source(log.path)
    ref = source.locate("head.weight", 10)
    buffer = np.zeros(1000, np.float32)
    read = read_values(ref, 100, 350, buffer)
    assert np.shares_memory(read, buffer)
    np.testing.assert_array_equal(read, log.values(10)["head.weight"].ravel()[100:350])


def test_gradients_are_found_beside_their_parameters(log):
    source = open_source(log.path)
    assert all(parameter.has_gradient for parameter in source.parameters)
    ref = source.locate("stem.weight", 20, gradient=True)
    assert ref.shape == SHAPES["stem.weight"]
    assert ref.offset != source.locate("stem.weight", 20).offset


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    import ml_dtypes

    values = np.array([1.5, -3.0, 2.0**-100, np.inf], ml_dtypes.bfloat16)
    write_tensors(tmp_path / "step-3.safetensors", {"w": values})
    ref = open_source(tmp_path).locate("w", 3)
    np.testing.assert_array_equal(
        to_float(read_values(ref, 0, 4), "BF16"), values.astype(np.float32)
    )


def test_a_truncated_snapshot_is_left_out_and_named(log):
    path = log.path / "snapshots" / "000000020.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    source = open_source(log.path)
    assert not source.has_snapshot(20)
    assert source.has_snapshot(30)
    [problem] = source.problems
    assert problem.path == str(path)
    assert problem.message


def test_a_snapshot_with_other_shapes_says_which_tensor_differs(log):
    log.snapshot(10, stem__weight=np.zeros((6, 3, 5, 5), np.float32))
    source = open_source(log.path)
    assert not source.has_snapshot(10)
    [problem] = source.problems
    assert "'stem.weight' is F32 [6, 3, 5, 5] where most snapshots have F32 [6, 3, 3, 3]" in str(
        problem
    )


def test_the_majority_of_snapshots_decides_even_against_the_first(log):
    log.snapshot(0, stem__bias=np.zeros(7, np.float32))
    source = open_source(log.path)
    assert [i for i in source.iterations if source.has_snapshot(i)] == [10, 20, 30]


def test_outcomes_of_another_number_of_images_are_left_out(log):
    path = log.path / "outcomes" / "000000030.safetensors"
    write_tensors(path, {"predicted": np.zeros(7, np.int32)})
    source = open_source(log.path)
    assert source.outcomes(30) is None
    assert source.outcomes(20) is not None
    assert "60 images" in str(source.problems[0])


def test_integer_tensors_are_no_weights(tmp_path):
    write_tensors(
        tmp_path / "5.safetensors",
        {"w": np.ones(3, np.float32), "batches": np.array([9], np.int64)},
    )
    assert [p.name for p in open_source(tmp_path).parameters] == ["w"]


def test_plain_checkpoints_take_their_iteration_from_the_last_digits(tmp_path):
    for name in ("resnet50-step-100", "resnet50-step-20", "resnet50-step-3-final"):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.ones(3, np.float32)})
    write_tensors(tmp_path / "last.safetensors", {"w": np.ones(3, np.float32)})
    source = open_source(tmp_path)
    assert source.iterations == (3, 20, 100)
    [problem] = source.problems
    assert problem.path.endswith("last.safetensors")
    assert "Rename it" in problem.message


def test_a_pattern_says_where_the_iteration_stands(tmp_path):
    for name in ("epoch_1_step_100", "epoch_2_step_50"):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.ones(3, np.float32)})
    assert open_source(tmp_path, r"epoch_(\d+)").iterations == (1, 2)
    with pytest.raises(ConfigError, match="no group"):
        open_source(tmp_path, r"epoch_\d+")


def test_two_checkpoints_of_one_iteration_are_reported(tmp_path):
    for name in ("a-7", "b-7"):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.ones(3, np.float32)})
    source = open_source(tmp_path)
    assert source.iterations == (7,)
    assert "a-7.safetensors" in str(source.problems[0])


@pytest.mark.parametrize("what", ["missing", "file", "empty", "foreign"])
def test_what_is_no_log_is_refused_by_name(tmp_path, what):
    path = tmp_path / "there"
    if what == "file":
        path.write_text("hello")
    elif what != "missing":
        path.mkdir()
    if what == "foreign":
        (path / "notes.txt").write_text("hello")
    with pytest.raises(LogError, match="there"):
        open_source(path)


def test_a_log_without_any_readable_snapshot_is_an_error(tmp_path):
    log = LogWriter(tmp_path / "log")
    log.iteration(5)
    (log.path / "snapshots" / "000000005.safetensors").write_bytes(b"\x00" * 4)
    with pytest.raises(LogError, match="none of the 1 snapshots"):
        open_source(log.path)


def test_a_file_that_shrinks_after_indexing_is_an_error_not_garbage(log):
    ref = open_source(log.path).locate("head.weight", 30)
    path = log.path / "snapshots" / "000000030.safetensors"
    path.write_bytes(path.read_bytes()[: ref.offset + 8])
    with pytest.raises(LogError, match="ended while it was read"):
        read_values(ref, 0, ref.size)


def test_headers_of_one_form_are_parsed_once(tmp_path, monkeypatch):
    from pipeline.storage import locations

    parsed = []
    monkeypatch.setattr(
        locations,
        "parse_header",
        lambda *given, parse=locations.parse_header: parsed.append(given[0]) or parse(*given),
    )
    log = LogWriter(tmp_path / "log").iterations(range(40))
    source = open_source(log.path)
    assert len(source.iterations) == 40
    # One of the images, one of all snapshots, one of all outcomes.
    assert len(parsed) == 3
