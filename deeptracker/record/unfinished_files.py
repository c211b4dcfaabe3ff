"""Cleanup of half-written files that a crash left in a training log."""

import os
import time
from contextlib import suppress
from pathlib import Path

from deeptracker.record.log_format import parse_scalars
from deeptracker.record.tensor_file import TEMPORARY_SUFFIX, replace_file

__all__ = ["drop_unfinished"]

# Writing a file takes less time than this.
ABANDONED_SECONDS = 24 * 3600


def drop_unfinished(log: Path) -> None:
    """Remove abandoned temporary files, and a torn last line of the scalars."""
    for folder in (log, log / "snapshots", log / "outcomes"):
        for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
            with suppress(FileNotFoundError):
                if _is_abandoned(leftover):
                    leftover.unlink()
    _repair_scalars(log / "scalars.jsonl")


def _is_abandoned(temporary: Path) -> bool:
    """Whether a temporary file is abandoned: its process has ended, or the file is old."""
    if time.time() - temporary.stat().st_mtime > ABANDONED_SECONDS:
        return True
    pid = temporary.name.removesuffix(TEMPORARY_SUFFIX).rpartition(".")[2]
    return pid.isdecimal() and not _is_running(int(pid))


def _is_running(pid: int) -> bool:
    if os.name == "nt":  # on Windows signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _repair_scalars(path: Path) -> None:
    """Remove a last line that a crash cut off, so that the next line is not appended to it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    kept = content
    if content and not content.endswith(b"\n"):
        head, _, tail = content.rpartition(b"\n")
        try:
            parse_scalars(tail)
            kept = content + b"\n"
        except ValueError:
            kept = head + b"\n" if head else b""
    if kept != content:
        replace_file(path, [kept])
