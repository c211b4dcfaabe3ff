"""Pauses of Python's garbage collector, while many objects are made that stay.

Each search for garbage walks through all objects: of thousands of parameters that takes as long as
making them.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects without searching for garbage among them; works as a decorator too."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
