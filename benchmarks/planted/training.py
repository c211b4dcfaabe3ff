"""Train one case and record it, with a fault or without."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from deeptracker import Recorder
from planted.fault import Fault, Site
from planted.schedules import share_at
from planted.tasks import TASKS, Data, Task

__all__ = ["Case", "plant", "train"]


@dataclass(frozen=True)
class Case:
    """One training: a task, a fault's operator, a seed, a schedule and an optimizer."""

    task: str
    operator: type[Fault]
    seed: int
    schedule: str
    optimizer: str

    @property
    def name(self) -> str:
        """The folder of its log."""
        return f"{self.task}-{self.operator.name}-{self.seed}"

    @property
    def half(self) -> str:
        """The half of the seeds that it belongs to: thresholds are set on `tune` alone."""
        return "report" if self.seed % 2 else "tune"

    def numbers(self) -> int:
        """Give a number that only this case's random numbers start from."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:4], "big")


def plant(case: Case) -> Fault:
    """Make a case's untrained network, and draw what is planted in it."""
    torch.set_num_threads(1)
    torch.manual_seed(case.numbers())
    task = TASKS[case.task]
    random = np.random.default_rng(case.numbers())
    return case.operator(Site(task.model(task.classes), task, case.optimizer, random))


def train(case: Case, folder: Path) -> None:
    """Train a case and record it to a folder."""
    fault = plant(case)
    task, model = fault.site.task, fault.site.model
    data = task.data(case.numbers())
    fault.prepare()
    optimizer = _optimizer(case.optimizer, fault, task)
    with Recorder(
        folder,
        model=model,
        name=case.name,
        classes=[str(number) for number in range(task.classes)],
        images=data.truth.numpy(),
        hyperparameters={"optimizer": case.optimizer, "schedule": case.schedule},
    ) as recorder:
        _record(recorder, 0, model, data, fault)
        order = torch.randperm(len(data.labels))
        place = 0
        for iteration in range(1, task.steps + 1):
            if place + task.batch > len(order) or iteration == fault.new_order_at:
                order, place = torch.randperm(len(order)), 0
                order = fault.order(iteration, order, data.labels)
            batch, place = order[place : place + task.batch], place + task.batch
            rate = task.rates[case.optimizer] * share_at(case.schedule, iteration - 1, task.steps)
            rate = fault.rate(iteration, rate)
            for group in optimizer.param_groups:
                group["lr"] = rate
            inputs, labels = data.augment(data.inputs[batch]), data.labels[batch]
            found = _step(
                iteration, model, optimizer, fault, *fault.batch(iteration, inputs, labels)
            )
            recorder.scalars(iteration, learning_rate=rate, **found)
            if iteration % task.every == 0:
                _record(recorder, iteration, model, data, fault)


def _step(
    iteration: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    fault: Fault,
    inputs: Tensor,
    labels: Tensor,
) -> dict[str, float]:
    """Take one step, unless an input is infinite; give the loss and the error of the batch."""
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    outputs = fault.outputs(model(inputs))
    loss = fault.loss(outputs, labels)
    error = (outputs.argmax(1) != labels).float().mean()
    if fault.zeroes_gradients:
        optimizer.zero_grad()
    if torch.isfinite(inputs).all():
        loss.backward()
        fault.before_step(iteration)
        optimizer.step()
    else:
        # A guarded training skips the step, and its averages of batches with it.
        for name, value in model.named_buffers():
            value.copy_(buffers[name])
    fault.after_step(iteration)
    return {"train_loss": loss.item(), "train_error": error.item()}


@torch.no_grad()
def _record(recorder: Recorder, iteration: int, model: nn.Module, data: Data, fault: Fault) -> None:
    """Record a snapshot, the outcomes of the validation images, and their mean loss and error."""
    model.eval()
    outputs = fault.outputs(model(data.validation))
    model.train()
    losses = functional.cross_entropy(outputs, data.truth, reduction="none")
    predicted = outputs.argmax(1)
    recorder.snapshot(iteration)
    recorder.outcomes(iteration, predicted, loss=losses)
    error = (predicted != data.truth).float().mean()
    recorder.scalars(iteration, validation_loss=losses.mean().item(), validation_error=error.item())


def _optimizer(name: str, fault: Fault, task: Task) -> torch.optim.Optimizer:
    rate: dict[str, Any] = {"lr": task.rates[name]}
    parameters = list(fault.registered())
    if name == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, weight_decay=1e-4, **rate)
    if name == "adam":
        return torch.optim.Adam(parameters, **rate)
    return torch.optim.AdamW(parameters, weight_decay=0.01, **rate)
