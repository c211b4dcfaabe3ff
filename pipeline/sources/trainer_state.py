"""Hugging Face's trainer_state.json: the step of a checkpoint, and the scalars of the training."""

import json
import math
from typing import Any

import numpy as np

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, Folder
from deeptracker.record.log_format import ITERATION_LIMIT, Scalars

__all__ = ["TRAINER_STATE", "read_trainer_state", "scalars_of", "step_of"]

TRAINER_STATE = "trainer_state.json"
LARGEST_STATE = 256 * 2**20
# The Trainer's names for what our timeline knows; its own train_loss is a mean over the training.
NAMES = {"loss": "train_loss", "eval_loss": "validation_loss", "train_loss": "mean_train_loss"}


def read_trainer_state(folder: Folder, file: File) -> dict[str, Any]:
    """Read the file.

    Raises
    ------
    LogError
        When it cannot be read, or is not a JSON object.
    """
    if file.size > LARGEST_STATE:
        raise LogError(f"{file.location}: is {file.size:,} bytes long; its scalars are left out")
    try:
        state = json.loads(folder.read(file))
    except (ValueError, RecursionError):
        state = None
    if not isinstance(state, dict):
        raise LogError(f"{file.location}: is not a JSON object; its scalars are left out")
    return state


def step_of(state: dict[str, Any]) -> int | None:
    """Give the step at which the state was saved; None where it does not say."""
    return _whole(state.get("global_step"))


def scalars_of(state: dict[str, Any]) -> Scalars:
    """Give the scalars of its log, by step.

    Text and nested values are passed over; an entry without a step is named in `problems`.
    """
    history = state.get("log_history")
    rows: dict[int, dict[str, float]] = {}
    problems: list[str] = []
    for number, entry in enumerate(history if isinstance(history, list) else [], 1):
        step = _whole(entry.get("step")) if isinstance(entry, dict) else None
        if step is None:
            problems.append(f"entry {number} of log_history has no whole step; left out")
            continue
        values = {NAMES.get(name, name): _number(value) for name, value in entry.items()}
        known = {name: value for name, value in values.items() if value is not None}
        known.pop("step", None)
        rows.setdefault(step, {}).update(known)
    steps = sorted(rows)
    names = dict.fromkeys(name for row in rows.values() for name in row)
    columns = {name: np.array([rows[step].get(name, math.nan) for step in steps]) for name in names}
    return Scalars(np.array(steps, np.int64), columns, problems)


def _whole(value: Any) -> int | None:
    """Read a step: 200 or 200.0; None for anything else."""
    number = _number(value)
    if number is None or not math.isfinite(number) or number != math.floor(number):
        return None
    step = value if isinstance(value, int) else int(number)
    return step if 0 <= step < ITERATION_LIMIT else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
