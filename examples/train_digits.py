"""Train a small residual network on the digits of scikit-learn, and record everything.

    python examples/train_digits.py --out examples/digits

Two things are done to the network on purpose, and DeepTracker must be able to show them: at
`SPIKE_ITERATION` the learning rate of one step is `SPIKE_FACTOR` times too large, and at
`RESET_ITERATION` filter `RESET_FILTER` of `RESET_LAYER` is drawn anew.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from deeptracker import Recorder

ITERATIONS = 2400
BATCH = 64
LEARNING_RATE = 0.1
SPIKE_ITERATION = 1400
SPIKE_FACTOR = 30.0
RESET_ITERATION = 1900
RESET_LAYER = "conv1"
RESET_FILTER = 5
RESET_SCALE = 8.0
VALIDATION_IMAGES = 597
NOISE = 0.35


class Bottleneck(nn.Module):
    """A bottleneck block, its layers named as in torchvision."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Add the block's residual to its input."""
        residual = functional.relu(self.bn1(self.conv1(x)))
        residual = functional.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return functional.relu(residual + (x if self.downsample is None else self.downsample(x)))


class DigitsResNet(nn.Module):
    """Three stages of two bottleneck blocks for 8 x 8 images."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(16, 4, 1)
        self.layer2 = self._stage(16, 8, 2)
        self.layer3 = self._stage(32, 16, 2)
        self.fc = nn.Linear(64, classes)

    @staticmethod
    def _stage(inputs: int, planes: int, stride: int) -> nn.Sequential:
        outputs = planes * Bottleneck.expansion
        return nn.Sequential(Bottleneck(inputs, planes, stride), Bottleneck(outputs, planes, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [image, class]."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def recorded_iterations(last: int) -> set[int]:
    """Every 5 iterations at first, when most is learned; every 25 later."""
    return set(range(0, 200, 5)) | set(range(200, 400, 10)) | set(range(400, last + 1, 25))


def load(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, np.ndarray]:
    """Return training and validation images and labels, and the validation thumbnails."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    validation, training = order[:VALIDATION_IMAGES], order[VALIDATION_IMAGES:]
    images = torch.tensor(digits.images / 8.0 - 1.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target, dtype=torch.long)
    thumbnails = (digits.images[validation] * 255 / 16).round().astype(np.uint8)[..., None]
    return images[training], labels[training], images[validation], labels[validation], thumbnails


def augment(images: Tensor) -> Tensor:
    """Shift each image by up to one pixel and add noise, so that there is always more to learn."""
    padded = functional.pad(images, (1, 1, 1, 1), value=-1.0)
    y, x = torch.randint(0, 3, (2, len(images))).tolist()
    shifted = torch.stack(
        [image[:, i : i + 8, j : j + 8] for image, i, j in zip(padded, y, x, strict=True)]
    )
    return shifted + NOISE * torch.randn_like(shifted)


def reset_filter(model: nn.Module) -> None:
    """Draw one filter anew, as an interrupted or faulty restore of a checkpoint might."""
    weight = model.get_submodule(RESET_LAYER).weight
    with torch.no_grad():
        fresh = torch.empty_like(weight[RESET_FILTER : RESET_FILTER + 1])
        nn.init.kaiming_normal_(fresh)
        weight[RESET_FILTER] = RESET_SCALE * fresh[0]


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return (predicted [image], loss [image])."""
    model.eval()
    logits = model(images)
    model.train()
    return logits.argmax(1), functional.cross_entropy(logits, labels, reduction="none")


def hyperparameters_of(seed: int) -> dict[str, Any]:
    """Describe the training, and where its two incidents are planted."""
    return {
        "optimizer": "SGD, Nesterov momentum 0.9, weight decay 1e-4",
        "learning_rate": f"{LEARNING_RATE}, cosine to {LEARNING_RATE / 20}",
        "batch": BATCH,
        "seed": seed,
        "incidents": {
            "learning_rate_spike": {"iteration": SPIKE_ITERATION, "factor": SPIKE_FACTOR},
            "filter_reinitialised": {
                "iteration": RESET_ITERATION,
                "parameter": f"{RESET_LAYER}.weight",
                "filter": RESET_FILTER,
            },
        },
    }


def train(out: Path, seed: int, iterations: int) -> float:
    """Train, record to `out`, and return the validation accuracy."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    images, labels, validation_images, validation_labels, thumbnails = load(seed)
    model = DigitsResNet(10)
    optimizer = torch.optim.SGD(
        model.parameters(), LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, iterations, LEARNING_RATE / 20)
    recorded = recorded_iterations(iterations)
    order = torch.randperm(len(labels))
    with Recorder(
        out,
        model=model,
        name="digits",
        classes=[str(digit) for digit in range(10)],
        images={"label": validation_labels.numpy(), "thumbnail": thumbnails},
        dtype="float16",
        hyperparameters=hyperparameters_of(seed),
    ) as recorder:
        for iteration in range(iterations + 1):
            place = iteration * BATCH % (len(labels) - BATCH)
            if place < BATCH:
                order = torch.randperm(len(labels))
            batch = order[place : place + BATCH]
            logits = model(augment(images[batch]))
            loss = functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            rate = optimizer.param_groups[0]["lr"]
            if iteration == SPIKE_ITERATION:
                rate *= SPIKE_FACTOR
                optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            if iteration == SPIKE_ITERATION:
                optimizer.param_groups[0]["lr"] = rate / SPIKE_FACTOR
            if iteration == RESET_ITERATION:
                reset_filter(model)
            schedule.step()
            if iteration in recorded:
                predicted, losses = evaluate(model, validation_images, validation_labels)
                recorder.snapshot(iteration)
                recorder.outcomes(iteration, predicted, loss=losses)
                recorder.scalars(
                    iteration,
                    learning_rate=rate,
                    train_loss=loss.item(),
                    train_error=(logits.argmax(1) != labels[batch]).float().mean().item(),
                    validation_loss=losses.mean().item(),
                    validation_error=(predicted != validation_labels).float().mean().item(),
                )
    return float((predicted == validation_labels).float().mean())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("examples/digits"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    options = parser.parse_args()
    if options.out.exists():
        shutil.rmtree(options.out)
    started = time.perf_counter()
    accuracy = train(options.out, options.seed, options.iterations)
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(
        f"{options.out}: validation accuracy {accuracy:.1%}, {size / 1e6:.1f} MB, "
        f"{time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
