"""The recorder writes whole files, takes any array, and goes on after a crash."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file

from deeptracker import Recorder
from deeptracker.errors import LogError
from deeptracker.record.log_format import TrainingLog
from deeptracker.record.tensor_file import read_header, write_tensors

WEIGHTS = {"conv.weight": np.arange(24, dtype="f4").reshape(2, 3, 2, 2), "conv.bias": np.ones(2)}
LABELS = np.array([0, 1, 1, 2])
CLASSES = ["cat", "dog", "fox"]


def files_of(path):
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def contents_of(path):
    return {name: (path / name).read_bytes() for name in files_of(path)}


def test_three_lines_make_a_log(tmp_path):
    with Recorder(tmp_path / "log", classes=CLASSES, images=LABELS) as recorder:
        recorder.snapshot(100, WEIGHTS, gradients={"conv.bias": np.full(2, 0.5)})
        recorder.outcomes(100, [0, 1, 2, 2], loss=[0.1, 0.2, 3.0, 0.1])
        recorder.scalars(100, train_loss=0.7, learning_rate=0.1)
    log = tmp_path / "log"
    assert files_of(log) == [
        "images.safetensors",
        "outcomes/000000100.safetensors",
        "run.json",
        "scalars.jsonl",
        "snapshots/000000100.safetensors",
    ]
    snapshot = load_file(log / "snapshots" / "000000100.safetensors")
    assert set(snapshot) == {"conv.weight", "conv.bias", "grad/conv.bias"}
    np.testing.assert_array_equal(snapshot["conv.weight"], WEIGHTS["conv.weight"], strict=True)
    outcomes = load_file(log / "outcomes" / "000000100.safetensors")
    np.testing.assert_array_equal(outcomes["predicted"], np.array([0, 1, 2, 2], "i4"), strict=True)
    np.testing.assert_allclose(outcomes["loss"], [0.1, 0.2, 3.0, 0.1])
    assert json.loads((log / "run.json").read_text())["classes"] == CLASSES
    assert json.loads((log / "scalars.jsonl").read_text()) == {
        "iteration": 100,
        "train_loss": 0.7,
        "learning_rate": 0.1,
    }


class Wrapped:
    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


class Handed:
    """Speaks DLPack, and nothing else."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


@pytest.mark.parametrize("kind", [np.asarray, Wrapped, Handed])
def test_arrays_of_any_kind_are_taken(tmp_path, kind):
    values = np.arange(6, dtype="f4").reshape(2, 3)
    Recorder(tmp_path).snapshot(0, {"w": kind(values)})
    read = load_file(tmp_path / "snapshots" / "000000000.safetensors")["w"]
    np.testing.assert_array_equal(read, values, strict=True)


@pytest.mark.parametrize("values", [np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::2]])
def test_strided_arrays_are_written_in_c_order(tmp_path, values):
    Recorder(tmp_path).snapshot(0, {"w": values})
    read = load_file(tmp_path / "snapshots" / "000000000.safetensors")["w"]
    np.testing.assert_array_equal(read, values, strict=True)


@pytest.mark.parametrize(("dtype", "code"), [("float16", "f2"), ("bfloat16", "bf16")])
def test_weights_are_rounded_to_the_asked_dtype(tmp_path, dtype, code):
    values = np.random.default_rng(0).normal(size=100).astype("f4")
    Recorder(tmp_path, dtype=dtype).snapshot(0, {"w": values})
    content = (tmp_path / "snapshots" / "000000000.safetensors").read_bytes()
    kind = ml_dtypes.bfloat16 if code == "bf16" else np.float16
    np.testing.assert_array_equal(np.frombuffer(content[-200:], kind), values.astype(kind))


class Parameter:
    def __init__(self, values, grad=None):
        self.values = values
        self.grad = grad

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


class Model:
    """What the recorder asks of a torch module."""

    def __init__(self):
        self.weight = Parameter(np.ones((2, 2), "f4"), np.full((2, 2), 0.25, "f4"))

    def named_parameters(self):
        return [("fc.weight", self.weight)]

    def named_modules(self):
        return [("", self), ("fc", self.weight)]


