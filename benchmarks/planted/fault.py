"""The base of all faults: where a fault is planted, and hooks by which it changes a training."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from planted.tasks import Task
from planted.truth import CLEAN, Truth

__all__ = ["EVERYWHERE", "Fault", "Site", "filter_lead", "layer_leads", "weights_of"]

EVERYWHERE = ("scalar", "node", "filter", "class", "images")


@dataclass(frozen=True)
class Site:
    """The training into which a fault is planted; `random` draws its place and its strength."""

    model: nn.Module
    task: Task
    optimizer: str
    random: np.random.Generator

    def layers(self) -> list[tuple[str, nn.Module]]:
        """Give the layers with a weight matrix, in the network's order."""
        return [
            (name, module)
            for name, module in self.model.named_modules()
            if isinstance(module, nn.Linear | nn.Conv2d)
        ]

    def hidden_layer(self) -> tuple[str, nn.Module]:
        """Draw a layer that is not the last one, and is no shortcut around others."""
        layers = [layer for layer in self.layers()[:-1] if "downsample" not in layer[0]]
        return layers[int(self.random.integers(len(layers)))]

    def onset(self) -> int:
        """Draw an iteration in the middle third of the training."""
        steps = self.task.steps
        return int(self.random.integers(round(0.36 * steps), round(0.66 * steps)))


class Fault:
    """No fault; subclasses change what they need to.

    A subclass draws its place in `__init__` and sets `truth`. Iterations count the optimizer's
    steps from 1; iteration 0 is the untrained network.

    Attributes
    ----------
    optimizers : tuple of str
        Optimizers under which the fault does harm.
    zeroes_gradients : bool
        Whether gradients are zeroed before every step.
    new_order_at : int, optional
        Iteration at which an epoch begins before its time.
    """

    name = CLEAN
    optimizers: tuple[str, ...] = ("sgd", "adam", "adamw")
    zeroes_gradients = True
    new_order_at: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.truth = Truth(self.name)

    def prepare(self) -> None:
        """Change the network before the optimizer is made."""

    def registered(self) -> Iterable[nn.Parameter]:
        """Give the parameters that the optimizer gets."""
        return self.site.model.parameters()

    def rate(self, _iteration: int, rate: float) -> float:
        """Give the learning rate of a step."""
        return rate

    def batch(self, _iteration: int, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Give the batch of a step."""
        return inputs, labels

    def order(self, _iteration: int, order: Tensor, _labels: Tensor) -> Tensor:
        """Give the order of the training images in an epoch that begins at an iteration."""
        return order

    def outputs(self, logits: Tensor) -> Tensor:
        """Give what the network ends with."""
        return logits

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the loss that is trained and recorded."""
        return functional.cross_entropy(logits, labels)

    def before_step(self, iteration: int) -> None:
        """Change gradients, which have been computed."""

    def after_step(self, iteration: int) -> None:
        """Change weights, before the snapshot of the iteration."""


def weights_of(layer: nn.Module) -> Tensor:
    """Give a layer's weight."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight


def layer_leads(name: str) -> tuple[tuple[str, str], ...]:
    """Accept a layer, or its weight or bias, as the lead."""
    return (("node", name), ("node", f"{name}.weight"), ("node", f"{name}.bias"))


def filter_lead(name: str, rows: Iterable[int]) -> tuple[tuple[str, str], ...]:
    """Accept one of some filters of a layer's weight as the lead; a bias has no filters."""
    return tuple(("filter", f"{name}.weight[{row}]") for row in rows)
