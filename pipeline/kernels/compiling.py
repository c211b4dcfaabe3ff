"""Kernels are compiled at their first call, and kept on disk for later processes.

Numba's own cache checks only the file of each kernel for changes: it would reuse a kernel after a
change in a callee from another file. It also raises if no folder can be written, as in a container
with read-only files, and lets a damaged file or a full disk end the run. Here all kernels are kept
in one folder that is named after a digest of all their sources; a kernel that cannot be kept is
compiled once per process.
"""

import gc
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from numba import njit
from numba.core import event
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys

__all__ = ["inner", "kept_in", "kernel", "noticed_compiling"]

FOLDER = "deeptracker-kernels-"
HERE = Path(__file__).parent
OUTDATED_SECONDS = 30 * 86_400
config: Any = numba.config  # its attributes come from the environment


class _Kept(FunctionCache):
    """A kernel's files on disk: compile again if they cannot be read; ignore a failed write.

    Parameters
    ----------
    sources : str
        A digest of the kernel's other sources.
    """

    def __init__(self, function: Callable[..., Any], sources: str) -> None:
        super().__init__(function)
        self._sources = sources

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), self._sources)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled code for a signature, or None.

        Numba's own method first imports all its supported modules, which takes longer than loading
        all kernels. It imports them before it compiles anyway.
        """
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # noqa: BLE001  # a damaged pickle may raise any exception
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write compiled code to the folder."""
        # With a full disk, a quota or a missing folder the kernel still works, but is not kept.
        with suppress(OSError):
            super().save_overload(sig, data)


def kernel(sources: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a decorator of functions that Python calls; see `numba.njit` for the options.

    Parameters
    ----------
    sources : str
        A digest of a kernel's sources other than its own file and this folder's.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        compiled = njit(nogil=True, **options)(function)
        if _kept_in is not None:
            # Numba raises RuntimeError if the folder can no longer be written.
            with _numba_keeps_in(_kept_in), suppress(RuntimeError):
                compiled._cache = _Kept(function, sources)  # noqa: SLF001  # `cache=True` sets it too
        return compiled

    return decorated


def inner(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a decorator of functions that kernels call: compiled and kept as part of a kernel."""
    return njit(nogil=True, **options)


def kept_in() -> Path | None:
    """Give the folder of compiled kernels; None if no folder can be written."""
    return _kept_in


@contextmanager
def noticed_compiling(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` when this thread begins to compile a kernel, which takes seconds."""
    listener = _Listener(notice)
    with event.install_listener("numba:compile", listener):
        yield


class _Listener(event.Listener):
    """Receives the start and end of every compilation, nested ones included."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self._notice = notice
        self._thread = threading.get_ident()
        self._depth = 0
        self._collected = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002  # Numba's signature
        if threading.get_ident() == self._thread:
            if self._depth == 0:
                self._notice()
                # Compiling makes millions of objects and little garbage: collecting takes 10 %.
                self._collected = gc.isenabled()
                gc.disable()
            self._depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002
        if threading.get_ident() == self._thread:
            self._depth -= 1
            if self._depth == 0 and self._collected:
                gc.enable()


@contextmanager
def _numba_keeps_in(folder: Path) -> Iterator[None]:
    """Set Numba's cache folder within the block; other users of Numba keep their own."""
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _digest() -> str:
    """Compute a digest of all kernels' sources; Numba itself checks only a kernel's own file."""
    digest = hashlib.sha256(__name__.encode())  # kernels refer to modules by name
    for source in sorted(HERE.rglob("*.py")):
        name = str(source.relative_to(HERE)).encode()
        digest.update(name + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _places() -> Iterator[Path]:
    """Yield folders to keep kernels in, the best first: the configured one, ours, the user's."""
    if config.CACHE_DIR:  # NUMBA_CACHE_DIR
        yield Path(config.CACHE_DIR)
    yield HERE / "__pycache__"
    with suppress(RuntimeError):  # a user without a home
        yield Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "deeptracker"


def _find_folder() -> Path | None:
    """Find a folder that can be written; create it if needed, and remove outdated siblings."""
    name = FOLDER + _digest()
    for place in _places():
        folder = place / name
        with suppress(OSError):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)  # another process may have made it
                _remove_outdated(place)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
    return None


def _remove_outdated(place: Path) -> None:
    """Remove folders that other versions have not changed for a month."""
    for folder in place.glob(f"{FOLDER}*"):
        with suppress(OSError):  # another process may remove it too
            if time.time() - folder.stat().st_mtime > OUTDATED_SECONDS:
                shutil.rmtree(folder)


_kept_in = _find_folder()
