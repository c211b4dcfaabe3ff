"""Sources: an index of byte ranges from headers alone, and every damage named with its remedy."""

import numpy as np
import pytest
from logs import SHAPES, LogWriter
from pydantic import ValidationError
from safetensors.numpy import save_file

from deeptracker.errors import LogError
from deeptracker.pipeline.planning.changes import recording_of
from deeptracker.pipeline.sources import open_source, read_values, to_float
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.record.tensor_file import write_tensors


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


def test_a_parameter_of_another_shape_is_found_by_its_shape(log):
    log.gradients = False
    log.snapshot(10, stem__weight=np.zeros((6, 3, 5, 5), np.float32))
    source = open_source(log.path)
    assert source.problems == ()
    shapes = [p.shape for p in source.parameters if p.name == "stem.weight"]
    assert shapes == [(6, 3, 3, 3), (6, 3, 5, 5)]
    assert source.locate("stem.weight", 10).shape == (6, 3, 5, 5)
    assert source.locate("stem.weight", 10, shape=(6, 3, 3, 3)) is None
    assert source.locate("stem.weight", 20, shape=(6, 3, 3, 3)) is not None


def test_snapshots_of_one_network_share_its_parameters(log):
    log.snapshot(20, more=np.ones(3, np.float32))
    source = open_source(log.path)
    assert source.parameters_at(0) is source.parameters_at(30)
    assert {p.name for p in source.parameters_at(20)} == {*SHAPES, "more"}
    assert source.parameters_at(15) == ()


def write_snapshot(log, iteration, tensors):
    write_tensors(log.path / "snapshots" / f"{iteration:09d}.safetensors", tensors)


@pytest.mark.parametrize("foreign", [10, 0], ids=["between", "first"])
def test_a_snapshot_of_another_network_is_left_out_and_named(log, foreign):
    write_snapshot(log, foreign, {"other.weight": np.ones((7, 2), np.float32)})
    source = open_source(log.path)
    kept = [i for i in source.iterations if source.has_snapshot(i)]
    assert kept == [i for i in (0, 10, 20, 30) if i != foreign]
    [problem] = source.problems
    assert problem.path.endswith(f"{foreign:09d}.safetensors")
    assert "no parameter in common with most snapshots ('other.weight' [7, 2]" in problem.message


def test_a_snapshot_without_weights_is_left_out_and_named(log):
    write_snapshot(log, 30, {"steps": np.ones(1, np.int64)})
    source = open_source(log.path)
    assert [i for i in source.iterations if source.has_snapshot(i)] == [0, 10, 20]
    [problem] = source.problems
    assert "holds no tensor of floats; left out. Record float32" in problem.message


@pytest.mark.parametrize("wrapper", ["module", "_orig_mod.module"])
def test_the_name_of_a_wrapper_makes_no_other_network(log, wrapper):
    values = {f"{wrapper}.{name}": value for name, value in log.values(30).items()}
    write_snapshot(log, 30, values)
    source = open_source(log.path)
    assert source.problems == ()
    assert source.has_snapshot(30)


def test_a_network_that_changes_bit_by_bit_stays_one(tmp_path):
    for step, names in enumerate(["ab", "bc", "cd", "de"]):
        tensors = {name: np.ones((2, ord(name)), np.float32) for name in names}
        write_tensors(tmp_path / f"step-{step}.safetensors", tensors)
    source = open_source(tmp_path)
    assert source.iterations == (0, 1, 2, 3)
    assert [p.name for p in source.parameters] == list("abcde")


def test_outcomes_of_another_number_of_images_are_left_out(log):
    path = log.path / "outcomes" / "000000030.safetensors"
    write_tensors(path, {"predicted": np.zeros(7, np.int32)})
    source = open_source(log.path)
    assert source.outcomes(30) is None
    assert source.outcomes(20) is not None
    assert "60 images" in str(source.problems[0])


OUTCOMES = {"predicted": np.zeros(60, np.int32), "loss": np.ones(60, np.float32)}


