"""One writer at a time: a lock file that names its owner, and gives way when the owner is gone.

Icechunk's local storage is not safe for concurrent commits, so the guard is ours.
"""

import fcntl
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from deeptracker.errors import StoreBusyError, StoreError

__all__ = ["Owner", "WriterLock"]

# Tokens of the locks that this process holds, in whichever thread.
_held: set[str] = set()


@dataclass(frozen=True)
class Owner:
    """A process, told apart from any later one with the same number.

    Attributes
    ----------
    boot : str
        The machine's boot, so that a restart frees every lock.
    started : str
        When the process started, in clock ticks since that boot.
    """

    pid: int
    host: str
    boot: str
    started: str

    @classmethod
    def current(cls) -> Self:
        """Describe this process."""
        pid = os.getpid()
        return cls(pid, socket.gethostname(), _boot(), _started(pid))

    def is_gone(self) -> bool:
        """Whether the process has certainly ended; of another host one cannot know."""
        if self.host != socket.gethostname():
            return False
        if self.boot != _boot():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return _started(self.pid) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class WriterLock:
    """Held while a store is written.

    Parameters
    ----------
    path : Path
        The lock file; its folder is made where it is missing.
    store : str
        The store's name, for messages.
    """

    def __init__(self, path: Path, store: str) -> None:
        self._path = path
        self._store = store
        self._token = uuid.uuid4().hex

    def acquire(self) -> None:
        """Take the lock, from an owner that is gone too.

        Raises
        ------
        StoreBusyError
            When a living process, or one on another host, holds it; another thread of this one too.
        StoreError
            When the place cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._store}: cannot be made here ({error.strerror})") from None
        me = Owner.current()
        with _exclusive(self._path) as descriptor:
            owner, token = _read(descriptor)
            if owner is not None and _is_held(owner, token):
                raise StoreBusyError(
                    f"{self._store}: is being written by {owner}; wait until it is done, or end "
                    f"it. Where it is long gone, remove {self._path}",
                    str(owner),
                )
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(asdict(me) | {"token": self._token}).encode(), 0)
            os.fsync(descriptor)
            _held.add(self._token)

    def is_free(self) -> bool:
        """Whether nobody else holds it; it is not touched."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return True
        try:
            owner, token = _read(descriptor)
        finally:
            os.close(descriptor)
        return owner is None or token == self._token or not _is_held(owner, token)

    def check(self) -> None:
        """Make sure that it is still ours: a file is, as long as its owner lives."""

    def release(self) -> None:
        """Give the lock back, if it is still ours."""
        _held.discard(self._token)
        if not self._path.exists():
            return
        with _exclusive(self._path) as descriptor:
            if _read(descriptor)[1] == self._token:
                self._path.unlink()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def _exclusive(path: Path) -> Iterator[int]:
    """Hold the file itself, so that checking and writing the owner are one step."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror})") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever released it between our open and our lock removed this very file.
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_held(owner: Owner, token: str) -> bool:
    """Whether a lock counts: of this very process, as long as a thread holds it."""
    return token in _held if owner == Owner.current() else not owner.is_gone()


def _read(descriptor: int) -> tuple[Owner | None, str]:
    """Give owner and token; no owner where the file is empty or torn, as a crash may leave it."""
    try:
        content = json.loads(os.pread(descriptor, 4096, 0))
        token = str(content.pop("token", ""))
        return Owner(**content), token
    except (ValueError, TypeError, AttributeError):
        return None, ""


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Start time from /proc; the fields after the command, which may hold spaces."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[19]
