"""Process: training logs and checkpoints become a store of measures and pyramids."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deeptracker.pipeline.following import follow
    from deeptracker.pipeline.processing import plan, process
    from deeptracker.pipeline.store.run_store import open_store
    from deeptracker.pipeline.summary import Summary

__all__ = ["Summary", "follow", "open_store", "plan", "process"]

# Imported at first use, so that reading a config does not import dask, zarr or numba.
_MODULES = {
    "Summary": "deeptracker.pipeline.summary",
    "follow": "deeptracker.pipeline.following",
    "open_store": "deeptracker.pipeline.store.run_store",
    "plan": "deeptracker.pipeline.processing",
    "process": "deeptracker.pipeline.processing",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module  # noqa: PLC0415

        found = getattr(import_module(_MODULES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'deeptracker.pipeline' has no attribute {name!r}")
