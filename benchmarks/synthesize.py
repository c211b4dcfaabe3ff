"""Write a training log of any size: real shapes, drifting weights, planted incidents.

    python benchmarks/synthesize.py /data/log --network resnet50 --snapshots 96

Weights start at He et al.'s scale and drift ever more slowly, as under a decaying learning rate.
Two incidents are planted and named in run.json: a learning-rate spike, and a re-initialised filter.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from networks import NETWORKS, shapes_of

from deeptracker.tensorfile import write_tensors

NOISE = 1 << 24  # weights of normal noise that are drawn once and reused at random offsets


class Drift:
    """Weights that move by noise whose size decays with the iteration."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._noise = self._random.standard_normal(2 * NOISE, dtype=np.float32)
        self.weights = {name: self._start(shape) for name, shape in shapes.items()}
        self.scales = {name: self._scale(shape) for name, shape in shapes.items()}

    @staticmethod
    def _scale(shape: tuple[int, ...]) -> float:
        fan_in = max(1, int(np.prod(shape[1:])))
        return float(np.sqrt(2 / fan_in)) if len(shape) > 1 else 0.05

    def _slice(self, length: int) -> np.ndarray:
        if length > NOISE:
            return np.resize(self._noise, length)
        start = int(self._random.integers(NOISE))
        return self._noise[start : start + length]

    def _start(self, shape: tuple[int, ...]) -> np.ndarray:
        size = int(np.prod(shape))
        centre = 1.0 if len(shape) == 1 else 0.0
        return (centre + self._scale(shape) * self._slice(size)).reshape(shape)

    def step(self, size: float) -> dict[str, np.ndarray]:
        """Move every weight, and return the gradients that would have moved it so."""
        gradients = {}
        for name, weights in self.weights.items():
            gradient = self._slice(weights.size).reshape(weights.shape)
            np.subtract(weights, np.float32(size * self.scales[name]) * gradient, out=weights)
            gradients[name] = gradient
        return gradients

    def reinitialise(self, name: str, filter_index: int) -> None:
        """Draw one filter anew."""
        weight = self.weights[name]
        weight[filter_index] = 3 * self._start(weight.shape[1:])


def outcomes_at(
    random: np.random.Generator,
    label: np.ndarray,
    hardness: np.ndarray,
    progress: float,
    shock: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (predicted int32 [image], loss float32 [image]): easy images are learned first."""
    margin = 1.4 * progress - hardness + 0.03 * random.standard_normal(len(label)) - shock
    wrong = (label + 1 + random.integers(0, 5, len(label))) % (label.max() + 1)
    predicted = np.where(margin > 0, label, wrong).astype(np.int32)
    return predicted, np.log1p(np.exp(-6 * margin)).astype(np.float32)


def pictures(label: np.ndarray, side: int) -> np.ndarray:
    """Draw uint8 [image, y, x, channel]: a plain picture a class, noise of its own an image."""
    random = np.random.default_rng(1)
    motifs = random.integers(40, 215, (int(label.max()) + 1, side, side, 3), dtype=np.int16)
    noise = random.integers(-40, 40, (len(label), side, side, 1), dtype=np.int16)
    return (motifs[label] + noise).astype(np.uint8)


def synthesize(
    out: Path,
    *,
    network: str = "resnet50",
    snapshots: int = 8,
    images: int = 2000,
    classes: int = 100,
    gradients: bool = False,
    every: int = 1600,
    seed: int = 0,
    thumbnails: int = 0,
) -> int:
    """Write a log to `out` and return the bytes of its snapshots."""
    random = np.random.default_rng(seed)
    shapes = shapes_of(network)
    drift = Drift(shapes, seed)
    spike, reset = int(0.6 * snapshots), int(0.8 * snapshots)
    victim = next(name for name, shape in shapes.items() if len(shape) > 1)
    for folder in ("snapshots", "outcomes"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    names = [f"class {index:04d}" for index in range(classes)]
    label = (np.arange(images) % classes).astype(np.int32)
    hardness = random.beta(2, 3, images)
    tensors = {"label": label}
    if thumbnails:
        tensors["thumbnail"] = pictures(label, thumbnails)
    write_tensors(out / "images.safetensors", tensors)
    incidents = {"learning_rate_spike": spike * every, "reinitialised": [reset * every, victim, 0]}
    description = {
        "schema_version": 1,
        "name": f"{network}, synthesized",
        "framework": "synthesized",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "classes": names,
        "modules": {},
        "hyperparameters": {"incidents": incidents, "seed": seed},
    }
    (out / "run.json").write_text(json.dumps(description, indent=1), encoding="utf-8")
    written = 0
    with (out / "scalars.jsonl").open("w", encoding="utf-8") as scalars:
        for column in range(snapshots):
            iteration = column * every
            rate = 0.02 * 0.5 ** (6 * column / snapshots) * (20 if column == spike else 1)
            steps = drift.step(rate)
            if column == reset:
                drift.reinitialise(victim, 0)
            tensors = dict(drift.weights)
            if gradients:
                tensors |= {f"grad/{name}": value for name, value in steps.items()}
            path = out / "snapshots" / f"{iteration:09d}.safetensors"
            write_tensors(path, tensors)
            written += path.stat().st_size
            progress = 1 - np.exp(-4 * (column + 1) / snapshots)
            shock = {spike: 0.3, reset: 0.1}.get(column, 0.0)
            predicted, loss = outcomes_at(random, label, hardness, progress, shock)
            write_tensors(
                out / "outcomes" / f"{iteration:09d}.safetensors",
                {"predicted": predicted, "loss": loss},
            )
            line = {
                "iteration": iteration,
                "learning_rate": rate,
                "train_loss": float(loss.mean() * 0.9),
                "validation_loss": float(loss.mean()),
                "validation_error": float((predicted != label).mean()),
            }
            scalars.write(json.dumps(line) + "\n")
    return written


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--network", choices=NETWORKS, default="resnet50")
    parser.add_argument("--snapshots", type=int, default=8)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument("--every", type=int, default=1600, help="iterations between snapshots")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--thumbnails", type=int, default=0, help="side of a picture; none if 0")
    options = vars(parser.parse_args())
    out = options.pop("out")
    started = time.perf_counter()
    written = synthesize(out, **options)
    seconds = time.perf_counter() - started
    print(
        f"{out}: {written / 1e9:.2f} GB of weights in {seconds:.1f} s, "
        f"{written / 1e9 / seconds * 60:.0f} GB a minute"
    )


if __name__ == "__main__":
    main()
