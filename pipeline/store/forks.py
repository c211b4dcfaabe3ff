"""Forks: the staged session as bytes for tasks, and the tasks' changes as bytes for the client.

A task that is tried again starts from a clean fork: it gets bytes. A fork of a commit may be
merged into a later one: a task's changes are only the addresses of the chunks that it wrote.
"""

import pickle
from collections.abc import Sequence

from icechunk import ForkSession

__all__ = ["merged_forks", "opened_fork", "packed_fork"]


def packed_fork(session: ForkSession) -> bytes:
    """Pack a fork, with the addresses of the chunks written to it."""
    return pickle.dumps(session)


def opened_fork(fork: bytes) -> ForkSession:
    """Unpack a fork of this run."""
    session: ForkSession = pickle.loads(fork)  # noqa: S301  # our own client or task packed it
    return session


def merged_forks(fork: bytes, written: Sequence[bytes]) -> bytes:
    """Merge several forks into one that has the changes of all.

    Parameters
    ----------
    fork : bytes
        One of the forks, or a clean fork of the same commit.
    """
    session = opened_fork(fork)
    session.merge(*(opened_fork(other) for other in written))
    return packed_fork(session)
