"""The exceptions a person sees: each says what is wrong, where, and what to do."""

__all__ = [
    "ClusterError",
    "ConfigError",
    "DeepTrackerError",
    "LogError",
    "StoreBusyError",
    "StoreError",
    "UnknownNameError",
]


class DeepTrackerError(Exception):
    """Anything the person at the keyboard can act on; printed without a traceback."""


class LogError(DeepTrackerError):
    """A training log or checkpoint cannot be read or written."""


class ConfigError(DeepTrackerError):
    """A configuration file or option is wrong."""


class StoreError(DeepTrackerError):
    """A store cannot be opened, locked or written."""


class StoreBusyError(StoreError):
    """Another process writes the store.

    Attributes
    ----------
    holder : str
        Who it is, in words.
    """

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


class ClusterError(DeepTrackerError):
    """The scheduler or its workers were lost while they were needed."""


class UnknownNameError(DeepTrackerError, LookupError):
    """A class, layer, parameter or option is named that a run does not have."""
