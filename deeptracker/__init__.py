"""DeepTracker: every weight and every validation image of a training run, at every iteration."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deeptracker.errors import ConfigError, DeepTrackerError, LogError, StoreError, UnknownNameError

if TYPE_CHECKING:
    from deeptracker.open_run import open  # noqa: A004  # read as deeptracker.open
    from deeptracker.record.log_format import RunDescription, TrainingLog
    from deeptracker.record.recorder import Recorder

__all__ = [
    "ConfigError",
    "DeepTrackerError",
    "LogError",
    "Recorder",
    "RunDescription",
    "StoreError",
    "TrainingLog",
    "UnknownNameError",
    "open",
]
__version__ = "0.1.0"

# Imported on first use, so that `deeptracker --help` loads no NumPy.
_MODULES = {
    "Recorder": "record.recorder",
    "RunDescription": "record.log_format",
    "TrainingLog": "record.log_format",
    "open": "open_run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