def test_a_model_gives_its_parameters_gradients_and_modules(tmp_path):
    with Recorder(tmp_path, model=Model()) as recorder:
        recorder.snapshot(3)
    snapshot = load_file(tmp_path / "snapshots" / "000000003.safetensors")
    assert set(snapshot) == {"fc.weight", "grad/fc.weight"}
    assert TrainingLog(tmp_path).describe().modules == {"": "Model", "fc": "Parameter"}


def test_gradients_are_left_out_on_request(tmp_path):
    Recorder(tmp_path, model=Model(), gradients=False).snapshot(3)
    assert set(load_file(tmp_path / "snapshots" / "000000003.safetensors")) == {"fc.weight"}


def test_torch_tensors_are_taken_bfloat16_too(tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2).to(torch.bfloat16)
    model(torch.ones(1, 3, dtype=torch.bfloat16)).sum().backward()
    Recorder(tmp_path, model=model).snapshot(0)
    content = (tmp_path / "snapshots" / "000000000.safetensors").read_bytes()
    assert b'"BF16"' in content
    assert b"grad/weight" in content
    values = model.weight.detach().view(torch.int16).numpy().tobytes()
    assert values in content


def test_going_on_keeps_what_is_there_and_doubles_nothing(tmp_path):
    first = Recorder(tmp_path, classes=CLASSES, images=LABELS, hyperparameters={"batch": 8})
    for iteration in (0, 10):
        first.snapshot(iteration, WEIGHTS)
        first.scalars(iteration, train_loss=1.0)
    again = Recorder(tmp_path)
    assert again.last_iteration == 10
    again.snapshot(10, {name: values + 1 for name, values in WEIGHTS.items()})
    again.outcomes(10, LABELS)
    again.scalars(10, train_loss=0.5, validation_loss=2.0)
    log = TrainingLog(tmp_path)
    assert list(log.snapshots()) == [0, 10]
    np.testing.assert_array_equal(load_file(log.snapshots()[10])["conv.bias"], [2, 2])
    scalars = log.scalars()
    assert scalars.iterations.tolist() == [0, 10]
    np.testing.assert_array_equal(scalars.values["train_loss"], [1.0, 0.5])
    assert log.describe().classes == tuple(CLASSES)
    assert log.describe().hyperparameters == {"batch": 8}


def test_scalars_that_are_not_finite_come_back_as_they_were(tmp_path):
    recorder = Recorder(tmp_path / "log")
    recorder.scalars(0, train_loss=0.5)
    recorder.scalars(5, train_loss=math.inf, learning_rate=-math.inf)
    recorder.scalars(10, train_loss=math.nan)
    recorder.scalars(15, learning_rate=0.1)
    scalars = TrainingLog(tmp_path / "log").scalars()
    np.testing.assert_array_equal(scalars.values["train_loss"], [0.5, math.inf, math.nan, math.nan])
    np.testing.assert_array_equal(
        scalars.values["learning_rate"], [math.nan, -math.inf, math.nan, 0.1]
    )
    assert {name: at.tolist() for name, at in scalars.nan.items()} == {"train_loss": [10]}
    assert scalars.problems == []


