"""A copy of our code in a folder, for tests that extend it as a reader of the docs does."""

import os
import shutil
from pathlib import Path

__all__ = ["checked_out", "environment"]

TOP = Path(__file__).parents[2]


def checked_out(folder: Path, copied: tuple[str, ...] = ("deeptracker", "dashboard")) -> Path:
    """Copy packages into a folder, and give it; the others are links there."""
    leave = shutil.ignore_patterns("__pycache__")
    for name in ("deeptracker", "dashboard", "pipeline"):
        if name in copied:
            shutil.copytree(TOP / name, folder / name, symlinks=True, ignore=leave)
        else:  # What is compiled of its kernels is kept with them.
            (folder / name).symlink_to(TOP / name)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Give the environment in which a process imports the copy."""
    return os.environ | {"PYTHONPATH": str(folder)}
