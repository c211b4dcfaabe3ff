"""What is learned: two sets of points in the plane as in AutoTrainer, and scikit-learn's digits.

Blob and Circle are the data sets of AutoTrainer (Zhang et al., ICSE 2021), drawn here with NumPy.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from planted.models import Perceptron, SmallResNet, SmallVGG, SmallViT

__all__ = ["TASKS", "Data", "Task"]

VALIDATION = 300


@dataclass(frozen=True)
class Data:
    """Training and validation inputs and labels; labels are int64 [image]."""

    inputs: Tensor
    labels: Tensor
    validation: Tensor
    truth: Tensor
    augment: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Task:
    """Data and a network, with settings under which the training succeeds.

    Attributes
    ----------
    rates : dict
        Learning rate by optimizer: sgd (with momentum), adam, adamw.
    steps, every, batch, epoch : int
        Optimizer steps, steps from one snapshot to the next, images of a batch, steps of an epoch.
    """

    name: str
    classes: int
    data: Callable[[int], Data]
    model: Callable[[int], nn.Module]
    rates: dict[str, float]
    steps: int
    every: int
    batch: int
    epoch: int


def _blob(seed: int) -> Data:
    """Draw four clouds that touch each other."""
    random = np.random.default_rng(seed)
    centres = np.array([[2, 2], [-2, 2], [-2, -2], [2, -2]], float)
    labels = random.integers(0, 4, 1500)
    return _points(centres[labels] + random.normal(0, 1.0, (1500, 2)), labels)


def _circle(seed: int) -> Data:
    """Draw a noisy circle inside another one."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 1500)
    angles = random.uniform(0, 2 * np.pi, 1500)
    radii = np.where(labels == 1, 0.8, 2.0)[:, None]
    points = radii * np.stack([np.cos(angles), np.sin(angles)], 1)
    return _points(points + random.normal(0, 0.3, (1500, 2)), labels)


def _points(points: np.ndarray, labels: np.ndarray) -> Data:
    inputs, classes = torch.tensor(points, dtype=torch.float32), torch.tensor(labels)
    return Data(
        inputs[VALIDATION:],
        classes[VALIDATION:],
        inputs[:VALIDATION],
        classes[:VALIDATION],
        lambda batch: batch,
    )


def _digits(seed: int) -> Data:
    """Load the digits of 8 x 8 pixels, split in another way by each seed."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images = torch.tensor(digits.images / 8.0 - 1.0, dtype=torch.float32).unsqueeze(1)[order]
    labels = torch.tensor(digits.target, dtype=torch.long)[order]
    return Data(
        images[VALIDATION:],
        labels[VALIDATION:],
        images[:VALIDATION],
        labels[:VALIDATION],
        lambda batch: batch + 0.35 * torch.randn_like(batch),
    )


_PLANE = {"sgd": 0.05, "adam": 3e-3, "adamw": 3e-3}
_RESNET = {"sgd": 0.05, "adam": 3e-3, "adamw": 3e-3}
_VGG = {"sgd": 0.02, "adam": 1.5e-3, "adamw": 1.5e-3}
_VIT = {"sgd": 0.03, "adam": 2e-3, "adamw": 2e-3}
TASKS = {
    task.name: task
    for task in (
        Task("blob", 4, _blob, Perceptron, _PLANE, 500, 5, 32, 37),
        Task("circle", 2, _circle, Perceptron, _PLANE, 500, 5, 32, 37),
        Task("resnet", 10, _digits, SmallResNet, _RESNET, 400, 5, 32, 46),
        Task("vgg", 10, _digits, SmallVGG, _VGG, 500, 5, 32, 46),
        Task("vit", 10, _digits, SmallViT, _VIT, 500, 5, 32, 46),
    )
}
