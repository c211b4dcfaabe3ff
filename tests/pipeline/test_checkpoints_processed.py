"""Checkpoints through the whole pipeline: what a store says of them is what their values say."""

import json

import numpy as np
import pytest
from sources.test_checkpoint_folders import NAMES, STEPS, network, trainer
from torch_files import pickled, tensor, torch_file

from deeptracker.pipeline import open_store, plan, process
from deeptracker.pipeline.config import Config, load_config, with_source
from deeptracker.pipeline.sources import open_source


def check(store, expected):
    """Compare every statistic of every parameter at every iteration.

    Parameters
    ----------
    expected : dict of int to dict of str to array
        The values, by iteration and parameter.
    """
    nodes = open_store(store).tree()["nodes"]
    names = [str(name) for name in nodes["name"].values]
    assert nodes["iteration"].values.tolist() == sorted(expected)
    for column, iteration in enumerate(sorted(expected)):
        for name, values in expected[iteration].items():
            node = names.index(name)
            wide = np.asarray(values, np.float64)
            for statistic, wanted in (
                ("mean", wide.mean()),
                ("min", wide.min()),
                ("max", wide.max()),
                ("std", wide.std()),
            ):
                found = nodes[statistic].values[node, column]
                np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(("shards", "suffix"), [(0, "safetensors"), (3, "safetensors"), (2, "bin")])
def test_a_trainers_folder_gives_a_store(tmp_path, scheduler, shards, suffix):
    run = trainer(tmp_path / "run", shards=shards, suffix=suffix)
    forecast = plan(run, scheduler=scheduler)
    summary = process(run, scheduler=scheduler)
    check(summary.store, {step: network(step) for step in STEPS})
    tree = open_store(summary.store).tree()
    assert tree["scalars"]["train_loss"].values.tolist() == [2 / step for step in STEPS]
    for told in (forecast.text(), summary.text()):
        assert "3 checkpoints of Hugging Face's Trainer" in told
        assert "3 iterations, 500 to 1,500: the number after 'checkpoint' in the names" in told
        assert "left out 3 files (checkpoint-1000/optimizer.pt, …): the optimizer's state" in told
        assert "no validation view" in told
    assert json.loads(json.dumps(summary.as_dict()))["reading"]
    assert process(run, scheduler=scheduler).action == "unchanged"


def test_a_grown_folder_is_added_to_its_store(tmp_path, scheduler):
    run = trainer(tmp_path / "run", STEPS[:2], shards=2)
    process(run, scheduler=scheduler)
    trainer(tmp_path / "more", STEPS[2:], shards=2)
    (tmp_path / "more" / "checkpoint-1500").rename(run / "checkpoint-1500")
    summary = process(run, scheduler=scheduler)
    assert (summary.action, summary.snapshots) == ("appended", 1)
    check(summary.store, {step: network(step) for step in STEPS})


def test_what_is_not_in_c_order_is_measured_as_it_is_seen(tmp_path, scheduler):
    """Filters and rows follow C order, however the values are stored."""
    run, twin = tmp_path / "turned", tmp_path / "twin"
    expected = {}
    for place in (run, twin):
        place.mkdir()
    for step in (1, 2, 3):
        random = np.random.default_rng(step)
        stored = {
            "a.weight": random.standard_normal((300, 500), dtype=np.float32),
            "b.weight": random.standard_normal((9, 7, 6, 5)).astype(np.float16),
            "c.weight": random.standard_normal((40, 30)),
        }
        order = {"a.weight": (1, 0), "b.weight": (0, 3, 1, 2), "c.weight": (0, 1)}
        if step == 2:  # saved in another order for once
            order["a.weight"], order["c.weight"] = (0, 1), (1, 0)
            stored["a.weight"], stored["c.weight"] = stored["a.weight"].T, stored["c.weight"].T
            stored = {name: np.ascontiguousarray(each) for name, each in stored.items()}
        pieces, storages = {}, {}
        for key, (name, values) in enumerate(stored.items()):
            view = values.transpose(order[name])
            strides = tuple(each // values.itemsize for each in view.strides)
            kind = {"f2": "Half", "f4": "Float", "f8": "Double"}[values.dtype.str[1:]]
            pieces[name] = tensor(str(key), values.size, view.shape, strides, kind=kind)
            storages[f"data/{key}"] = values.tobytes()
            expected.setdefault(step, {})[name] = view
        torch_file(run / f"step-{step}.pt", data=pickled(pieces), more=storages)
        torch_file(twin / f"step-{step}.pt", expected[step])
    assert open_source(run).locate("a.weight", 1).strides == (1, 500)
    summary, other = (process(folder, scheduler=scheduler) for folder in (run, twin))
    check(summary.store, expected)
    assert "2 parameters (a.weight, …): not in C order" in summary.text()
    mine, theirs = (open_store(each.store).root() for each in (summary, other))
    for path, array in theirs.members(max_depth=None):
        if path.startswith(("filters/", "weights/")) and array.__class__.__name__ == "Array":
            if array.dtype.kind != "f":
                continue
            np.testing.assert_allclose(mine[path][...], array[...], rtol=1e-4, err_msg=path)


def test_a_choice_of_parameters_is_kept_by_the_store(tmp_path, scheduler):
    run = trainer(tmp_path / "run")
    config = with_source(Config(), parameters=["model.*", "!*.1.*"])
    summary = process(run, config=config, scheduler=scheduler)
    expected = {step: {n: v for n, v in network(step).items() if n in NAMES[:2]} for step in STEPS}
    check(summary.store, expected)
    assert "left out 2 tensors: by the choice of parameters" in summary.text()
    again = process(run, scheduler=scheduler)
    assert "'source.parameters' has changed" in again.reason
    check(again.store, {step: network(step) for step in STEPS})


def test_settings_of_the_source_are_read_from_a_config(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(
        "source: {parameters: ['a.*'], multiply: 1000, model: ema, format: training-log}"
    )
    source = load_config(file).source
    assert (source.multiply, source.model, source.keeps("a.b"), source.keeps("b")) == (
        1000.0, "ema", True, False,
    )  # fmt: skip


def test_two_real_networks_are_measured_as_pytorch_loads_them(tmp_path, scheduler):
    torch = pytest.importorskip("torch")
    expected = {}
    for epoch in range(3):
        torch.manual_seed(epoch)
        model = torch.nn.Sequential(
            torch.nn.Conv2d(3, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.Linear(16, 50)
        ).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(model.parameters())
        model[2](torch.randn(4, 16)).sum().backward()
        optimizer.step()
        state = {f"net.{name}": each for name, each in model.state_dict().items()}
        state["net.half.weight"] = torch.randn(70, 30).bfloat16().t()
        checkpoint = {"state_dict": state, "optimizer_states": [optimizer.state_dict()]}
        path = tmp_path / "run" / "checkpoints" / f"epoch={epoch}-step={10 * epoch}.ckpt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(checkpoint | {"global_step": 10 * epoch}, path)
        read = torch.load(path, weights_only=True)["state_dict"]
        expected[10 * epoch] = {
            name: each.double().numpy() for name, each in read.items() if each.is_floating_point()
        }
    summary = process(tmp_path / "run", scheduler=scheduler)
    assert summary.problems == ()
    check(summary.store, expected)
