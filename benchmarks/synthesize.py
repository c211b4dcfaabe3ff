"""Write a training log of any size: real shapes, drifting weights, planted incidents.

    python benchmarks/synthesize.py /data/log --network resnet50 --snapshots 96
    python benchmarks/synthesize.py /data/log --network transformer-1.3b --dtype bf16 --gradients
    python benchmarks/synthesize.py /data/log --outcomes 0                  # snapshots only
    python benchmarks/synthesize.py /data/log --snapshots 0 --outcomes 757  # outcomes only

Shapes are those of the published networks. Weights start at He et al.'s scale and drift more and
more slowly, as under a learning rate that falls by steps; easy images are learned first. Four
incidents are planted and named in run.json: a learning-rate spike, a filter with new random
weights, a filter that dies, and a class that is forgotten for a while. Memory: the weights in
float32, once.
"""

import argparse
import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from drift import CODES, Drift
from networks import NETWORKS, shapes_of
from rich.console import Console
from rich.progress import Progress

from deeptracker.record.tensor_file import ITEM_BYTES, replace_file, write_tensors

SPIKE_FACTOR = 20.0


@dataclass(frozen=True)
class Incidents:
    """Columns of the planted incidents, from shares of the training."""

    spike: int
    reset: int
    death: int
    forgetting: int
    forgetful_columns: int
    klass: int

    @classmethod
    def of(cls, columns: int, classes: int) -> "Incidents":
        """Plan them over a number of columns."""
        return cls(
            spike=int(0.6 * columns),
            reset=int(0.8 * columns),
            death=int(0.4 * columns),
            forgetting=int(0.5 * columns),
            forgetful_columns=max(1, columns // 20),
            klass=classes // 3,
        )

    def named(self, every: int, victims: list[str]) -> dict[str, object]:
        """Name them for run.json; iteration, then where."""
        names: dict[str, object] = {
            "learning_rate_spike": self.spike * every,
            "forgotten_class": [self.forgetting * every, self.klass],
        }
        if victims:
            names["reinitialised"] = [self.reset * every, victims[0], 0]
            names["dead_filter"] = [self.death * every, victims[1], 1]
        return names


class Validation:
    """Images that a network learns to recognise one after the other, easy ones first."""

    def __init__(self, images: int, classes: int, incidents: Incidents, seed: int) -> None:
        self._random = np.random.default_rng([seed, 1])
        self.label = (np.arange(images) % classes).astype(np.int32)
        self._hardness = self._random.beta(2, 3, images).astype(np.float32)
        self._classes = classes
        self._incidents = incidents

    def outcomes(self, column: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (predicted int32 [image], loss float32 [image])."""
        incidents = self._incidents
        progress = 1 - np.exp(-4 * (column + 1) / columns)
        shock = {incidents.spike: 0.3, incidents.reset: 0.1}.get(column, 0.0)
        noise = self._random.standard_normal(len(self.label), dtype=np.float32)
        margin = np.float32(1.4 * progress - shock) - self._hardness + np.float32(0.03) * noise
        if 0 <= column - incidents.forgetting < incidents.forgetful_columns:
            margin[self.label == incidents.klass] -= 2
        wrong = self.label + 1 + self._random.integers(0, 5, len(self.label), dtype=np.int32)
        predicted = np.where(margin > 0, self.label, wrong % self._classes)
        return predicted, np.log1p(np.exp(-6 * margin))


def pictures(label: np.ndarray, side: int) -> np.ndarray:
    """Draw uint8 [image, y, x, channel]: a plain picture per class, with noise per image."""
    random = np.random.default_rng(1)
    motifs = random.integers(40, 215, (int(label.max()) + 1, side, side, 3), dtype=np.int16)
    noise = random.integers(-40, 40, (len(label), side, side, 1), dtype=np.int16)
    return (motifs[label] + noise).astype(np.uint8)


def synthesize(
    out: Path,
    *,
    network: str = "resnet50",
    snapshots: int = 8,
    outcomes: int | None = None,
    images: int = 2000,
    classes: int = 100,
    dtype: str = "f4",
    gradients: bool = False,
    every: int = 1600,
    seed: int = 0,
    thumbnails: int = 0,
    progress: bool = False,
) -> int:
    """Write a log to `out` and return the bytes of its snapshots.

    Parameters
    ----------
    snapshots, outcomes : int
        Numbers of iterations with snapshots and outcomes; by default equal.
    dtype : {"f4", "bf16", "f2", "f8"}
        Dtype of weights and gradients.
    every : int
        Optimizer steps from one iteration to the next.
    thumbnails : int
        Side of every image's thumbnail; 0 writes none.
    progress : bool
        Show a bar on standard error.
    """
    outcomes = snapshots if outcomes is None else outcomes
    columns = max(snapshots, outcomes)
    drift = Drift(shapes_of(network) if snapshots else {}, dtype, seed)
    incidents = Incidents.of(columns, classes)
    victims = [drift.filters()[0], drift.filters()[-1]] if snapshots else []
    validation = Validation(images, classes, incidents, seed)
    for folder in ("snapshots", "outcomes"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    named = incidents.named(every, victims)
    _describe(out, network, classes, {"incidents": named, "seed": seed, "dtype": dtype})
    _write_images(out, validation, thumbnails)
    written = 0
    bar = Progress(console=Console(stderr=True), transient=True, disable=not progress)
    with bar, (out / "scalars.jsonl").open("w", encoding="utf-8") as scalars:
        for column in bar.track(range(columns), description=f"writing {out}"):
            name = f"{column * every:09d}.safetensors"
            factor = SPIKE_FACTOR if column == incidents.spike else 1
            rate = _learning_rate(column / columns) * factor
            line = {"iteration": column * every, "learning_rate": rate}
            if column < snapshots:
                _move(drift, rate, column, incidents, victims)
                written += _write_snapshot(out / "snapshots" / name, drift, gradients)
            if column < outcomes:
                predicted, loss = validation.outcomes(column, columns)
                write_tensors(out / "outcomes" / name, {"predicted": predicted, "loss": loss})
                wrong = float((predicted != validation.label).mean())
                line |= {"train_loss": float(loss.mean() * 0.9), "validation_error": wrong}
                line["validation_loss"] = float(loss.mean())
            scalars.write(json.dumps(line) + "\n")
    return written


def _write_images(out: Path, validation: Validation, thumbnails: int) -> None:
    tensors = {"label": validation.label}
    if thumbnails:
        tensors["thumbnail"] = pictures(validation.label, thumbnails)
    write_tensors(out / "images.safetensors", tensors)


def _learning_rate(progress: float) -> float:
    """Give a learning rate that falls by steps, and smoothly in between."""
    return float(0.02 * 0.1 ** int(3 * progress) * 0.5**progress)


def _move(drift: Drift, rate: float, column: int, incidents: Incidents, victims: list[str]) -> None:
    drift.step(rate)
    if column == incidents.reset:
        drift.reinitialise(victims[0], 0)
    if column == incidents.death:
        drift.kill(victims[1], 1)


def _write_snapshot(path: Path, drift: Drift, gradients: bool) -> int:
    """Stream every tensor into a safetensors file; give its bytes."""
    fields: dict[str, object] = {}
    end = 0
    for prefix in ("", "grad/") if gradients else ("",):
        for name, shape in drift.shapes.items():
            begin = end
            end += int(np.prod(shape)) * ITEM_BYTES[drift.code]
            fields[prefix + name] = {
                "dtype": drift.code,
                "shape": list(shape),
                "data_offsets": [begin, end],
            }
    header = json.dumps(fields, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)

    def chunks() -> Iterator[bytes | memoryview]:
        yield struct.pack("<Q", len(header))
        yield header
        for name in drift.shapes:
            yield from drift.raw(name)
        for name in drift.shapes if gradients else ():
            yield from drift.raw_gradient(name)

    replace_file(path, chunks())
    return 8 + len(header) + end


def _describe(out: Path, network: str, classes: int, hyperparameters: dict[str, object]) -> None:
    description = {
        "schema_version": 1,
        "name": f"{network}, synthesized",
        "framework": "synthesized",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "classes": [f"class {index:04d}" for index in range(classes)],
        "modules": {},
        "hyperparameters": hyperparameters,
    }
    (out / "run.json").write_text(json.dumps(description, indent=1), encoding="utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--network", choices=NETWORKS, default="resnet50")
    parser.add_argument("--snapshots", type=int, default=8, help="0: outcomes only")
    parser.add_argument("--outcomes", type=int, help="as many as snapshots; 0: snapshots only")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--dtype", choices=CODES, default="f4", help="of weights and gradients")
    parser.add_argument("--gradients", action="store_true", help="record them with the weights")
    parser.add_argument("--every", type=int, default=1600, help="steps between iterations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--thumbnails", type=int, default=0, help="side of a picture; none if 0")
    parser.add_argument("--json", action="store_true")
    options = vars(parser.parse_args())
    out, as_json = options.pop("out"), options.pop("json")
    started = time.perf_counter()
    written = synthesize(out, **options, progress=not as_json)
    seconds = time.perf_counter() - started
    rate = written / 1e9 / seconds * 60
    if as_json:
        print(
            json.dumps(
                {"bytes": written, "seconds": seconds, "gigabytes_per_minute": rate, **options}
            )
        )
        return
    print(f"{out}: {written / 1e9:.2f} GB of weights in {seconds:.1f} s, {rate:.0f} GB per minute")


if __name__ == "__main__":
    main()
