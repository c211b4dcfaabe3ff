"""Detect a script without a main guard: a worker that imports it would start workers too."""

from multiprocessing import current_process

from deeptracker.errors import ClusterError

__all__ = ["GUARD", "refuse_unguarded"]

GUARD = 'put the call under: if __name__ == "__main__":'


def refuse_unguarded() -> None:
    """Refuse a run in a worker process that is still importing the script that started it.

    Raises
    ------
    ClusterError
        With the remedy.
    """
    # Python itself checks this attribute before such a process may start others.
    if getattr(current_process(), "_inheriting", False):
        raise ClusterError(
            "a worker process imported the script as it started, and ran it a second time; " + GUARD
        )
