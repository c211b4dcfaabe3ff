"""DeepTracker: every weight and every validation image of a training run, at every iteration."""

from deeptracker.errors import ConfigError, DeepTrackerError, LogError, StoreError

__all__ = ["ConfigError", "DeepTrackerError", "LogError", "StoreError"]
__version__ = "0.1.0"
