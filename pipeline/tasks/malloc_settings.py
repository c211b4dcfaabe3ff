"""Keeping the memory that a task frees, for the part that it measures next.

Parts ask for arrays of many megabytes, thousands of times. By default the C library gives each back
to the kernel, which clears every page anew: an eighth of a task's time.
"""

import ctypes
from functools import cache

__all__ = ["keep_freed_memory"]

# Of mallopt(3) on glibc.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 256 * 2**20


@cache
def keep_freed_memory() -> bool:
    """Tell the C library, once a process; elsewhere than on glibc nothing is done.

    Returns
    -------
    bool
        Whether it understood.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    # The kernel's limit for the second is 32 MiB, which most parts stay under.
    return all([mallopt(TRIM_THRESHOLD, KEPT_BYTES) == 1, mallopt(MMAP_THRESHOLD, 32 * 2**20) == 1])
