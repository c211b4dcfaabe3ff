"""Logs and stores that several tests read: made once by commands, kept for the next run.

They lie in `build/tests` of the checkout, each in a folder that is named after the content of all
files which it follows from. Where one of those changes, it is made again and the old folder goes.
Processes that want the same folder at the same time wait for the first of them.
"""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import logs
from filelock import FileLock
from logs import LogWriter

__all__ = ["TOP", "digits", "float32_store", "untouched", "wide_log", "wide_store"]

TOP = Path(__file__).parents[1]
KEPT = TOP / "build" / "tests"
BENCHMARKS = TOP / "benchmarks"
DIGITS = TOP / "examples" / "digits"
RECORDING = TOP / "deeptracker" / "record"
# What the content of every store follows from.
PROCESSING = TOP / "deeptracker", TOP / "pipeline", TOP / "requirements.lock"


def kept(name, make, *inputs):
    """Give the folder that a maker fills; it is called where nothing of the same inputs is kept.

    Parameters
    ----------
    name : str
        The maker's.
    make : callable
        Takes the empty folder. It runs commands: the loop of a browser's driver may run in this
        thread, and processing needs one of its own.
    *inputs : Path
        Files, and folders with all files in them, from which the content follows.
    """
    place = KEPT / name
    folder = place / digest(*inputs)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "lock"):
        if not (whole := folder / "whole").exists():
            for outdated in filter(Path.is_dir, place.iterdir()):  # or left half made
                shutil.rmtree(outdated)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


@functools.cache
def digest(*inputs):
    """Sum up the names and the content of files."""
    found = hashlib.sha256()
    for given in inputs:
        for path in sorted(files_of(given)) if given.is_dir() else [given]:
            found.update(f"{path}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def files_of(folder):
    """Yield the files of a folder but those that Python leaves there; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(parent) / name for name in names)


def run(*command):
    subprocess.run([sys.executable, *command], check=True, cwd=TOP)


def digits():
    """The shipped log's store."""

    def make(folder):
        store = folder / "digits.dtstore"
        run("-m", "deeptracker.cli", "process", DIGITS, "--store", store, "--quiet")

    return kept("digits", make, DIGITS, *PROCESSING) / "digits.dtstore"


def float32_store():
    """A small log's store, in the dtype of most tests' logs: their kernels are compiled with it."""

    def make(folder):
        LogWriter(folder / "log", gradients=True).iterations(range(8))
        store = folder / "float32.dtstore"
        run("-m", "deeptracker.cli", "process", folder / "log", "--store", store, "--quiet")

    return kept("float32", make, Path(logs.__file__), *PROCESSING) / "float32.dtstore"


def wide_log():
    """A training log of ResNet-50, every tensor at its true size: 1,000 classes of 20 images.

    24 snapshots in bfloat16 (1.2 GB), with thumbnails.
    """
    sizes = {"snapshots": 24, "images": 20_000, "classes": 1000, "thumbnails": 8}

    def make(folder):
        options = [f"--{name}={value}" for name, value in sizes.items()]
        log = folder / "log"
        run(BENCHMARKS / "synthesize.py", log, "--network=resnet50", "--dtype=bf16", *options)

    return kept("wide-log", make, BENCHMARKS, RECORDING, Path(__file__)) / "log"


def wide_store():
    """The store of `wide_log`; of so short a run, a change thrice the usual is an anomaly."""
    log = wide_log()

    def make(folder):
        config, store = folder / "config.yaml", folder / "wide.dtstore"
        config.write_text("anomalies: {filter_threshold: 3}\n", encoding="utf-8")
        command = "-m", "deeptracker.cli", "process", log, "--store", store
        run(*command, "--config", config, "--quiet")

    return kept("wide-store", make, BENCHMARKS, *PROCESSING, Path(__file__)) / "wide.dtstore"


@contextmanager
def untouched(folder):
    """Hold the tests to reading a folder only; one that changes it copies it first."""
    before = listed(folder)
    yield folder
    assert listed(folder) == before, f"a test wrote to {folder}"


def listed(folder):
    """Names, sizes and times of all files."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(files_of(folder))
    }


if __name__ == "__main__":
    digits()
    float32_store()
    wide_store()
