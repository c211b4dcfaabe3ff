"""A copy of our code in a folder, for tests that extend it as a reader of the docs does."""

import os
import shutil
from pathlib import Path

__all__ = ["checked_out", "environment"]

TOP = Path(__file__).parents[2]


def checked_out(folder: Path) -> Path:
    """Copy the three packages into a folder, and give it; `pipeline` is a link there."""
    leave = shutil.ignore_patterns("__pycache__")
    for name in ("deeptracker", "dashboard"):
        shutil.copytree(TOP / name, folder / name, symlinks=True, ignore=leave)
    # Its kernels are compiled already, and what is compiled is kept with them.
    (folder / "pipeline").symlink_to(TOP / "pipeline")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Give the environment in which a process imports the copy."""
    return os.environ | {"PYTHONPATH": str(folder)}
