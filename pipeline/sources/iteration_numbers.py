"""Iterations from the names of checkpoints: which of their numbers counts, and in what."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol, TypeVar

from deeptracker.errors import ConfigError, LogError
from deeptracker.pipeline.sources.manifest import Problem
from deeptracker.pipeline.sources.name_numbers import NameNumber, number_of, numbers_of
from deeptracker.pipeline.sources.settings import SourceConfig, iteration_pattern
from deeptracker.record.log_format import ITERATION_LIMIT

__all__ = ["Numbering", "by_iteration", "iterations_of"]

# Words decide in this order.
DECIDING = ("step", "checkpoint", "epoch")
SHOWN = 3


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def location(self) -> str: ...


N = TypeVar("N", bound=_Named)


@dataclass(frozen=True)
class Numbering:
    """The iterations that some names state.

    Attributes
    ----------
    iterations : dict of str to int
        By name; a name without an iteration is missing.
    how : str
        How they were read, in words.
    """

    iterations: dict[str, int]
    how: str


@dataclass(frozen=True)
class _Step:
    """A count of steps, and the stage in which they are counted."""

    value: int
    stage: int


def iterations_of(names: Sequence[str], location: str, settings: SourceConfig) -> Numbering:
    """Read the iterations of checkpoints from their names.

    Parameters
    ----------
    names : sequence of str
        Without suffixes; folders before them are separated by ``/``.
    location : str
        Of the folder, for errors.
    settings : SourceConfig
        With a pattern, which then decides, or a factor.

    Raises
    ------
    LogError
        When several numbers change from name to name, and no word says which one counts.
    ConfigError
        When the pattern is no regular expression with a group.
    """
    factor = Fraction(str(settings.multiply))
    times = f", times {settings.multiply:g}" if factor != 1 else ""
    if settings.pattern:
        steps = _by_pattern(names, settings.pattern, factor)
        how = f"the pattern {settings.pattern!r} on the names{times}"
    else:
        chosen, how = _chosen(names, location)
        steps = {
            name: _Step(value, _stage(name))
            for name, number in chosen.items()
            if (value := _times(number.value, factor)) is not None
        }
        how += times
    again = _stage_word(steps, "stage" if settings.pattern else "")
    if again:
        how += f"; the steps begin again at each {again}, and go on from the one before"
        steps = _in_a_row(steps)
    return Numbering({name: step.value for name, step in steps.items()}, how)


def by_iteration(numbered: Iterable[tuple[int, N]], problems: list[Problem]) -> dict[int, N]:
    """Sort files or checkpoints by their iterations.

    Parameters
    ----------
    numbered : iterable of (int, N)
        What has a name and a location.
    problems : list of Problem
        What is left out is appended: the second of an iteration, and iterations that exceed int64.
    """
    found: dict[int, N] = {}
    for iteration, each in numbered:
        if iteration >= ITERATION_LIMIT:
            problems.append(
                Problem(
                    each.location,
                    f"its name has the iteration {iteration}, which exceeds int64; left out. "
                    "Rename it, or for plain checkpoints set source: {pattern: …} in the config",
                )
            )
        elif iteration in found:
            problems.append(
                Problem(
                    each.location,
                    f"has the iteration {iteration}, like "
                    f"{found[iteration].location.rpartition('/')[2]}; left out. Keep "
                    "one file per iteration",
                )
            )
        else:
            found[iteration] = each
    return dict(sorted(found.items()))


def _times(value: int, factor: Fraction) -> int | None:
    product = value * factor
    return int(product) if product.denominator == 1 else None


def _by_pattern(names: Sequence[str], pattern: str, factor: Fraction) -> dict[str, _Step]:
    try:
        compiled = iteration_pattern(pattern)
    except ValueError as error:
        raise ConfigError(f"source pattern '{pattern}': give {error}") from None
    found = {}
    for name in names:
        match = compiled.search(name)
        if match is None:
            continue
        groups = match.groupdict()
        text = groups.get("step") or groups.get("tokens") or (match[1] if not groups else "")
        value = number_of(text or "", factor)
        stage = number_of(groups.get("stage") or "0")
        if value is not None:
            found[name] = _Step(value, stage or 0)
    return found


def _chosen(names: Sequence[str], location: str) -> tuple[dict[str, NameNumber], str]:
    """Choose a number of each name, and say which it is."""
    numbers = {name: numbers_of(name) for name in names}
    series = _series(numbers)
    for role in DECIDING:
        named = {key: values for key, values in series.items() if values and _role(values) == role}
        changing = [key for key, values in named.items() if _changes(values)]
        if len(changing) > 1 and _together(named, changing):
            raise _undecided({key: named[key] for key in changing}, location)
        if changing or (named and not any(map(_changes, series.values()))):
            chosen: dict[str, NameNumber] = {}
            for key in changing or list(named):
                chosen = named[key] | chosen
            words = " or ".join(sorted({f"{number.word!r}" for number in chosen.values()}))
            return chosen, f"the number after {words} in the names"
    rest = {key: values for key, values in series.items() if _role(values) != "stage"}
    changing = [key for key, values in rest.items() if _changes(values)]
    if len(changing) > 1 and _together(rest, changing):
        raise _undecided({key: rest[key] for key in changing}, location)
    if changing:
        chosen = {}
        for key in changing:
            chosen = rest[key] | chosen
        which = "number" if len(rest) == 1 else "number that changes"
        return chosen, f"the only {which} in the names"
    last = {name: found[-1] for name, found in numbers.items() if found}
    return last, "the last number in the names"


def _series(numbers: Mapping[str, Sequence[NameNumber]]) -> dict[str, dict[str, NameNumber]]:
    """Give the numbers that stand after one word, or at one place: {word: {name: number}}."""
    found: dict[str, dict[str, NameNumber]] = {}
    for name, each in numbers.items():
        for number in each:
            key = f"{number.word} {number.place}" if not number.role else number.word
            if not number.role and number.word and len(each) == 1:
                key = f" {number.place}"
            found.setdefault(key, {}).setdefault(name, number)
    return found


def _role(values: Mapping[str, NameNumber]) -> str:
    return next(iter(values.values())).role


def _changes(values: Mapping[str, NameNumber]) -> bool:
    return len({number.value for number in values.values()}) > 1


def _together(series: Mapping[str, Mapping[str, NameNumber]], keys: Sequence[str]) -> bool:
    """Whether any name has more than one of these numbers."""
    names = [name for key in keys for name in series[key]]
    return len(names) > len(set(names))


def _stage(name: str) -> int:
    """Give the stage that a name states; 0 without one."""
    numbers = numbers_of(name)
    stage = next((number for number in numbers if number.role == "stage"), None)
    if stage is None and any(number.role == "step" for number in numbers):
        stage = next((number for number in numbers if number.role == "epoch"), None)
    return stage.value if stage else 0


def _stage_word(steps: Mapping[str, _Step], given: str) -> str:
    """Say in what the steps begin again; empty where they do not.

    Parameters
    ----------
    given : str
        What to call it; found in the names where this is empty.
    """
    by_stage: dict[int, list[int]] = {}
    for step in steps.values():
        by_stage.setdefault(step.stage, []).append(step.value)
    ordered = [by_stage[stage] for stage in sorted(by_stage)]
    begins = any(min(later) <= max(before) for before, later in pairwise(ordered))
    if not begins:
        return ""
    if given:
        return given
    has_stages = any(number.role == "stage" for name in steps for number in numbers_of(name))
    return "stage" if has_stages else "epoch"


def _in_a_row(steps: Mapping[str, _Step]) -> dict[str, _Step]:
    """Count on from stage to stage."""
    before = 0
    found: dict[str, _Step] = {}
    for stage in sorted({step.stage for step in steps.values()}):
        own = {name: step.value for name, step in steps.items() if step.stage == stage}
        # The first snapshot of a stage stands behind the last of the one before.
        offset = before + (1 if found and min(own.values()) == 0 else 0)
        found |= {name: _Step(value + offset, stage) for name, value in own.items()}
        before = max(step.value for step in found.values())
    return found


def _undecided(choices: Mapping[str, Mapping[str, NameNumber]], location: str) -> LogError:
    """Show what each choice of a number would give."""
    lines = []
    for values in choices.values():
        first = next(iter(values.values()))
        word = first.word
        behind = "" if not word else rf"{re.escape(word)}\D{{0,2}}"
        pattern = rf"{behind}(\d+)" if word else rf"^(?:\D*\d+){{{first.behind}}}\D*(\d+)"
        given = sorted(number.value for number in values.values())
        shown = ", ".join(f"{value:,}" for value in given[:SHOWN])
        rest = f", … {given[-1]:,}" if len(given) > SHOWN else ""
        lines.append(f"--pattern '{pattern}' gives the iterations {shown}{rest}")
    return LogError(
        f"{location}: several numbers change from name to name, and no word (step, iter, "
        "checkpoint, epoch) says which is the iteration; choose one: " + "; or ".join(lines)
    )
