"""Small real training logs and checkpoint folders, written with the shipped writer."""

import json
from pathlib import Path

import numpy as np

from deeptracker.record.tensor_file import write_tensors

SHAPES = {
    "stem.weight": (6, 3, 3, 3),
    "stem.bias": (6,),
    "stage1.0.conv.weight": (40, 30, 5),
    "stage1.0.norm.weight": (40,),
    "stage1.1.conv.weight": (33, 17),
    "head.weight": (5, 90, 40),
    "head.bias": (5,),
    "scale": (),
}


class LogWriter:
    """Writes snapshots and outcomes that follow from the iteration alone.

    The same iteration is always the same, so that a log can be grown or written at once.
    """

    def __init__(self, path, *, shapes=None, images=60, classes=4, gradients=False, dtype="f4"):
        self.path = Path(path)
        self.shapes = shapes or SHAPES
        self.classes = classes
        self.gradients = gradients
        self.dtype = np.dtype(dtype)
        self.path.mkdir(parents=True, exist_ok=True)
        names = [f"kind {number}" for number in range(classes)]
        run = {"schema_version": 1, "name": "small", "framework": "none", "classes": names}
        (self.path / "run.json").write_text(json.dumps(run), encoding="utf-8")
        self.labels = np.random.default_rng(1).integers(0, classes, images).astype(np.int32)
        write_tensors(self.path / "images.safetensors", {"label": self.labels})

    def values(self, iteration):
        random = np.random.default_rng([7, iteration])
        drift = np.random.default_rng(3)
        values = {}
        for name, shape in self.shapes.items():
            start = drift.standard_normal(shape)
            noise = random.standard_normal(shape) * 0.02
            values[name] = np.asarray(start * (1 + 0.01 * iteration) + noise, self.dtype)
        return values

    def snapshot(self, iteration, **changed):
        values = self.values(iteration)
        values |= {name.replace("__", "."): value for name, value in changed.items()}
        if self.gradients:
            random = np.random.default_rng([9, iteration])
            for name, shape in self.shapes.items():
                values[f"grad/{name}"] = np.asarray(random.standard_normal(shape), self.dtype)
        folder = self.path / "snapshots"
        folder.mkdir(exist_ok=True)
        write_tensors(folder / f"{iteration:09d}.safetensors", values)

    def predicted(self, iteration):
        random = np.random.default_rng([11, iteration])
        wrong = random.random(len(self.labels)) < 0.15 + 0.3 * (iteration % 7 == 3)
        return np.where(wrong, (self.labels + 1) % self.classes, self.labels).astype(np.int32)

    def outcomes(self, iteration):
        folder = self.path / "outcomes"
        folder.mkdir(exist_ok=True)
        loss = np.random.default_rng([13, iteration]).random(len(self.labels))
        write_tensors(
            folder / f"{iteration:09d}.safetensors",
            {"predicted": self.predicted(iteration), "loss": loss.astype(np.float32)},
        )

    def scalars(self, iteration):
        line = {"iteration": iteration, "train_loss": 1 / (1 + iteration), "learning_rate": 0.1}
        with (self.path / "scalars.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def iteration(self, iteration):
        self.snapshot(iteration)
        self.outcomes(iteration)
        self.scalars(iteration)

    def iterations(self, iterations):
        for iteration in iterations:
            self.iteration(iteration)
        return self
