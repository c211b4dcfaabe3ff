"""Checkpoints that PyTorch writes here: read as it loads them, in every usual form."""

import argparse
from pathlib import PurePosixPath

import numpy as np
import pytest

from deeptracker.errors import LogError
from deeptracker.pipeline.sources import open_source, read_values, to_float
from deeptracker.pipeline.sources.settings import SourceConfig

torch = pytest.importorskip("torch")


def model(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Flatten(), torch.nn.Linear(8, 5)
    )


def trained(seed=0):
    """A network and its optimizer, after a step."""
    network = model(seed)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.randn(2, 3, 3, 3)).logsumexp(1).sum().backward()
    optimizer.step()
    return network, optimizer


def check(source, iteration, state):
    """The source has what the state dict has, value by value."""
    floats = {name: each for name, each in state.items() if each.is_floating_point()}
    assert {p.name for p in source.parameters_at(iteration)} == set(floats)
    for name, tensor in floats.items():
        ref = source.locate(name, iteration)
        read = to_float(read_values(ref), ref.dtype).reshape(ref.shape)
        expected = tensor.detach()
        expected = expected.numpy() if ref.dtype == "F64" else expected.float().numpy()
        np.testing.assert_array_equal(read, expected, err_msg=name)


FORMS = {
    "plain": lambda state, _: state,
    "state_dict": lambda state, _: {"state_dict": state, "epoch": 3},
    "model": lambda state, more: {"model": state, "optimizer": more, "lr_scheduler": {"a": 1}},
    "model_state_dict": lambda state, more: {
        "optimizer_state_dict": more,
        "model_state_dict": state,
    },
    "module": lambda state, _: {"module": {f"module.{k}": v for k, v in state.items()}},
    "two deep": lambda state, more: {"state": {"model": state, "optimizers": {"Adam": more}}},
    "a key of its own": lambda state, more: {"backbone": state, "opt": more},
    "beside an average": lambda state, _: {
        "model": state,
        "model_ema": {name: 2 * each for name, each in state.items()},
    },
    "compiled": lambda state, _: {f"_orig_mod.{name}": each for name, each in state.items()},
    "parameters": lambda state, _: {n: torch.nn.Parameter(v.float()) for n, v in state.items()},
    "harmless objects": lambda state, _: {
        "args": argparse.Namespace(lr=0.1, out=PurePosixPath("/x")),
        "numpy": np.float64(3.5),
        "array": np.arange(4),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
        "set": {1, 2},
        "bytes": b"abc",
        "state_dict": state,
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_the_model_is_found_in_every_usual_form(tmp_path, form):
    for step in (5, 10):
        network, optimizer = trained(step)
        state = network.state_dict()
        torch.save(FORMS[form](state, optimizer.state_dict()), tmp_path / f"step-{step}.pt")
    source = open_source(tmp_path)
    assert (source.iterations, source.problems) == ((5, 10), ())
    for step in (5, 10):
        state = trained(step)[0].state_dict()
        if form == "parameters":  # made floats of the counter, too
            state = {name: each.float() for name, each in state.items()}
        check(source, step, state)


def test_a_whole_module_that_was_pickled_is_read_without_its_class(tmp_path):
    torch.save(model(3), tmp_path / "step-1.pth")
    check(open_source(tmp_path), 1, model(3).state_dict())


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "bfloat16", "int64", "uint8", "bool", "complex64"]
)
def test_dtypes_are_read_or_named(tmp_path, dtype):
    kind = getattr(torch, dtype)
    state = {"w": torch.ones(3), "x": torch.arange(6).reshape(2, 3).to(kind)}
    torch.save(state, tmp_path / "step-1.pt")
    source = open_source(tmp_path)
    measured = {"w", "x"} if kind.is_floating_point else {"w"}
    assert {p.name for p in source.parameters} == measured
    if kind.is_floating_point:
        check(source, 1, state)
    else:
        assert any("(x): not measured" in line for line in source.reading.left_out)


def test_float8_and_what_is_no_dense_tensor_are_named(tmp_path):
    state = {"w": torch.ones(3), "f8": torch.ones(4).to(torch.float8_e4m3fn)}
    state["sparse"] = torch.eye(3).to_sparse()
    torch.save(state, tmp_path / "step-1.pt")
    source = open_source(tmp_path)
    assert [p.name for p in source.parameters] == ["w"]
    assert "1 tensor of F8_E4M3 (f8): not measured" in source.reading.left_out


@pytest.mark.parametrize(
    "turned",
    [
        lambda w: w.t(),
        lambda w: w[::2],
        lambda w: w[:, 3:9],
        lambda w: w[:, ::3].t(),
        lambda w: w.reshape(8, 5, 10).permute(2, 0, 1),
        lambda w: w.reshape(2, 4, 5, 10).to(memory_format=torch.channels_last),
        lambda w: w.reshape(1, 40, 1, 10).transpose(0, 2),
        lambda w: w[3],
        lambda w: w[2, 5],
    ],
)
def test_views_come_out_right(tmp_path, turned):
    state = {"w": turned(torch.randn(40, 10)), "v": torch.ones(2)}
    torch.save(state, tmp_path / "step-1.pt")
    check(open_source(tmp_path), 1, state)


def test_the_files_own_count_goes_before_the_names(tmp_path):
    for epoch in range(3):
        checkpoint = {"state_dict": model(epoch).state_dict(), "global_step": 100 * (epoch + 1)}
        torch.save(checkpoint, tmp_path / f"epoch={epoch}.ckpt")
    torch.save(checkpoint, tmp_path / "last.ckpt")
    source = open_source(tmp_path)
    assert source.iterations == (100, 200, 300)
    assert "state themselves" in source.reading.numbering
    assert "1 file (last.ckpt): of the same iteration as another checkpoint" in (
        source.reading.left_out
    )
    by_name = open_source(tmp_path, SourceConfig(pattern=r"epoch=(\d+)"))
    assert by_name.iterations == (0, 1, 2)


def test_what_lies_beside_the_model_is_counted_and_may_be_asked_for(tmp_path):
    network, optimizer = trained()
    average = {name: 2 * each for name, each in network.state_dict().items()}
    checkpoint = {
        "model": network.state_dict(),
        "ema": average,
        "optimizer": optimizer.state_dict(),
    }
    torch.save(checkpoint | {"step": 7}, tmp_path / "a.pt")
    told = open_source(tmp_path).reading.left_out
    assert "9 tensors under 'ema': an average of the weights; choose it with --model ema" in told
    assert "18 tensors under 'optimizer': a state of the training" in told
    source = open_source(tmp_path, SourceConfig(model="ema"))
    check(source, 7, average)
    with pytest.raises(LogError, match="has no model 'best'; it has model, ema, optimizer"):
        open_source(tmp_path, SourceConfig(model="best"))


def test_files_that_hold_no_state_dict_cost_nothing_but_themselves(tmp_path):
    torch.save(model().state_dict(), tmp_path / "step-1.pt")
    torch.save({"optimizer": {}}, tmp_path / "step-2.pt")
    (tmp_path / "step-3.pt").write_bytes(b"")
    source = open_source(tmp_path)
    assert source.iterations == (1,)
    told = {problem.path[-9:]: problem.message for problem in source.problems}
    assert "holds no state dict" in told["step-2.pt"]
    assert "is no ZIP archive" in told["step-3.pt"]
