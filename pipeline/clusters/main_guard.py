"""A script's first mistake: what starts worker processes must not run as these start."""

from multiprocessing import current_process

from deeptracker.errors import ClusterError

__all__ = ["GUARD", "refuse_unguarded"]

GUARD = 'put the call under: if __name__ == "__main__":'


def refuse_unguarded() -> None:
    """Refuse a run that a worker process begins while it imports the script that started it.

    Raises
    ------
    ClusterError
        With the remedy.
    """
    # What Python itself asks before it lets such a process start others.
    if getattr(current_process(), "_inheriting", False):
        raise ClusterError(
            "the script was run once more by a worker process, which imports it as it starts; "
            + GUARD
        )