def test_another_padding_of_the_file_names_is_kept(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.snapshot(5, WEIGHTS)
    (tmp_path / "snapshots" / "000000005.safetensors").rename(tmp_path / "snapshots/5.safetensors")
    recorder.snapshot(5, WEIGHTS)
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["5.safetensors"]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda r: r.snapshot(1, {"conv.weight": np.ones(3)}), "conv.bias: is not in every"),
        (
            lambda r: r.snapshot(1, WEIGHTS | {"conv.bias": np.ones(3)}),
            r"conv.bias: has the shape \[3\], in earlier snapshots of .* \[2\]",
        ),
        (lambda r: r.snapshot(1, WEIGHTS, gradients={"x": np.ones(1)}), "gradient of x"),
        (lambda r: r.snapshot(-1, WEIGHTS), "iteration: -1 is negative"),
        (lambda r: r.snapshot(1.5, WEIGHTS), "iteration: 1.5 is not a whole number"),
        (lambda r: r.snapshot(1), "give parameters, or the model"),
        (lambda r: r.snapshot(1, {}), "no parameters"),
        (lambda r: r.outcomes(1, [0, 1]), "each of the 4 images"),
        (lambda r: r.outcomes(1, [0.5] * 4), "class numbers are integers"),
        (lambda r: r.outcomes(1, LABELS, loss=[1.0]), r"loss: has the shape \[1\]"),
        (lambda r: r.scalars(1, train_loss="low"), "train_loss: 'low' is not a number"),
        (lambda r: r.scalars(1, train_loss=10**400), "train_loss: is a number that float64"),
        (lambda r: r.scalars(2**63, train_loss=1), "iteration: 9223372036854775808 exceeds"),
        (lambda r: r.outcomes(1, [0, 1, 1, 2**32]), "predicted: holds 4294967296; class numbers"),
    ],
)
def test_a_wrong_call_is_refused_with_its_reason_and_writes_nothing(tmp_path, act, message):
    recorder = Recorder(tmp_path, images=LABELS)
    recorder.snapshot(0, WEIGHTS)
    before = files_of(tmp_path)
    with pytest.raises(LogError, match=message) as caught:
        act(recorder)
    assert "\n" not in str(caught.value)
    assert files_of(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": LABELS[:2]}, "holds 4 images, 2 are given"),
        ({"every": 0}, "every: given 0"),
        ({"dtype": "int8"}, "dtype: given 'int8'"),
        ({"images": {"labels": LABELS}}, "give labels, or a mapping with 'label'"),
        ({"images": {"label": LABELS, "thumbnail": np.ones((4, 8, 8))}}, "thumbnail: is float64"),
        (
            {"images": {"label": LABELS, "thumbnail": np.ones((4, 3, 8, 8), np.uint8)}},
            r"thumbnail: is uint8 \[4, 3, 8, 8\]; .* 1, 3 or 4 channels",
        ),
        ({"images": [0, 1, 2, 2]}, "image 2 is of class 1, 2 is given; record other images into a"),
        ({"images": LABELS[:, None]}, r"label: has the shape \[4, 1\]; give one class per image"),
        ({"images": 3}, r"label: has the shape \[\]; give one class per image"),
        ({"images": LABELS.astype("f4")}, "label: has the dtype float32"),
        ({"hyperparameters": {"lr": 1, "on": object()}}, "hyperparameters: 'on' cannot be written"),
    ],
)
def test_wrong_options_are_refused_with_their_reason_and_write_nothing(tmp_path, options, message):
    Recorder(tmp_path, images=LABELS)
    before = contents_of(tmp_path)
    with pytest.raises(LogError, match=message):
        Recorder(tmp_path, **{"classes": ["others"]} | options)
    assert contents_of(tmp_path) == before


PICTURES = np.arange(4 * 2 * 3, dtype="u1").reshape(4, 2, 3, 1)


@pytest.mark.parametrize("again", [None, LABELS, {"label": LABELS}])
def test_going_on_keeps_thumbnails_and_names_where_none_are_given(tmp_path, again):
    images = {"label": LABELS, "thumbnail": PICTURES, "names": list("abcd")}
    Recorder(tmp_path, images=images)
    before = contents_of(tmp_path)
    Recorder(tmp_path, images=again).outcomes(0, LABELS)
    after = contents_of(tmp_path)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("given", ["thumbnail", "names"])
def test_what_is_given_of_the_images_later_is_added_to_what_is_there(tmp_path, given):
    images = {"label": LABELS, "thumbnail": PICTURES, "names": np.array(list("abcd"))}
    first = {name: value for name, value in images.items() if name != given}
    Recorder(tmp_path, images=first)
    Recorder(tmp_path, images={"label": LABELS, given: images[given]})
    path = tmp_path / "images.safetensors"
    np.testing.assert_array_equal(load_file(path)["thumbnail"], PICTURES, strict=True)
    assert json.loads(read_header(path)[1]["names"]) == list("abcd")


def test_a_log_whose_images_have_no_label_says_what_to_do(tmp_path):
    write_tensors(tmp_path / "images.safetensors", {"thumbnail": PICTURES})
    with pytest.raises(
        LogError, match="holds no tensor 'label'; move it away and give the images again"
    ):
        Recorder(tmp_path)


def test_hyperparameters_of_numpy_are_recorded(tmp_path):
    Recorder(tmp_path, hyperparameters={"lr": np.float32(0.5), "batch": np.int64(8)})
    assert Recorder(tmp_path).log.describe().hyperparameters == {"lr": 0.5, "batch": 8}


