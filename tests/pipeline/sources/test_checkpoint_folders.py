"""Folders of checkpoints as teams have them: shards, a folder each, links, states beside them."""

import json
import math
import os

import numpy as np
import pytest
from torch_files import torch_file

from deeptracker.errors import LogError
from deeptracker.pipeline.sources import open_source, read_values
from deeptracker.pipeline.sources.file_listing import check_unchanged
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.record.tensor_file import write_tensors

STEPS = (500, 1000, 1500)
NAMES = ("model.embed.weight", "model.layer.0.weight", "model.layer.1.weight", "head.bias")


def values(step, name):
    shape = (5,) if name.endswith("bias") else (4, 6)
    return np.random.default_rng([step, len(name), ord(name[-8])]).standard_normal(shape, "f4")


def network(step, names=NAMES):
    return {name: values(step, name) for name in names}


def trainer(folder, steps=STEPS, shards=0, suffix="safetensors"):
    """A folder as Hugging Face's Trainer leaves it, with the history of its log."""
    history = []
    for step in steps:
        place = folder / f"checkpoint-{step}"
        place.mkdir(parents=True)
        write(place, step, shards, suffix)
        loss = {"loss": 2.0 / step, "learning_rate": 1e-4, "grad_norm": math.inf, "epoch": 0.5}
        history += [loss | {"step": step}, {"eval_loss": math.nan, "step": float(step)}]
        state = {"global_step": step, "log_history": history, "best_metric": None}
        (place / "trainer_state.json").write_text(json.dumps(state))
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
            (place / name).write_bytes(b"not read")
    return folder


def write(place, step, shards, suffix):
    """Write a checkpoint's weights, in shards with an index or in one file."""
    save = torch_file if suffix == "bin" else write_tensors
    base = "pytorch_model" if suffix == "bin" else "model"
    if not shards:
        save(place / f"{base}.{suffix}", network(step))
        return
    places = {}
    for shard in range(shards):
        file = f"{base}-{shard + 1:05d}-of-{shards:05d}.{suffix}"
        names = NAMES[shard::shards]
        save(place / file, network(step, names))
        places |= dict.fromkeys(names, file)
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (place / f"{base}.{suffix}.index.json").write_text(json.dumps(index))


def check(source, steps=STEPS):
    """All values are those that were written."""
    assert source.iterations == tuple(steps)
    for step in steps:
        assert {p.name for p in source.parameters_at(step)} == set(NAMES)
        for name in NAMES:
            ref = source.locate(name, step)
            np.testing.assert_array_equal(read_values(ref).reshape(ref.shape), values(step, name))


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
@pytest.mark.parametrize("shards", [0, 2, 3])
def test_a_trainers_folder_is_read_with_its_scalars(tmp_path, shards, suffix):
    source = open_source(trainer(tmp_path / "run", shards=shards, suffix=suffix))
    check(source)
    assert source.problems == ()
    assert [len(source.files(step)) for step in STEPS] == [max(shards, 1)] * 3
    scalars = source.scalars()
    assert scalars.iterations.tolist() == list(STEPS)
    np.testing.assert_array_equal(scalars.values["train_loss"], [2 / step for step in STEPS])
    assert np.isinf(scalars.values["grad_norm"]).all()
    assert np.isnan(scalars.values["validation_loss"]).all()
    told = "\n".join(source.reading.lines(source.iterations))
    assert "3 checkpoints of Hugging Face's Trainer" in told
    assert "500 to 1,500: the number after 'checkpoint' in the names" in told
    for kind in ("the optimizer's state", "random numbers", "learning-rate", "arguments"):
        [line] = [line for line in source.reading.left_out if kind in line]
        assert line.startswith("3 files (checkpoint-1000/")


def test_offsets_name_the_file_of_each_parameter(tmp_path):
    source = open_source(trainer(tmp_path / "run", shards=3))
    found = source.offsets(1000)
    for place, parameter in enumerate(source.parameters):
        ref = source.locate(parameter.name, 1000)
        assert (found.paths[found.file[place]], found.begins[place]) == (ref.path, ref.offset)


@pytest.mark.parametrize("damage", ["missing", "cut", "index", "lacks a tensor", "no index"])
def test_half_a_snapshot_is_left_out_as_a_whole_and_named(tmp_path, damage):
    run = trainer(tmp_path / "run", shards=3)
    place = run / "checkpoint-1000"
    shard = place / "model-00002-of-00003.safetensors"
    if damage in ("missing", "no index"):
        shard.unlink()
    if damage == "no index":
        (place / "model.safetensors.index.json").unlink()
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:-4])
    if damage == "index":
        (place / "model.safetensors.index.json").write_text("{")
    if damage == "lacks a tensor":
        write_tensors(shard, {"other": np.ones(3, "f4")})
    source = open_source(run)
    assert source.iterations == (500, 1500)
    [problem] = source.problems
    assert "checkpoint-1000" in problem.path
    assert "left out" in problem.message


