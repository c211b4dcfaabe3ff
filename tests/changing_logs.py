"""Training logs of networks that change while they train, and folders of their checkpoints."""

import ml_dtypes
import numpy as np
from logs import LogWriter

from deeptracker.record.tensor_file import write_tensors

BASE = {
    "embed.weight": (12, 20),
    "block.0.conv.weight": (40, 30, 5),
    "block.0.norm.weight": (40,),
    "head.weight": (10, 64),
    "head.bias": (10,),
}
EVERY = 10


def adapter_added(step):
    more = {"block.0.conv.lora.down.weight": (4, 30), "block.0.conv.lora.up.weight": (40, 4)}
    return BASE | (more if step >= 3 else {})


def adapter_taken_away_and_back(step):
    return adapter_added(3 if step in (2, 3, 5, 8) else 0)


def vocabulary_resized(step):
    return BASE | {"embed.weight": (12 + 3 * (step >= 3) + 4 * (step >= 6), 20)}


def head_replaced(step):
    return BASE | ({"head.weight": (20, 64), "head.bias": (20,)} if step >= 3 else {})


def head_replaced_and_put_back(step):
    return head_replaced(3 if 2 <= step < 6 else 0)


def wrapped(step):
    return {f"student.{name}": shape for name, shape in BASE.items()} if step >= 4 else BASE


def parameters_ended(step):
    kept = ("embed.weight", "head.weight")
    return {name: BASE[name] for name in kept} if step >= 5 else BASE


def filters_appear(step):
    vectors = {"scale": (300,), "a.shift": (70,)}
    return vectors | ({"a.weight": (33, 20)} if step >= 3 else {})


def grown_large(step):
    """The new part is larger than all before, of more rows than the store was made for."""
    return {"stem.weight": (6, 40)} | ({"trunk.weight": (300, 400)} if step >= 3 else {})


def all_at_once(step):
    """Every other change, each of a network of its own within this one."""
    return {
        f"{change.__name__}.{name}": shape
        for change in CHANGES
        for name, shape in change(step).items()
    }


CHANGES = [
    adapter_added,
    adapter_taken_away_and_back,
    vocabulary_resized,
    head_replaced,
    head_replaced_and_put_back,
    wrapped,
    parameters_ended,
    filters_appear,
    grown_large,
]


class ChangingLog(LogWriter):
    """Snapshots whose parameters, and their dtype, follow from the step."""

    def __init__(self, path, shapes_at, *, dtype_at=lambda _: "f4", **options):
        super().__init__(path, shapes=BASE, images=20, **options)
        self.shapes_at = shapes_at
        self.dtype_at = dtype_at
        self._made = {}

    def values(self, iteration):
        key = iteration, self.shapes_at
        if key not in self._made:
            self._made[key] = self._values(iteration)
        return dict(self._made[key])

    def _values(self, iteration):
        step = iteration // EVERY
        dtype = self.dtype_at(step)
        dtype = ml_dtypes.bfloat16 if dtype == "bf16" else np.dtype(dtype)
        found = {}
        for name, shape in self.shapes_at(step).items():
            seed = [len(name), *map(ord, name), *shape]
            start = np.random.default_rng(seed).standard_normal(shape)
            noise = np.random.default_rng([*seed, step]).standard_normal(shape)
            found[name] = np.asarray(start * (1 + 0.01 * step) + 0.02 * noise).astype(dtype)
        return found

    def snapshot(self, iteration, **changed):
        self.shapes = self.shapes_at(iteration // EVERY)
        super().snapshot(iteration, **changed)


class ChangingCheckpoints(ChangingLog):
    """The same as plain files in a folder, with nothing beside them."""

    def __init__(self, path, shapes_at, **options):
        super().__init__(path, shapes_at, **options)
        for file in self.path.iterdir():
            file.unlink()

    def iteration(self, iteration):
        write_tensors(self.path / f"step-{iteration}.safetensors", self.values(iteration))
