"""The exceptions that users see; each message names the error, its place and the remedy."""

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
    """An error that the user can act on; the command line prints it without a traceback."""


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
        The writing process, in words.
    """

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


class ClusterError(DeepTrackerError):
    """The scheduler or its workers were lost during a run."""


class UnknownNameError(DeepTrackerError, LookupError):
    """A run has no class, layer, parameter or option of the given name."""
