"""A log's description and scalars: what is wrong is named, what is right is kept."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples

from deeptracker.errors import LogError
from deeptracker.record.log_format import RunDescription, TrainingLog


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a run description"),
        ("[]", "is not a run description"),
        ('{"classes": 5}', "is not a run description"),
        ('{"modules": ["a"]}', "is not a run description"),
        ('{"schema_version": 2}', "has the schema version 2; this DeepTracker reads 1"),
        ("[" * 100_000, "is not a run description"),
    ],
)
def test_a_wrong_description_is_one_error_that_names_the_file(tmp_path, content, message):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(LogError, match=message) as caught:
        TrainingLog(tmp_path).describe()
    assert str(tmp_path / "run.json") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_everything_in_a_description_is_optional(tmp_path):
    assert TrainingLog(tmp_path).describe() is None
    (tmp_path / "run.json").write_text("{}")
    description = TrainingLog(tmp_path).describe()
    assert description.name == tmp_path.name
    assert description.classes == ()


def test_lines_of_one_iteration_are_merged_and_bad_ones_named(tmp_path):
    lines = [
        '{"iteration": 2, "train_loss": 0.5}',
        "not json",
        '{"iteration": 1, "train_loss": 0.7, "mine": 1}',
        '{"iteration": 2, "train_loss": 0.4, "mine": null}',
        '{"train_loss": 3}',
        '{"iteration": 4, "train_loss": "low"}',
        "[1]",
        '{"iteration": -1}',
        "",
        '{"iteration": 1.5}',
        '{"iteration": 5, "train_loss": 1' + "0" * 400 + "}",
    ]
    (tmp_path / "scalars.jsonl").write_text("\n".join(lines))
    scalars = TrainingLog(tmp_path).scalars()
    assert scalars.iterations.tolist() == [1, 2]
    np.testing.assert_array_equal(scalars.values["train_loss"], [0.7, 0.4])
    np.testing.assert_array_equal(scalars.values["mine"], [1, np.nan])
    numbers = [int(problem.split()[1]) for problem in scalars.problems]
    assert numbers == [2, 5, 6, 7, 8, 10, 11]


@settings(max_examples=examples(100), deadline=None)
@given(content=st.binary(max_size=300))
def test_no_bytes_in_scalars_break_the_reading(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("log")
    good = json.dumps({"iteration": 7, "a": 1.5}).encode() + b"\n"
    (folder / "scalars.jsonl").write_bytes(good + content)
    scalars = TrainingLog(folder).scalars()
    assert 7 in scalars.iterations


def test_files_that_are_no_iterations_are_passed_over(tmp_path):
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for name in ("10", "000002", "last", "3.partial", "²", str(2**63)):
        (folder / f"{name}.safetensors").touch()
    assert list(TrainingLog(tmp_path).snapshots()) == [2, 10]


def test_of_two_files_of_one_iteration_the_first_by_name_is_taken(tmp_path):
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for name in ("000000001", "001", "1", "01"):
        (folder / f"{name}.safetensors").touch()
    assert TrainingLog(tmp_path).snapshots() == {1: folder / "000000001.safetensors"}


def test_hyperparameters_of_numpy_are_written_as_numbers(tmp_path):
    given = {"lr": np.float32(0.5), "steps": np.arange(3), "nested": [{"on": np.True_}]}
    TrainingLog(tmp_path).write_description(RunDescription("run", hyperparameters=given))
    described = TrainingLog(tmp_path).describe()
    assert described.hyperparameters == {"lr": 0.5, "steps": [0, 1, 2], "nested": [{"on": True}]}


@pytest.mark.parametrize("value", [object(), 1j, np.complex64(1), {(1, 2): 3}])
def test_a_hyperparameter_that_json_cannot_hold_is_named(tmp_path, value):
    description = RunDescription("run", hyperparameters={"lr": 0.1, "odd": [value]})
    with pytest.raises(LogError, match="hyperparameters: 'odd' cannot be written as JSON"):
        TrainingLog(tmp_path).write_description(description)
    assert not (tmp_path / "run.json").exists()
