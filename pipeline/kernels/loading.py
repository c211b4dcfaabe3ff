"""Loading Numba without what no kernel here uses, in processes that are ours alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

__all__ = ["load_numba"]

# What these modules of Numba look for as they are imported: linear algebra, for the sake of
# numpy.cov, and functions of C. Together they take a quarter of a second.
SOUGHT = {
    "numba.np.arraymath": "scipy.linalg",
    "numba.core.typing.cffi_utils": "cffi",
}


def load_numba() -> None:
    """Import parts of Numba that the first kernel needs, as if SciPy and cffi were not there.

    Both can be imported as ever afterwards. Numba's numpy.cov and numpy.corrcoef, and calls of cffi
    functions, are missing in this process: not for one whose owner may want them.
    """
    for module, sought in SOUGHT.items():
        if module not in sys.modules:
            # Another Numba may have it elsewhere, and is then loaded as it is.
            with _missing(sought), suppress(ModuleNotFoundError):
                import_module(module)


@contextmanager
def _missing(name: str) -> Iterator[None]:
    """Let an import fail."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # as Python's documentation has it
    try:
        yield
    finally:
        del sys.modules[name]
