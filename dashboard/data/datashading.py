"""datashader, imported so that it works on a read-only file system.

datashader caches compiled code in its own folder or in the user's home. Its import fails if it can
write to neither, as in a container with read-only files.
"""

import atexit
import shutil
import tempfile
from typing import Any

import numba

from deeptracker.errors import DeepTrackerError

__all__ = ["datashader", "rasterize"]


def _set_cache_folder() -> None:
    """Give Numba a temporary cache folder that lasts as long as this process."""
    try:
        folder = tempfile.mkdtemp(prefix="deeptracker-numba-")
    except OSError as error:
        raise DeepTrackerError(
            "no folder is writable, not even a temporary one, but datashader needs one for its "
            "compiled code; set NUMBA_CACHE_DIR or TMPDIR to a writable folder"
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config: Any = numba.config  # its names come from the environment
    config.CACHE_DIR = folder


try:
    import datashader
except RuntimeError:  # Numba finds no folder for its cache
    _set_cache_folder()
    import datashader
from holoviews.operation.datashader import rasterize  # noqa: E402  # it imports datashader too
