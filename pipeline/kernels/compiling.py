"""Kernels are compiled when they are first called, and kept for every later process.

Numba's own way of keeping them asks the file of each alone whether it has changed: a kernel whose
callee stands in another one would go on as it was. It also refuses to begin where it finds no
folder to write to, as in a container whose files are read-only, and lets a damaged file or a full
disk end the run. Here all kernels are kept in one folder that is named after all their sources, and
what cannot be kept is compiled once a process.
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
config: Any = numba.config  # whose names are made from the environment


class _Kept(FunctionCache):
    """What is kept of a kernel: if it cannot be read it is made anew, if not written it is not.

    Parameters
    ----------
    sources : str
        A digest of what else the kernel is compiled from.
    """

    def __init__(self, function: Callable[..., Any], sources: str) -> None:
        super().__init__(function)
        self._sources = sources

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), self._sources)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give what was compiled for a signature, or None.

        Numba would first import all that it can compile, which takes longer than all kernels do; it
        does so again before it compiles.
        """
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # noqa: BLE001  # a damaged pickle raises whatever it comes upon
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled."""
        # A full disk, a quota, a folder that is gone: the kernel works all the same.
        with suppress(OSError):
            super().save_overload(sig, data)


def kernel(sources: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a decorator of functions that Python calls; see `numba.njit` for the options.

    Parameters
    ----------
    sources : str
        A digest of what a kernel is compiled from beside its own file and those of this room.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        compiled = njit(nogil=True, **options)(function)
        if _kept_in is not None:
            # Numba raises it where the folder cannot be written any more.
            with _numba_keeps_in(_kept_in), suppress(RuntimeError):
                compiled._cache = _Kept(function, sources)  # noqa: SLF001  # `cache=True` sets it too
        return compiled

    return decorated


def inner(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a decorator of functions that kernels call: they are compiled, and kept, as a part."""
    return njit(nogil=True, **options)


def kept_in() -> Path | None:
    """Tell where compiled kernels are kept; None where no folder can be written."""
    return _kept_in


@contextmanager
def noticed_compiling(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` when this thread begins to compile a kernel, which takes seconds."""
    listener = _Listener(notice)
    with event.install_listener("numba:compile", listener):
        yield


class _Listener(event.Listener):
    """Hears of every kernel that begins or ends, of those within others too."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self._notice = notice
        self._thread = threading.get_ident()
        self._depth = 0
        self._collected = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002  # Numba's signature
        if threading.get_ident() == self._thread:
            if self._depth == 0:
                self._notice()
                # Millions of objects come into being, hardly any garbage: a tenth of the time.
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
    """Let Numba look for what it keeps in a folder; whoever shares the process has it elsewhere."""
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _digest() -> str:
    """Sum up the sources of all kernels; Numba itself looks at the file of each that it keeps."""
    digest = hashlib.sha256(__name__.encode())  # kernels name the modules that they call
    for source in sorted(HERE.rglob("*.py")):
        name = str(source.relative_to(HERE)).encode()
        digest.update(name + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _places() -> Iterator[Path]:
    """Yield folders to keep kernels in, the best first: one that was chosen, ours, the user's."""
    if config.CACHE_DIR:  # NUMBA_CACHE_DIR
        yield Path(config.CACHE_DIR)
    yield HERE / "__pycache__"
    with suppress(RuntimeError):  # a user without a home
        yield Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "deeptracker"


def _find_folder() -> Path | None:
    """Find a folder that can be written; make it if need be, and remove outdated ones beside it."""
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
    """Remove what other versions kept and have not added to for a month."""
    for folder in place.glob(f"{FOLDER}*"):
        with suppress(OSError):  # another process removes it as well
            if time.time() - folder.stat().st_mtime > OUTDATED_SECONDS:
                shutil.rmtree(folder)


_kept_in = _find_folder()
