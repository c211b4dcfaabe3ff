"""Figures over many scored runs: the bars, and one line for every fault."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from planted.scoring import Score, is_taken_for, score
from planted.told import Recorded, Told
from planted.truth import Truth

__all__ = ["Run", "bars", "by_fault"]

# Share of the validation images by which a fault must worsen the end, to have done harm.
HARM = 0.02


@dataclass(frozen=True)
class Run:
    """One processed training.

    Attributes
    ----------
    is_bug : bool
        Whether it is one of TrainCheck's, which no figure of the bars takes in.
    told : dict of str to list
        What each system tells, gravest first; without a system that could not judge.
    """

    name: str
    task: str
    half: str
    truth: Truth
    recorded: Recorded
    is_bug: bool
    told: dict[str, list[Told]]

    def score(self, system: str) -> Score:
        """Score what a system tells of this run."""
        return score(self.told[system], self.truth, self.recorded.snapshots)


def bars(runs: Sequence[Run], system: str) -> dict[str, float]:
    """Give the figures that the bars speak of, as shares of the runs; NaN without such runs."""
    faulty = [run.score(system) for run in runs if not run.truth.is_clean]
    clean = [run.score(system) for run in runs if run.truth.is_clean]
    leads = [one.lead_is_planted for one in faulty if one.lead_is_planted is not None]
    return {
        "faulty_runs": len(faulty),
        "told_among_first_three": _mean(one.is_told for one in faulty),
        "not_told_and_harmless": _harmless(runs, system),
        "lead_is_planted": _mean(leads),
        "at_most_two_unrelated": _mean(one.unrelated <= 2 for one in faulty),
        "mean_unrelated": _mean(one.unrelated for one in faulty),
        "clean_runs": len(clean),
        "clean_with_at_most_one": _mean(one.grave <= 1 for one in clean),
        "clean_with_none": _mean(one.grave == 0 for one in clean),
        "mean_on_clean": _mean(one.grave for one in clean),
        "most_on_clean": max((one.grave for one in clean), default=0),
    }


def _harmless(runs: Sequence[Run], system: str) -> float:
    """Give the share of the faulty runs that are not told, and end as well as a clean one.

    DeepFD takes such a change of a training for no fault.
    """
    clean: dict[str, list[float]] = {}
    for run in runs:
        if run.truth.is_clean:
            clean.setdefault(run.task, []).append(run.recorded.error)
    return _mean(
        not run.score(system).is_told and run.recorded.error <= _mean(clean[run.task]) + HARM
        for run in runs
        if not run.truth.is_clean and run.task in clean
    )


def by_fault(runs: Sequence[Run], systems: Sequence[str]) -> list[dict[str, float | str]]:
    """Give a line of figures for every fault, with the last error of clean runs of its tasks."""
    clean = [run for run in runs if run.truth.is_clean]
    lines = []
    for fault in dict.fromkeys(run.truth.fault for run in runs if not run.truth.is_clean):
        mine = [run for run in runs if run.truth.fault == fault]
        line: dict[str, float | str] = {
            "fault": fault,
            "runs": len(mine),
            "error": _mean(run.recorded.error for run in mine),
            "error_of_clean": _mean(
                run.recorded.error for one in mine for run in clean if run.task == one.task
            ),
        }
        for system in systems:
            scores = [run.score(system) for run in mine]
            line[f"{system}_told"] = sum(one.is_told for one in scores)
            line[f"{system}_leads"] = sum(one.lead_is_planted is True for one in scores)
            line[f"{system}_unrelated"] = _mean(one.unrelated for one in scores)
            line[f"{system}_f1"] = _f1(mine, clean, system)
        lines.append(line)
    return lines


def _f1(faulty: Sequence[Run], clean: Sequence[Run], system: str) -> float:
    """Weigh how often a fault is told against how often a clean run is taken for it.

    Only warnings and errors count, however many, so that a catalogue without an order of its own
    loses nothing. A clean run is taken for the fault if one of its warnings would tell it
    somewhere. Faulty and clean runs weigh the same, whatever their numbers.
    """
    told = _mean(_is_told_gravely(run, system) for run in faulty)
    mistaken = _mean(
        any(is_taken_for(one, run.truth) for run in faulty for one in other.told[system])
        for other in clean
    )
    if not clean or not told:
        return 0.0 if not told else float("nan")
    precision = told / (told + mistaken)
    return 2 * precision * told / (precision + told)


def _is_told_gravely(run: Run, system: str) -> bool:
    grave = [one for one in run.told[system] if one.is_grave]
    return score(grave, run.truth, run.recorded.snapshots).rank is not None


def _mean(values: Iterable[float]) -> float:
    known = [float(value) for value in values]
    return float(np.mean(known)) if known else float("nan")
