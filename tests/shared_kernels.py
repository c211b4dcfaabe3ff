"""Compiled kernels of this checkout, for a copy of the package that is not about compiling."""

import shutil
from pathlib import Path

from numba.core.caching import UserProvidedCacheLocator

from deeptracker.pipeline.kernels import compiling

__all__ = ["share_kernels"]

PACKAGE = Path(compiling.__file__).parents[2]
place_of = UserProvidedCacheLocator.get_suitable_cache_subpath


def share_kernels(package: Path, cache: Path | None = None) -> Path:
    """Give a copy of the package the kernels that are compiled already.

    Numba keeps the kernels of a folder in one that is named after its path; what is in it is found
    by the content of the sources.

    Parameters
    ----------
    package : Path
        The copy's `deeptracker` folder.
    cache : Path, optional
        Where the copy keeps kernels; beside their sources if not given.

    Returns
    -------
    Path
        `cache`.
    """
    cache = cache or package / "pipeline/kernels/__pycache__"
    kept = compiling.kept_in()
    for source in {path.parent for path in (PACKAGE / "pipeline").rglob("*.py")}:
        copied = package / source.relative_to(PACKAGE)
        folder = kept / place_of(source / "module.py")
        if folder.exists():
            target = cache / kept.name / place_of(copied / "module.py")
            shutil.copytree(folder, target, dirs_exist_ok=True)
    return cache
