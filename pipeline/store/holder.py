"""Who writes a store: what its lock or lease holds, and what a second writer reads."""

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
        When it began, in UTC, by the clock of its machine.
    token : str
        Tells apart the writers of one process.
    """

    pid: int
    host: str
    since: str
    token: str

    @classmethod
    def new(cls) -> Self:
        """Describe this process, which begins to write."""
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        return cls(os.getpid(), socket.gethostname(), since, uuid.uuid4().hex)

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read what `packed` wrote; None where it is empty or torn, as a crash may leave it."""
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError):
            return None

    def packed(self) -> bytes:
        """Give it as JSON."""
        return json.dumps(asdict(self)).encode()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} UTC"
