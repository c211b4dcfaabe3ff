"""Write the small checkpoints of this folder with the real PyTorch, and what it reads of them.

    python tests/pipeline/sources/recorded/write_recorded.py

The tests read them where PyTorch is not installed.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
STEPS = (10, 20)


def network(step):
    """A small network: channels last, transposed, tied, half precision, a counter."""
    torch.manual_seed(step)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3), torch.nn.Linear(3, 4)
    ).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    model[2](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = model.state_dict()
    state["tied.weight"] = state["2.weight"]
    state["turned.weight"] = torch.randn(5, 3).t()
    state["half.weight"] = torch.randn(4, 6).bfloat16()[::2, 1:4]
    return state, optimizer


def statistics(state):
    """What PyTorch reads: mean, least and greatest value of every tensor of floats."""
    return {
        name: [float(f(each.double())) for f in (torch.mean, torch.min, torch.max)]
        for name, each in state.items()
        if each.is_floating_point()
    }


def main():
    """Write the files."""
    expected = {"lightning": {}, "trainer": {}}
    for place in ("lightning", "trainer", "legacy"):
        (HERE / place).mkdir(exist_ok=True)
    history = []
    for epoch, step in enumerate(STEPS):
        state, optimizer = network(step)
        checkpoint = {
            "epoch": epoch,
            "global_step": step,
            "state_dict": state,
            "optimizer_states": [optimizer.state_dict()],
            "hyper_parameters": {"lr": 0.1},
        }
        path = HERE / "lightning" / f"epoch={epoch}-step={step}.ckpt"
        torch.save(checkpoint, path)
        read = torch.load(path, weights_only=True)["state_dict"]
        expected["lightning"][step] = statistics(read)
        place = HERE / "trainer" / f"checkpoint-{step}"
        place.mkdir(exist_ok=True)
        plain = {name: each.clone().contiguous() for name, each in state.items()}
        names = sorted(plain)
        places = {}
        for number, some in enumerate((names[::2], names[1::2]), start=1):
            file = f"model-{number:05d}-of-00002.safetensors"
            save_file({name: plain[name] for name in some}, place / file)
            places |= dict.fromkeys(some, file)
        index = {"metadata": {}, "weight_map": places}
        (place / "model.safetensors.index.json").write_text(json.dumps(index))
        history.append({"step": step, "loss": 1 / step, "epoch": epoch})
        state = {"global_step": step, "log_history": history}
        (place / "trainer_state.json").write_text(json.dumps(state))
        expected["trainer"][step] = statistics(plain)
    old = HERE / "legacy" / "step-1.pt"
    torch.save({"w": torch.ones(2)}, old, _use_new_zipfile_serialization=False)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
