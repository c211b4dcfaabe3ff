"""DeepTracker: every weight and every validation image of a training run, at every iteration."""

from deeptracker.errors import (
    ConfigError,
    DeepTrackerError,
    LogError,
    StoreError,
    UnknownNameError,
)
from deeptracker.opening import open  # noqa: A004  # read as deeptracker.open
from deeptracker.recorder import Recorder
from deeptracker.traininglog import RunDescription, TrainingLog

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
