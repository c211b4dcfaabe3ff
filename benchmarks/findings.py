"""Measure whether a planted fault is told: the right incident, at the right place, and no other.

    python benchmarks/findings.py
    python benchmarks/findings.py --seeds 10 --per-fault 5

Trains small networks on the CPU (torch and scikit-learn are needed), each with one planted fault,
and as many without, under every schedule of the learning rate. Logs are kept in `--logs` and made
once. Every log is processed anew, and what the store tells is compared with what was planted
(planted/scoring.py): its incidents where it has them, its findings each taken for an incident, and
the rules of two published catalogues on the same store. Seeds are in two halves: thresholds may be
set by looking at `--half tune`, and both are printed.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import one_core, options, report
from planted.autotrainer import autotrainer
from planted.cases import OPERATORS, bug_cases, clean_cases, faulty_cases, kept
from planted.debugger import debugger
from planted.figures import Run, bars, by_fault
from planted.series import series_of
from planted.tasks import TASKS
from planted.told import Told, findings_of, incidents_of, recorded_of
from planted.traincheck_bugs import TRAINCHECK_BUGS
from planted.training import Case
from rich.console import Console
from rich.table import Table

from deeptracker.pipeline import open_store, process

HALVES = ("tune", "report")


def chosen(seeds: int, per_fault: int, tasks: str, faults: str, half: str) -> list[Case]:
    """Give the faulty cases, as many clean ones, and TrainCheck's bugs."""
    names = list(OPERATORS) if faults == "all" else faults.split(",")
    faulty = list(faulty_cases(seeds, tasks.split(","), names, per_fault))
    bugs = bug_cases(seeds) if faults == "all" else ()
    return [case for case in (*faulty, *clean_cases(faulty), *bugs) if half in ("both", case.half)]


def judged(cases: Sequence[Case], logs: Path, scheduler: str) -> Iterator[Run]:
    """Train what was not kept, process every log, and read what is told of it."""
    for number, case in enumerate(cases, 1):
        print(f"\r{number} of {len(cases)}: {case.name:40}", end="", file=sys.stderr, flush=True)
        log, truth = kept(case, logs)
        store = log.with_name("store.dtstore")
        shutil.rmtree(store, ignore_errors=True)
        process(log, store, scheduler=scheduler)
        tree = open_store(store).tree()
        name = case.operator.name
        recorded, is_bug = recorded_of(tree), name in TRAINCHECK_BUGS
        yield Run(case.name, case.task, case.half, truth, recorded, is_bug, _told(tree, case.task))
    print(file=sys.stderr)


def _told(tree: Any, task: str) -> dict[str, list[Told]]:
    """Give what every system tells of a store; a store without incidents has no such system."""
    series = series_of(tree)
    incidents = incidents_of(tree)
    return {
        **({} if incidents is None else {"incidents": incidents}),
        "findings": findings_of(tree),
        "debugger": debugger(series),
        "autotrainer": autotrainer(series, TASKS[task].epoch),
    }


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Give the bars by half and system, the lines of the faults by half, and those of the bugs."""
    systems = list(runs[0].told)
    found: dict[str, Any] = {"runs": len(runs), "systems": systems}
    for half in HALVES:
        mine = [run for run in runs if run.half == half and not run.is_bug]
        if mine:
            found[half] = {
                "bars": {system: bars(mine, system) for system in systems},
                "faults": by_fault(mine, systems),
            }
    bugs = [run for run in runs if run.is_bug]
    if bugs:
        found["traincheck"] = by_fault(
            [*bugs, *(run for run in runs if run.truth.is_clean)], systems
        )
    return found


def print_tables(found: dict[str, Any]) -> None:
    """Print the bars and the faults of each half, and the bugs of both."""
    # A pipe has no width: wide enough for a line a fault.
    console = Console(width=None if sys.stdout.isatty() else 120)
    systems = found["systems"]
    for half in HALVES:
        if half not in found:
            continue
        table = Table("figure", *systems, title=f"bars, seeds to {half}")
        for name in found[half]["bars"][systems[0]]:
            values = (found[half]["bars"][system][name] for system in systems)
            table.add_row(name.replace("_", " "), *(f"{value:.3g}" for value in values))
        console.print(table)
        console.print(_lines(found[half]["faults"], systems, f"faults, seeds to {half}"))
    if "traincheck" in found:
        console.print(_lines(found["traincheck"], systems, "bugs of TrainCheck's list, all seeds"))


def _lines(lines: list[dict[str, Any]], systems: Sequence[str], title: str) -> Table:
    """Make a table of one row a fault; of each system the figures that its heading names."""
    headings = (f"{system}\ntold, leads, F1" for system in systems)
    table = Table("fault", "runs", "error", "error of clean", *headings, title=title)
    for line in lines:
        cells = (
            f"{line[f'{system}_told']:3} {line[f'{system}_leads']:3} {line[f'{system}_f1']:5.2f}"
            for system in systems
        )
        errors = (f"{line[name]:.3f}" for name in ("error", "error_of_clean"))
        table.add_row(line["fault"], str(line["runs"]), *errors, *cells)
    return table


def main() -> None:
    """Run the command line."""
    parser = options(
        __doc__,
        seeds=2,
        per_fault=1,
        tasks=",".join(TASKS),
        faults="all",
        half="both",
        logs="build/findings",
    )
    parser.add_argument("--verbose", action="store_true", help="print what is told of every run")
    chosen_options = vars(parser.parse_args())
    as_json, verbose = chosen_options.pop("json"), chosen_options.pop("verbose")
    logs = Path(chosen_options.pop("logs"))
    with one_core() as scheduler:
        runs = list(judged(chosen(**chosen_options), logs, scheduler))
    if verbose:
        print_runs(runs)
    found = figures(runs)
    if as_json:
        report("findings", found, as_json=True)
    else:
        print_tables(found)


def print_runs(runs: Sequence[Run]) -> None:
    """Print what was planted in every run, its score, and the first things told."""
    for run in runs:
        print(f"{run.name}: {json.dumps(run.truth.detail)} from {run.truth.onset}")
        for system, told in run.told.items():
            print(f"  {system}: {run.score(system)}")
            for one in told[:5]:
                print(f"    {one.iteration} {one.severity} {one.lead_kind} {one.lead}: {one.title}")


if __name__ == "__main__":
    main()
