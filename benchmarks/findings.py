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
from planted.cases import OPERATORS, clean_cases, faulty_cases, kept
from planted.figures import Run, bars, by_fault
from planted.tasks import TASKS
from planted.told import findings_of, incidents_of, recorded_of
from planted.training import Case
from rich.console import Console
from rich.table import Table

from deeptracker.pipeline import open_store, process

HALVES = ("tune", "report")


def chosen(seeds: int, per_fault: int, tasks: str, faults: str, half: str) -> list[Case]:
    """Give the faulty cases, and as many clean ones."""
    names = list(OPERATORS) if faults == "all" else faults.split(",")
    faulty = list(faulty_cases(seeds, tasks.split(","), names, per_fault))
    return [case for case in (*faulty, *clean_cases(faulty)) if half in ("both", case.half)]


def judged(cases: Sequence[Case], logs: Path, scheduler: str) -> Iterator[Run]:
    """Train what was not kept, process every log, and read what is told of it."""
    for number, case in enumerate(cases, 1):
        print(f"\r{number} of {len(cases)}: {case.name:40}", end="", file=sys.stderr, flush=True)
        log, truth = kept(case, logs)
        store = log.with_name("store.dtstore")
        shutil.rmtree(store, ignore_errors=True)
        process(log, store, scheduler=scheduler)
        tree = open_store(store).tree()
        told = {"incidents": incidents_of(tree), "findings": findings_of(tree)}
        yield Run(
            case.name,
            case.task,
            case.half,
            truth,
            recorded_of(tree),
            {system: found for system, found in told.items() if found is not None},
        )
    print(file=sys.stderr)


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Give the bars by half and system, and the lines of the faults by half."""
    systems = list(runs[0].told)
    found: dict[str, Any] = {"runs": len(runs), "systems": systems}
    for half in HALVES:
        mine = [run for run in runs if run.half == half]
        if mine:
            found[half] = {
                "bars": {system: bars(mine, system) for system in systems},
                "faults": by_fault(mine, systems),
            }
    return found


def print_tables(found: dict[str, Any]) -> None:
    """Print the bars and the faults of each half."""
    console = Console(width=200)
    for half in HALVES:
        if half not in found:
            continue
        systems = found["systems"]
        table = Table("figure", *systems, title=f"seeds to {half}")
        for name in found[half]["bars"][systems[0]]:
            values = (found[half]["bars"][system][name] for system in systems)
            table.add_row(name.replace("_", " "), *(f"{value:.3g}" for value in values))
        console.print(table)
        lines = found[half]["faults"]
        table = Table(*(name.replace("_", " ") for name in lines[0]), title=f"faults, {half}")
        for line in lines:
            table.add_row(
                *(value if isinstance(value, str) else f"{value:.3g}" for value in line.values())
            )
        console.print(table)


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