def test_a_shard_that_is_rewritten_changes_the_fingerprint_and_is_noticed(tmp_path):
    run = trainer(tmp_path / "run", shards=2)
    before = open_source(run)
    shard = run / "checkpoint-1000" / "model-00002-of-00002.safetensors"
    os.utime(shard, ns=(1, 1))
    after = open_source(run)
    same = [before.fingerprint(step) == after.fingerprint(step) for step in STEPS]
    assert same == [True, False, True]
    check_unchanged(after, STEPS)
    with pytest.raises(LogError, match=r"00002-of-00002.safetensors: was rewritten"):
        check_unchanged(before, STEPS)


def test_an_index_does_not_lead_out_of_its_folder(tmp_path):
    run = trainer(tmp_path / "run", shards=2)
    write_tensors(tmp_path / "secret.safetensors", network(1))
    index = {"weight_map": dict.fromkeys(NAMES, "../../secret.safetensors")}
    (run / "checkpoint-500" / "model.safetensors.index.json").write_text(json.dumps(index))
    source = open_source(run)
    assert source.iterations == (1000, 1500)
    assert "lists '../../secret.safetensors', which is missing" in source.problems[0].message


def test_links_are_not_read_twice_and_those_to_nothing_are_named(tmp_path):
    run = tmp_path / "checkpoints"
    for step in STEPS:
        place = run / f"{step:06d}" / "pretrained_model"
        place.mkdir(parents=True)
        write_tensors(place / "model.safetensors", network(step))
        states = run / f"{step:06d}" / "training_state"
        states.mkdir()
        write_tensors(states / "optimizer_state.safetensors", {"x": np.ones(3, "f4")})
        write_tensors(states / "rng_state.safetensors", {"x": np.ones(3, "f4")})
    (run / "last").symlink_to("001500")
    (run / "best").symlink_to("002000")
    (run / "loop").symlink_to("loop")
    os.mkfifo(run / "pipe.safetensors")
    source = open_source(tmp_path)
    check(source)
    told = "\n".join(source.reading.left_out)
    assert "1 link (checkpoints/last): to what is read by its own name" in told
    assert "2 links (checkpoints/best, …): to nothing, or in a loop" in told
    assert "1 entry (checkpoints/pipe.safetensors): no file" in told
    assert "3 files (checkpoints/000500/training_state/optimizer_state" in told


def test_a_checkpoint_elsewhere_is_read_through_its_link(tmp_path):
    far = trainer(tmp_path / "far")
    (tmp_path / "run").mkdir()
    for step in STEPS:
        (tmp_path / "run" / f"step_{step}").symlink_to(far / f"checkpoint-{step}")
    check(open_source(tmp_path / "run"))


def test_a_second_model_is_no_iteration_and_taken_when_it_is_asked_for(tmp_path):
    for step in STEPS:
        place = tmp_path / f"checkpoint_{step}"
        place.mkdir()
        write_tensors(place / "model.safetensors", network(step))
        write_tensors(place / "model_1.safetensors", {"judge.weight": np.ones((2, 3), "f4")})
    source = open_source(tmp_path)
    check(source)
    assert "3 files (checkpoint_1000/model_1.safetensors, …): another" in source.reading.left_out[0]
    judge = open_source(tmp_path, SourceConfig(model="model_1"))
    assert [p.name for p in judge.parameters] == ["judge.weight"]


def test_an_average_in_its_own_folder_is_taken_only_when_it_is_asked_for(tmp_path):
    for step in STEPS:
        for part in ("unet", "unet_ema"):
            place = tmp_path / f"checkpoint-{step}" / part
            place.mkdir(parents=True)
            scale = 2 if part == "unet_ema" else 1
            tensors = {name: scale * each for name, each in network(step).items()}
            write_tensors(place / "diffusion_pytorch_model.safetensors", tensors)
    check(open_source(tmp_path))
    average = open_source(tmp_path, SourceConfig(model="unet_ema"))
    ref = average.locate("head.bias", 500)
    np.testing.assert_array_equal(read_values(ref), 2 * values(500, "head.bias"))


def test_models_or_trainings_that_cannot_be_told_apart_stop(tmp_path):
    for run in ("a", "b"):
        trainer(tmp_path / run)
    with pytest.raises(
        LogError, match=r"several checkpoints have the iteration \d+: a/check.*--model"
    ):
        open_source(tmp_path)


def test_one_checkpoint_may_be_given_alone(tmp_path):
    run = trainer(tmp_path / "run", shards=2)
    check(open_source(run / "checkpoint-1000"), (1000,))
    hub = tmp_path / "hub"
    hub.mkdir()
    write_tensors(hub / "model.safetensors", network(7))
    source = open_source(hub)
    assert source.iterations == (0,)
    assert "no number" in source.reading.numbering