@pytest.mark.parametrize(
    ("name", "dtype", "message"),
    [
        ("predicted", "f4", "'predicted' is F32; left out. Record integers"),
        ("predicted", "?", "'predicted' is BOOL; left out. Record integers"),
        ("loss", "i4", "'loss' is I32; left out. Record floats"),
        ("confidence", "u1", "'confidence' is U8; left out. Record floats"),
    ],
)
def test_outcomes_of_a_dtype_that_would_be_misread_are_left_out(log, name, dtype, message):
    path = log.path / "outcomes" / "000000030.safetensors"
    write_tensors(path, OUTCOMES | {name: np.ones(60, dtype)})
    source = open_source(log.path)
    assert source.outcomes(30) is None
    assert source.outcomes(20) is not None
    [problem] = source.problems
    assert (problem.path, problem.message) == (str(path), message)


def test_outcomes_may_be_any_integers_and_any_floats(log):
    import ml_dtypes

    path = log.path / "outcomes" / "000000030.safetensors"
    for integers in ("i8", "i2", "i1", "u8", "u4", "u2", "u1"):
        for floats in ("f8", "f4", "f2", ml_dtypes.bfloat16):
            loss = OUTCOMES["loss"].astype(floats)
            write_tensors(path, {"predicted": np.zeros(60, integers), "loss": loss})
            source = open_source(log.path)
            assert source.problems == ()
            assert source.outcomes(30).predicted.shape == (60,)


def write_images(log, metadata=None, **tensors):
    path = log.path / "images.safetensors"
    write_tensors(path, {"label": log.labels} | tensors, metadata)
    return str(path)


@pytest.mark.parametrize("dtype", ["f4", "?"])
def test_labels_that_are_no_integers_are_left_out(log, dtype):
    path = write_images(log, label=np.ones(60, dtype))
    source = open_source(log.path)
    assert source.images() is None
    assert source.problems[0].path == path
    assert "left out. Write integers" in source.problems[0].message


def test_labels_beyond_int32_are_left_out_not_wrapped(log):
    path = write_images(log, label=log.labels.astype(np.int64) + 2**32)
    source = open_source(log.path)
    assert source.images() is None
    assert source.problems[0].path == path
    assert "class numbers are int32" in source.problems[0].message


@pytest.mark.parametrize(
    "thumbnail",
    [
        np.ones((60, 4, 4, 3), "f4"),
        np.ones((60, 16), "u1"),
        np.ones((7, 4, 4), "u1"),
        np.ones((60, 3, 4, 5), "u1"),
    ],
)
def test_thumbnails_of_another_form_are_left_out_and_the_labels_kept(log, thumbnail):
    path = write_images(log, thumbnail=thumbnail)
    source = open_source(log.path)
    np.testing.assert_array_equal(source.images().labels, log.labels)
    assert source.images().thumbnails is None
    [problem] = source.problems
    assert problem.path == path
    assert "left out. Write U8 [60, y, x, channel]" in problem.message


@pytest.mark.parametrize("names", ["5", "null", "{}", '"cat"', "not json", "[" * 100_000])
def test_names_that_are_no_list_are_left_out_and_the_labels_kept(log, names):
    path = write_images(log, {"names": names})
    source = open_source(log.path)
    assert source.images().names[:2] == ("image 0", "image 1")
    [problem] = source.problems
    assert problem.path == path
    assert "'names' are not a JSON list" in problem.message


@pytest.mark.parametrize("kind", ["snapshots", "outcomes"])
def test_two_files_of_one_iteration_of_a_log_are_reported(log, kind):
    path = log.path / kind / "000000020.safetensors"
    (log.path / kind / "20.safetensors").write_bytes(path.read_bytes())
    source = open_source(log.path)
    assert source.iterations == (0, 10, 20, 30)
    [problem] = source.problems
    assert problem.path == str(log.path / kind / "20.safetensors")
    assert "has the iteration 20, like 000000020.safetensors; left out" in problem.message


