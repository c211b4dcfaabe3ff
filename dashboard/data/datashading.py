"""datashader, imported wherever the app may run.

It keeps compiled code beside itself or in the user's home, and refuses to be imported where neither
can be written, as in a container whose files are read-only.
"""

import atexit
import shutil
import tempfile
from typing import Any

import numba

from deeptracker.errors import DeepTrackerError

__all__ = ["datashader", "rasterize"]


def _lend_a_folder() -> None:
    """Give Numba a folder of this process alone, for as long as it runs."""
    try:
        folder = tempfile.mkdtemp(prefix="deeptracker-numba-")
    except OSError as error:
        raise DeepTrackerError(
            "no folder can be written here, not even a temporary one, and datashader needs one to "
            "compile in; set NUMBA_CACHE_DIR or TMPDIR to a folder that can be written"
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config: Any = numba.config  # whose names are made from the environment
    config.CACHE_DIR = folder


try:
    import datashader
except RuntimeError:  # Numba finds no place to keep what is compiled
    _lend_a_folder()
    import datashader
from holoviews.operation.datashader import rasterize  # noqa: E402  # it imports datashader too
