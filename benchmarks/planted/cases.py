"""Which trainings are made: every fault on every task or on two, and as many clean ones."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from planted.fault import Fault
from planted.schedules import SCHEDULES
from planted.traincheck_bugs import BUG_TASKS, TRAINCHECK_BUGS
from planted.training import Case, plant, train
from planted.training_faults import TRAINING_FAULTS
from planted.truth import Truth
from planted.weight_faults import WEIGHT_FAULTS

__all__ = ["OPERATORS", "bug_cases", "clean_cases", "faulty_cases", "kept"]

OPERATORS: dict[str, type[Fault]] = {
    operator.name: operator for operator in (*TRAINING_FAULTS, *WEIGHT_FAULTS)
}
OPTIMIZERS = ("sgd", "adam", "adamw")
# Raised when trainings change, so that kept logs are made anew.
VERSION = 1


def faulty_cases(
    seeds: int, tasks: Sequence[str], faults: Sequence[str], per_fault: int
) -> Iterator[Case]:
    """Give every fault on some of the tasks, which change with the seed.

    Parameters
    ----------
    per_fault : int
        Tasks of a fault and a seed.
    """
    numbers = {fault: number for number, fault in enumerate(OPERATORS)}
    for seed, fault in itertools.product(range(seeds), faults):
        number = numbers[fault]
        for step in range(min(per_fault, len(tasks))):
            task = tasks[(number + seed + 2 * step) % len(tasks)]
            operator = OPERATORS[fault]
            draw = number + 3 * seed + 5 * step
            optimizer = operator.optimizers[draw % len(operator.optimizers)]
            yield Case(task, operator, seed, SCHEDULES[(draw // 2) % len(SCHEDULES)], optimizer)


def bug_cases(seeds: int) -> Iterator[Case]:
    """Give TrainCheck's bugs on the networks that they can be made in."""
    for seed, (number, bug), task in itertools.product(
        range(seeds), enumerate(TRAINCHECK_BUGS.values()), BUG_TASKS
    ):
        optimizer = OPTIMIZERS[(number + seed) % len(OPTIMIZERS)]
        yield Case(task, bug, seed, SCHEDULES[(number + 2 * seed) % len(SCHEDULES)], optimizer)


def clean_cases(faulty: Sequence[Case]) -> Iterator[Case]:
    """Give as many clean trainings, of the same tasks and halves, of every schedule in turn."""
    counts: dict[tuple[str, int], int] = {}
    for case in faulty:
        key = case.task, case.seed % 2
        number = counts.get(key, 0)
        counts[key] = number + 1
        seed = 2 * number + case.seed % 2
        schedule = SCHEDULES[number % len(SCHEDULES)]
        optimizer = OPTIMIZERS[(number // len(SCHEDULES) + number) % len(OPTIMIZERS)]
        yield Case(case.task, Fault, seed, schedule, optimizer)


def kept(case: Case, folder: Path) -> tuple[Path, Truth]:
    """Give the log of a case and what was planted, trained now unless it was kept."""
    place = folder / f"v{VERSION}" / case.name
    log, done = place / "log", place / "truth.json"
    if not done.exists():
        # A training that was broken off begins again.
        shutil.rmtree(log, ignore_errors=True)
        train(case, log)
    truth = plant(case).truth
    done.write_text(truth.to_json(), encoding="utf-8")
    return log, truth