@pytest.mark.parametrize("kind", ["snapshots", "outcomes"])
def test_iterations_of_a_log_beyond_int64_are_left_out(log, kind):
    content = (log.path / kind / "000000020.safetensors").read_bytes()
    for iteration in (2**63 - 1, 2**63):
        (log.path / kind / f"{iteration}.safetensors").write_bytes(content)
    source = open_source(log.path)
    assert source.iterations == (0, 10, 20, 30, 2**63 - 1)
    assert recording_of(source).iterations[-1] == 2**63 - 1
    [problem] = source.problems
    assert problem.path == str(log.path / kind / f"{2**63}.safetensors")
    assert "exceeds int64; left out. Rename it" in problem.message


def test_a_log_of_iterations_beyond_int64_alone_says_so(tmp_path):
    log = LogWriter(tmp_path / "log")
    log.snapshot(10**20)
    with pytest.raises(LogError, match=f"holds no snapshots .*the iteration {10**20}"):
        open_source(log.path)


def test_a_label_that_would_make_millions_of_classes_is_refused(log):
    log.labels[7] = 3_000_000
    path = write_images(log)
    with pytest.raises(LogError) as caught:
        open_source(log.path)
    assert str(caught.value).startswith(f"{path}: image 7 has the label 3,000,000; of 60 images")
    assert "go up to 99,999" in str(caught.value)
    assert "name all classes in run.json" in str(caught.value)


def test_a_large_label_is_no_harm_where_no_outcomes_are_counted(log):
    log.labels[7] = 3_000_000
    write_images(log)
    for path in (log.path / "outcomes").iterdir():
        path.unlink()
    assert open_source(log.path).images().labels[7] == 3_000_000


def test_a_few_images_of_many_unnamed_classes_are_taken(log):
    log.labels[:] = np.linspace(0, 21_840, 60)
    write_images(log)
    assert open_source(log.path).images().labels.max() == 21_840


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
    by_epoch = SourceConfig(pattern=r"epoch_(\d+)")
    assert open_source(tmp_path, by_epoch).iterations == (1, 2)
    with pytest.raises(ValidationError, match="a group around"):
        SourceConfig(pattern=r"epoch_\d+")


def test_two_checkpoints_of_one_iteration_are_reported(tmp_path):
    for name in ("a-7", "b-7"):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.ones(3, np.float32)})
    source = open_source(tmp_path)
    assert source.iterations == (7,)
    assert "a-7.safetensors" in str(source.problems[0])


def test_checkpoints_whose_digits_are_beyond_int64_are_left_out(tmp_path):
    for name in ("step-7", "step-20240131123456789012"):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.ones(3, np.float32)})
    source = open_source(tmp_path)
    assert recording_of(source).iterations.tolist() == [7]
    [problem] = source.problems
    assert problem.path.endswith("step-20240131123456789012.safetensors")
    assert "exceeds int64; left out. Rename it" in problem.message


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
    from deeptracker.pipeline.locations import folder

    parsed = []
    monkeypatch.setattr(
        folder,
        "parse_header",
        lambda *given, parse=folder.parse_header: parsed.append(given[0]) or parse(*given),
    )
    log = LogWriter(tmp_path / "log").iterations(range(40))
    source = open_source(log.path)
    assert len(source.iterations) == 40
    # One of the images, one of all snapshots, one of all outcomes.
    assert len(parsed) == 3


def test_a_gradient_unlike_its_weights_is_named_by_its_file(log):
    gradient = np.ones(SHAPES["stem.bias"][0] + 1, np.float16)
    for iteration in (20, 30):
        write_snapshot(log, iteration, log.values(iteration) | {"grad/stem.bias": gradient})
    source = open_source(log.path)
    [problem] = source.problems
    assert problem.path.endswith("000000020.safetensors")
    assert "the gradient of 'stem.bias' is F16 [7], its weights are F32 [6]" in problem.message
    assert source.locate("stem.bias", 20, gradient=True) is None


def test_a_tensor_of_eight_bits_is_passed_over_as_no_weight(tmp_path):
    import ml_dtypes

    tensors = {"w": np.ones(4, np.float32), "q": np.ones(6, ml_dtypes.float8_e4m3fn)}
    save_file(tensors, tmp_path / "step-3.safetensors")
    source = open_source(tmp_path)
    assert [parameter.name for parameter in source.parameters] == ["w"]
    assert source.problems == ()
