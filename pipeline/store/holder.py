"""The process that writes a store, as its lock or lease describes it to a second writer."""

import json
import os
import socket
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self

__all__ = ["Holder"]


@dataclass(frozen=True)
class Holder:
    """A process that writes a store.

    Attributes
    ----------
    since : str
        When it started, in UTC, by the clock of its machine.
    token : str
        Distinguishes the writers of one process.
    """

    pid: int
    host: str
    since: str
    token: str

    @classmethod
    def new(cls) -> Self:
        """Describe this process as a writer that starts now."""
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        return cls(os.getpid(), socket.gethostname(), since, uuid.uuid4().hex)

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read the result of `packed`; None if it is empty or incomplete, as after a crash."""
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError):
            return None

    def packed(self) -> bytes:
        """Encode it as JSON."""
        return json.dumps(asdict(self)).encode()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} UTC"
