"""Forks: the staged session on its way to tasks, and what they have written on its way back.

As bytes, so that a task that is tried again starts from a clean one. A fork of a commit may be
merged into a later one: what a task writes is told from the commit by its chunks' addresses alone.
"""

import pickle
from collections.abc import Sequence

from icechunk import ForkSession

__all__ = ["merged_forks", "opened_fork", "packed_fork"]


def packed_fork(session: ForkSession) -> bytes:
    """Pack a fork, with the addresses of what was written on it."""
    return pickle.dumps(session)


def opened_fork(fork: bytes) -> ForkSession:
    """Open a fork of our own run."""
    session: ForkSession = pickle.loads(fork)  # noqa: S301  # our own client or task packed it
    return session


def merged_forks(fork: bytes, written: Sequence[bytes]) -> bytes:
    """Make one fork of several, that knows what was written on any.

    Parameters
    ----------
    fork : bytes
        One of them, or a clean one of the same commit.
    """
    session = opened_fork(fork)
    session.merge(*(opened_fork(other) for other in written))
    return packed_fork(session)