def test_a_refused_first_snapshot_does_not_fix_the_network(tmp_path):
    recorder = Recorder(tmp_path)
    with pytest.raises(LogError, match="gradient of x"):
        recorder.snapshot(0, {"w": np.ones(3)}, gradients={"x": np.ones(3)})
    recorder.snapshot(0, WEIGHTS)
    with pytest.raises(LogError, match=r"conv\.bias: is not in every snapshot"):
        recorder.snapshot(1, {"w": np.ones(3)})


def test_outcomes_without_known_images_say_what_to_give(tmp_path):
    with pytest.raises(LogError, match="Recorder\\(…, images=labels\\)"):
        Recorder(tmp_path).outcomes(0, [1])


def test_a_place_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(LogError, match="taken: the folder cannot be made"):
        Recorder(tmp_path / "taken")


TRAINING = """
import sys, numpy as np
from deeptracker import Recorder
values = np.zeros(200_000, "f4")
with Recorder(sys.argv[1], images=np.zeros(50, int), name="killed") as recorder:
    start = -1 if recorder.last_iteration is None else recorder.last_iteration
    print("ready", flush=True)
    for iteration in range(start + 1, 10**6):
        values[:] = iteration
        recorder.scalars(iteration, train_loss=iteration / 2)
        recorder.outcomes(iteration, np.full(50, iteration % 7))
        recorder.snapshot(iteration, {"w": values})
"""


def test_killed_at_random_moments_a_recording_goes_on_without_loss_or_doubles(tmp_path):
    random = np.random.default_rng(3)
    reached = []
    for _ in range(8):
        training = subprocess.Popen(
            [sys.executable, "-c", TRAINING, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert training.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0.02, 0.3))
        os.kill(training.pid, signal.SIGKILL)
        training.wait()
        reached.append(max(TrainingLog(tmp_path).snapshots(), default=-1))
    assert reached == sorted(reached)
    assert reached[-1] > 8
    recorder = Recorder(tmp_path)
    log = recorder.log
    assert list(log.snapshots()) == list(range(reached[-1] + 1))
    for iteration, path in log.snapshots().items():
        assert (load_file(path)["w"] == iteration).all()
        assert (load_file(log.outcomes()[iteration])["predicted"] == iteration % 7).all()
    scalars = log.scalars()
    assert scalars.problems == []
    assert len(set(scalars.iterations.tolist())) == len(scalars.iterations)
    np.testing.assert_array_equal(scalars.values["train_loss"], scalars.iterations / 2)
    assert not [file for file in files_of(tmp_path) if "partial" in file]


def test_files_that_another_process_still_writes_are_left_alone(tmp_path):
    Recorder(tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = tmp_path / "snapshots"
    names = {
        "live": f".5.safetensors.{os.getppid()}.partial",
        "mine": f".6.safetensors.{os.getpid()}.partial",
        "dead": f".7.safetensors.{ended.pid}.partial",
        "impossible": f".8.safetensors.{10**30}.partial",
        "unknown": ".9.safetensors.partial",
        "old": f".10.safetensors.{os.getppid()}.partial",
    }
    for name in names.values():
        (folder / name).write_bytes(b"half")
    yesterday = time.time() - 25 * 3600
    os.utime(folder / names["old"], (yesterday, yesterday))
    Recorder(tmp_path)
    left = {what for what, name in names.items() if (folder / name).exists()}
    assert left == {"live", "mine", "unknown"}


HUGE = '{"iteration": 3, "a": 1' + "0" * 400 + "}"


@pytest.mark.parametrize(
    "torn", ['{"iteration": 3, "train_l', '{"iteration": 3, "a": 1}', pytest.param(HUGE, id="huge")]
)
def test_a_torn_last_line_of_scalars_does_not_spoil_the_next(tmp_path, torn):
    Recorder(tmp_path).scalars(2, a=5)
    path = tmp_path / "scalars.jsonl"
    path.write_text(path.read_text() + torn)
    Recorder(tmp_path).scalars(4, a=7)
    scalars = TrainingLog(tmp_path).scalars()
    kept = [2, 3, 4] if torn.endswith(": 1}") else [2, 4]
    assert scalars.iterations.tolist() == kept
    assert scalars.problems == []
