"""Opening a run; like the command line, it imports all packages, and only when it is called."""

from pathlib import Path
from typing import TYPE_CHECKING

from deeptracker.errors import DeepTrackerError

if TYPE_CHECKING:
    from deeptracker.dashboard.notebook.opened_run import OpenedRun

__all__ = ["open"]


def open(  # noqa: A001  # read as deeptracker.open
    store: str | Path, *, theme: str | None = None
) -> "OpenedRun":
    """Open a processed run in a notebook.

    Parameters
    ----------
    store : str or pathlib.Path
        The store that ``deeptracker process`` wrote: a path or a URL.
    theme : {"light", "dark"}, optional
        The theme of its charts; None takes Panel's, as ``pn.extension(theme="dark")`` sets it.

    Returns
    -------
    OpenedRun
        Its charts (`timeline`, `classes`, `layers`, `weights`, `filters`, `cube`) as HoloViews
        objects, its data (`tree`) as xarray's, its `findings` as a table.

    Raises
    ------
    StoreError
        When there is no store.
    DeepTrackerError
        When the drawing libraries are not installed.
    """
    try:
        from deeptracker.dashboard.notebook.opened_run import OpenedRun  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise DeepTrackerError(
            f"opening {store} needs {missing.name}; "
            "install everything with: pip install 'deeptracker[app]'"
        ) from missing
    return OpenedRun(str(store), theme)
