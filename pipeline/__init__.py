"""Process: training logs and checkpoints become a store of measures and pyramids."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.following import follow
    from pipeline.processing import plan, process
    from pipeline.storage.store import open_store
    from pipeline.summary import Summary

__all__ = ["Summary", "follow", "open_store", "plan", "process"]

# Imported when asked for, so that reading a config costs no dask, zarr or numba.
_HOMES = {
    "Summary": "pipeline.summary",
    "follow": "pipeline.following",
    "open_store": "pipeline.storage.store",
    "plan": "pipeline.processing",
    "process": "pipeline.processing",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415

        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
