"""Faults of the training: learning rate, loss, last activation, gradients, data.

Operators of DeepFD (Cao et al., ICSE 2022: loss function, learning rate, activation, optimizer,
epochs) and of the cases that rules of Amazon SageMaker Debugger are for. DeepFD draws a learning
rate that is too high from 1 to 10 and one that is too low from 1e-15 to 1e-10.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from planted.fault import EVERYWHERE, Fault, Site, layer_leads
from planted.truth import FROM_START, Truth

__all__ = ["TRAINING_FAULTS"]

LOSSES = (("scalar", "train_loss"), ("scalar", "validation_loss"))
RATE = (("scalar", "learning_rate"),)
FAILS = ("rate", "rises", "not finite", "slow", "still", "zero", "class")


class _HighRate(Fault):
    name = "rate_high"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.base = float(10 ** site.random.uniform(0, 1))
        self.truth = Truth(
            self.name,
            from_start=True,
            within=FROM_START,
            leads=RATE,
            evidence=EVERYWHERE,
            symptoms=FAILS,
            detail={"rate": self.base},
        )

    def rate(self, _iteration: int, rate: float) -> float:
        return rate / self.site.task.rates[self.site.optimizer] * self.base


class _LowRate(_HighRate):
    name = "rate_low"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.base = float(10 ** site.random.uniform(-15, -10))
        self.truth = Truth(
            self.name,
            from_start=True,
            within=FROM_START,
            leads=RATE,
            evidence=EVERYWHERE,
            symptoms=("rate", "slow", "still"),
            detail={"rate": self.base},
        )


class _RateSpike(Fault):
    name = "rate_spike"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        self.truth = Truth(
            self.name,
            self.at,
            leads=RATE,
            evidence=EVERYWHERE,
            lasts=False,
            detail={"factor": 25, "steps": 2},
        )

    def rate(self, iteration: int, rate: float) -> float:
        return 25 * rate if iteration in (self.at, self.at + 1) else rate


def _absolute(logits: Tensor, labels: Tensor) -> Tensor:
    goal = functional.one_hot(labels, logits.shape[1]).float()
    return (logits.softmax(1) - goal).abs().mean()


def _softmax_twice(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.softmax(1), labels)


def _binary(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        logits.max(1).values, labels.float().clamp(max=1)
    )


WRONG_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean absolute error of the softmax": _absolute,
    "cross-entropy of the softmax": _softmax_twice,
    "binary cross-entropy of the class number": _binary,
}


class _WrongLoss(Fault):
    name = "wrong_loss"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.kind = str(site.random.choice(list(WRONG_LOSSES)))
        self.truth = Truth(
            self.name,
            from_start=True,
            within=FROM_START,
            leads=LOSSES,
            evidence=EVERYWHERE,
            symptoms=FAILS,
            detail={"loss": self.kind},
        )

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return WRONG_LOSSES[self.kind](logits, labels)


class _WrongActivation(Fault):
    name = "wrong_activation"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.kind = str(site.random.choice(["relu", "sigmoid", "negative relu"]))
        self.truth = Truth(
            self.name,
            from_start=True,
            within=FROM_START,
            leads=(*layer_leads(site.layers()[-1][0]), *LOSSES),
            evidence=EVERYWHERE,
            symptoms=FAILS,
            detail={"activation": self.kind},
        )

    def outputs(self, logits: Tensor) -> Tensor:
        if self.kind == "sigmoid":
            return logits.sigmoid()
        return -logits.relu() if self.kind == "negative relu" else logits.relu()


class _NoZeroGrad(Fault):
    name = "no_zero_grad"
    zeroes_gradients = False

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.truth = Truth(
            self.name, from_start=True, within=FROM_START, evidence=EVERYWHERE, symptoms=FAILS
        )


class _ClassLabels(Fault):
    name = "class_labels"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        one, other = site.random.permutation(site.task.classes)[:2]
        self.one, self.other = int(one), int(other)
        self.truth = Truth(
            self.name,
            self.at,
            within=8,
            leads=(("class", str(self.one)), ("class", str(self.other))),
            evidence=EVERYWHERE,
            places=(site.layers()[-1][0],),
            detail={"class": self.one, "becomes": self.other},
        )

    def batch(self, iteration: int, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if iteration >= self.at:
            labels = torch.where(labels == self.one, self.other, labels)
        return inputs, labels


class _AllLabels(Fault):
    name = "all_labels"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        leads = (*LOSSES, ("scalar", "train_error"), ("scalar", "validation_error"))
        self.truth = Truth(self.name, self.at, within=5, leads=leads, evidence=EVERYWHERE)

    def batch(self, iteration: int, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if iteration >= self.at:
            labels = torch.randint_like(labels, self.site.task.classes)
        return inputs, labels


class _InfiniteBatch(Fault):
    """One input is infinite. The training skips a step whose loss is not finite."""

    name = "infinite_batch"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        self.truth = Truth(
            self.name,
            self.at,
            leads=LOSSES[:1],
            evidence=("scalar",),
            symptoms=("not finite",),
            lasts=False,
        )

    def batch(self, iteration: int, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if iteration == self.at:
            inputs = inputs.clone()
            inputs.view(-1)[0] = float("inf")
        return inputs, labels


class _Exploding(Fault):
    """The gradient doubles every two steps, as in a recurrence, and nothing clips it."""

    name = "exploding"
    optimizers = ("sgd",)

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        self.truth = Truth(
            self.name,
            self.at,
            within=6,
            evidence=EVERYWHERE,
            detail={"factor a step": 2**0.5},
        )

    def before_step(self, iteration: int) -> None:
        if iteration >= self.at:
            for parameter in self.site.model.parameters():
                if parameter.grad is not None:
                    parameter.grad *= 2.0 ** (min(iteration - self.at + 1, 40) / 2)


class _SortedLabels(Fault):
    """From an iteration on the batches come class by class."""

    name = "sorted_labels"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.new_order_at = self.at = site.onset()
        self.truth = Truth(
            self.name,
            self.at,
            within=8,
            leads=(*LOSSES, ("scalar", "train_error"), ("scalar", "validation_error")),
            evidence=EVERYWHERE,
        )

    def order(self, iteration: int, order: Tensor, labels: Tensor) -> Tensor:
        return order[labels[order].argsort(stable=True)] if iteration >= self.at else order


TRAINING_FAULTS = (
    _HighRate,
    _LowRate,
    _RateSpike,
    _WrongLoss,
    _WrongActivation,
    _NoZeroGrad,
    _ClassLabels,
    _AllLabels,
    _InfiniteBatch,
    _Exploding,
    _SortedLabels,
)
