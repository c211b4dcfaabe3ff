"""Pauses of Python's garbage collector, while many objects are made that stay.

Each search for garbage walks through all objects: of thousands of parameters that takes as long as
making them.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[Callable[[], None]]:
    """Make objects without searching for garbage among them; works as a decorator too.

    Yields
    ------
    callable
        Ends the pause before the block ends.
    """
    collecting = gc.isenabled()
    gc.disable()

    def resume() -> None:
        if collecting:
            gc.enable()

    try:
        yield resume
    finally:
        resume()