def test_the_final_model_beside_its_checkpoints_is_no_second_snapshot(tmp_path):
    run = trainer(tmp_path / "run")
    write_tensors(run / "model.safetensors", network(1500))
    (run / "trainer_state.json").write_text(json.dumps({"global_step": 1500, "log_history": []}))
    source = open_source(run)
    check(source)
    assert source.problems == ()
    assert "1 file (model.safetensors): of the same iteration" in source.reading.left_out[0]


def test_an_adapter_is_read_without_what_wraps_it(tmp_path):
    for step in STEPS:
        place = tmp_path / f"checkpoint-{step}"
        place.mkdir()
        name = "base_model.model.layer.0.q.lora_A.weight"
        write_tensors(place / "adapter_model.safetensors", {name: np.ones((2, 8), "f4")})
    assert [p.name for p in open_source(tmp_path).parameters] == ["layer.0.q.lora_A.weight"]


def test_wrappers_before_names_go_and_names_that_would_meet_stay(tmp_path):
    first = {f"module._orig_mod.a.{n}": np.ones((2, 3), "f4") for n in ("weight", "bias")}
    write_tensors(tmp_path / "step-1.safetensors", first)
    second = {f"a._fsdp_wrapped_module.{n}": np.ones((2, 3), "f4") for n in ("weight", "bias")}
    write_tensors(tmp_path / "step-2.safetensors", second)
    write_tensors(tmp_path / "step-3.safetensors", {"a/weight": np.ones((2, 3), "f4")})
    source = open_source(tmp_path)
    assert {p.name for p in source.parameters} == {"a.weight", "a.bias"}
    assert source.locate("a.weight", 3) is not None
    both = {name: np.ones((2, 3), "f4") for name in ("a.weight", "_orig_mod.a.weight")}
    write_tensors(tmp_path / "step-4.safetensors", both)
    assert {p.name for p in open_source(tmp_path).parameters_at(4)} == set(both)


def test_globs_choose_parameters_and_the_choice_is_said(tmp_path):
    run = trainer(tmp_path / "run", shards=2)
    chosen = SourceConfig(parameters=("model.*", "!*.1.*"))
    source = open_source(run, chosen)
    assert {p.name for p in source.parameters} == {NAMES[0], NAMES[1]}
    assert "2 tensors: by the choice of parameters" in source.reading.left_out
    with pytest.raises(LogError, match=r"leaves none of 4 tensors .*--parameters"):
        open_source(run, SourceConfig(parameters=("decoder.*",)))


def test_a_broken_entry_of_the_log_costs_itself_alone(tmp_path):
    run = trainer(tmp_path / "run", steps=(500,))
    history = [{"loss": 1.0, "step": 100.0, "note": "text", "nested": {"a": 1}}, 7, {"loss": 2.0}]
    history += [{"loss": 3.0, "step": 200, "flag": True, "huge": 10**400}, {"step": 300.5}]
    state = {"global_step": 500, "log_history": history}
    (run / "checkpoint-500" / "trainer_state.json").write_text(json.dumps(state))
    source = open_source(run)
    scalars = source.scalars()
    assert scalars.iterations.tolist() == [100, 200]
    assert scalars.values["train_loss"].tolist() == [1.0, 3.0]
    assert set(scalars.values) == {"train_loss"}
    assert [problem.message[:7] for problem in source.problems] == ["entry 2", "entry 3", "entry 5"]
    (run / "checkpoint-500" / "trainer_state.json").write_text("[" * 100_000)
    source = open_source(run)
    assert source.scalars() is None
    assert "is not a JSON object" in source.problems[0].message


def test_a_folder_that_is_being_written_waits(tmp_path):
    run = trainer(tmp_path / "run")
    (run / "checkpoint-1500").rename(run / "tmp-checkpoint-1500")
    source = open_source(run)
    check(source, STEPS[:2])
    assert any("not written to the end" in line for line in source.reading.left_out)


def test_a_chosen_format_reads_the_other_files(tmp_path):
    write_tensors(tmp_path / "step-1.safetensors", network(1))
    torch_file(tmp_path / "step-2.pt", network(2))
    assert open_source(tmp_path).iterations == (1,)
    assert "1 file (step-2.pt): of another format" in open_source(tmp_path).reading.left_out
    check(open_source(tmp_path, SourceConfig(format="torch-checkpoints")), (2,))


def test_what_is_not_read_is_told_with_what_was_seen(tmp_path):
    for number in range(3):
        (tmp_path / f"part-{number}.distcp").write_bytes(b"x")
    with pytest.raises(LogError, match=r"It holds 3 files \*\.distcp; give the folder"):
        open_source(tmp_path)
