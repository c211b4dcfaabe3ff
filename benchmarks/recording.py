"""Measure how long a training waits for the recorder.

    python benchmarks/recording.py

Two measurements. With torch installed: the digits example's network is trained for two of the
recorder's default intervals, and the share of the time spent inside the recorder is printed. For
ResNet-50's shapes: the seconds of one snapshot with gradients, the ratio to a plain write of the
same bytes, and the step time above which it is under 2 % at the default interval.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from networks import shapes_of

from deeptracker import Recorder

SHARE = 0.02
DEFAULT_INTERVAL = 1000
REPEATS = 5
EXAMPLES = Path(__file__).parents[1] / "examples"


def train_digits(folder: Path) -> float:
    """Train the example's network; give the recorder's share of the time."""
    sys.path.insert(0, str(EXAMPLES))
    import torch
    import train_digits as example
    from torch.nn import functional

    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels, validation, truth, thumbnails = example.load(0)
    model = example.DigitsResNet(10)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    waited = 0.0
    started = time.perf_counter()
    kept = {"label": truth.numpy(), "thumbnail": thumbnails}
    with Recorder(folder / "digits", model=model, images=kept) as recorder:
        for iteration in range(2 * DEFAULT_INTERVAL):
            batch = torch.randint(0, len(labels), (example.BATCH,))
            loss = functional.cross_entropy(model(example.augment(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if recorder.due(iteration):
                predicted, losses = example.evaluate(model, validation, truth)
                begun = time.perf_counter()
                recorder.snapshot(iteration)
                recorder.outcomes(iteration, predicted, loss=losses)
                recorder.scalars(iteration, train_loss=loss.item())
                waited += time.perf_counter() - begun
    return waited / (time.perf_counter() - started)


def write_resnet(folder: Path) -> tuple[float, float, float]:
    """Give the gigabytes of a ResNet-50 snapshot, its seconds, and those of a plain write."""
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape, np.float32)
        for name, shape in shapes_of("resnet50").items()
    }
    nbytes = 2 * sum(array.nbytes for array in weights.values())
    snapshots, plain = [], []
    with Recorder(folder / "resnet50") as recorder:
        for number in range(REPEATS):
            begun = time.perf_counter()
            recorder.snapshot(number * DEFAULT_INTERVAL, weights, gradients=weights)
            snapshots.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            with (folder / f"plain-{number}").open("wb") as file:
                for _ in range(2):
                    for array in weights.values():
                        file.write(array)
            plain.append(time.perf_counter() - begun)
    return nbytes / 1e9, statistics.median(snapshots), statistics.median(plain)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        folder = Path(temporary)
        gigabytes, seconds, plain = write_resnet(folder)
        found: dict[str, float | None] = {
            "snapshot_gigabytes": gigabytes,
            "snapshot_seconds": seconds,
            "ratio_to_plain_write": seconds / plain,
            "step_seconds_for_two_percent": seconds / DEFAULT_INTERVAL / SHARE,
            "digits_share": None,
        }
        if importlib.util.find_spec("torch") and importlib.util.find_spec("sklearn"):
            found["digits_share"] = train_digits(folder)
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"ResNet-50 with gradients, {gigabytes:.2f} GB: {seconds:.3f} s a snapshot, "
        f"{seconds / plain:.1f} times a plain write; under 2 % every {DEFAULT_INTERVAL} iterations "
        f"from {1e3 * seconds / DEFAULT_INTERVAL / SHARE:.0f} ms per step"
    )
    share = found["digits_share"]
    if share is None:
        print("digits: torch and scikit-learn are not installed, so nothing was trained")
    else:
        print(
            f"digits, recorded every {DEFAULT_INTERVAL} iterations: waits {share:.2%} of its time"
        )


if __name__ == "__main__":
    main()
