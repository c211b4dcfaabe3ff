"""Shared parts of the benchmarks: one-core worker, warm kernels, timed runs, report."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from synthesize import synthesize

from deeptracker.pipeline import process
from deeptracker.pipeline.clusters import LocalSettings, connect
from deeptracker.pipeline.summary import Summary

__all__ = [
    "Pipeline",
    "folder_bytes",
    "next_store",
    "one_core",
    "options",
    "report",
    "run_command",
    "scratch",
    "task_events",
    "warm_up",
]


@dataclass(frozen=True)
class Pipeline:
    """Runs of the whole pipeline over one log, each into a new store.

    Attributes
    ----------
    store : Path
        The last run's store.
    gigabytes, seconds : float
        Bytes of weights in the log, and the median run's time.
    """

    store: Path
    gigabytes: float
    seconds: float

    @property
    def rate(self) -> float:
        """Gigabytes of weights per second."""
        return self.gigabytes / self.seconds

    @classmethod
    def timed(cls, log: Path, folder: Path, scheduler: str, repeats: int) -> "Pipeline":
        """Process a log several times, after kernels were compiled on a small one."""
        warm_up(folder, scheduler)
        # Flush a new log to disk first: writing it back would take processor time.
        os.sync()
        runs: list[Summary] = [
            process(log, next_store(folder, number), scheduler=scheduler)
            for number in range(repeats)
        ]
        nbytes = sum(path.stat().st_size for path in (log / "snapshots").iterdir())
        seconds = statistics.median(run.seconds for run in runs)
        return cls(folder / f"{repeats - 1}.dtstore", nbytes / 1e9, seconds)


def next_store(folder: Path, number: int) -> Path:
    """Name the store of a run, and remove the previous run's store, to reuse its memory."""
    shutil.rmtree(folder / f"{number - 1}.dtstore", ignore_errors=True)
    return folder / f"{number}.dtstore"


def folder_bytes(folder: Path) -> int:
    """Count the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@contextmanager
def one_core() -> Iterator[str]:
    """Start one worker process of one thread, as the command line does, and give its scheduler."""
    with connect(LocalSettings(workers=1, processes=True)) as client:
        yield client.scheduler.address


def warm_up(folder: Path, scheduler: str, **like: Any) -> None:
    """Compile every kernel, or load it from the cache; `like` is what `synthesize` takes."""
    log = folder / "warm-up"
    synthesize(log, network="lenet5", snapshots=3, images=50, classes=5, **like)
    process(log, folder / "warm-up.dtstore", scheduler=scheduler)


def run_command(log: Path, store: Path, *arguments: str, **variables: str) -> None:
    """Run `deeptracker process` as a command, with some environment variables."""
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "deeptracker.cli", "process", str(log), "--quiet"]
    # Keep bytecode between runs, as is Python's default.
    kept = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(
        [*command, "--store", str(store), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **kept, **variables},
    )


def task_events(tasks: Path, event: str = "ended") -> list[dict[str, Any]]:
    """Read the events of one kind from the task log."""
    lines = map(json.loads, tasks.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["event"] == event]


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as folder:
        yield Path(folder)


def options(doc: str, **defaults: float | str) -> argparse.ArgumentParser:
    """Make a parser with an option for each default, and ``--json``."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in defaults.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default: {value}"
        )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def report(title: str, found: Mapping[str, object], as_json: bool) -> None:
    """Print figures as a table, or as one JSON object with the machine's description."""
    if as_json:
        print(json.dumps({**found, "machine": _machine()}))
        return
    table = Table("figure", "value", title=title)
    for name, value in found.items():
        table.add_row(name.replace("_", " "), _shown(value))
    Console().print(table)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _machine() -> dict[str, object]:
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}
