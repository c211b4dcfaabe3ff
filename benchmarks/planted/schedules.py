"""Schedules of the learning rate: its share of the base rate at a step."""

import math

__all__ = ["SCHEDULES", "share_at"]

SCHEDULES = ("constant", "warm_up", "cosine", "step", "restarts", "warm_up_cosine")
WARM_UP = 0.1
LEAST = 0.02


def share_at(schedule: str, step: int, steps: int) -> float:
    """Give the share of the base rate at a step, from 0 to 1."""
    place = step / steps
    warm = min(1.0, (step + 1) / (WARM_UP * steps))
    if schedule == "constant":
        return 1.0
    if schedule == "warm_up":
        return warm
    if schedule == "cosine":
        return _cosine(place)
    if schedule == "step":
        return 1.0 if place < 0.5 else 0.1 if place < 0.8 else 0.01
    if schedule == "restarts":
        return _cosine(3 * place % 1.0)
    if schedule == "warm_up_cosine":
        return warm if place < WARM_UP else _cosine((place - WARM_UP) / (1 - WARM_UP))
    raise ValueError(f"schedule: given {schedule!r}; known are {', '.join(SCHEDULES)}")


def _cosine(place: float) -> float:
    return LEAST + (1 - LEAST) * 0.5 * (1 + math.cos(math.pi * place))
