"""The verdict on a training: its incidents, and whether any is grave enough to fail."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeptracker.wording import counted

if TYPE_CHECKING:
    from deeptracker.pipeline.locations.settings import StorageConfig
    from deeptracker.pipeline.store.stored_incidents import StoredIncident

__all__ = ["Verdict", "check_store"]

RANK = {"info": 0, "warning": 1, "error": 2}


@dataclass(frozen=True)
class Verdict:
    """What happened in a training, by its store.

    Attributes
    ----------
    store : str
        Where the store is.
    run : str
        The run's name.
    last_iteration : int
        Of the store.
    incidents : sequence of StoredIncident
        The gravest first.
    """

    store: str
    run: str
    last_iteration: int
    incidents: "Sequence[StoredIncident]"

    def fails(self, least: str) -> bool:
        """Whether any incident is at least so grave: info, warning or error."""
        return any(RANK.get(one.severity, 0) >= RANK[least] for one in self.incidents)

    def as_dict(self) -> dict[str, Any]:
        """Give the verdict for JSON."""
        return {**asdict(self), "incidents": [asdict(one) for one in self.incidents]}

    def text(self) -> str:
        """Write it in a line an incident."""
        found = counted(len(self.incidents), "incident") if self.incidents else "no incident"
        lines = [f"{self.store}: {found} up to iteration {self.last_iteration:,} of {self.run}"]
        return "\n".join([*lines, *(f"  {one.severity}: {one.message}" for one in self.incidents)])


def check_store(location: str | Path, storage: "StorageConfig | None" = None) -> Verdict:
    """Open a store and read its incidents.

    Parameters
    ----------
    location : str or Path
        The store.
    storage : StorageConfig, optional
        How buckets are reached; a setting left out comes from the environment.

    Raises
    ------
    StoreError
        When there is no store, or it is damaged.
    """
    # Import late: xarray and zarr are heavy.
    from deeptracker.pipeline.store.arrays.array_spec import read_array  # noqa: PLC0415
    from deeptracker.pipeline.store.repository import refusals  # noqa: PLC0415
    from deeptracker.pipeline.store.run_store import open_store  # noqa: PLC0415
    from deeptracker.pipeline.store.stored_incidents import stored_incidents  # noqa: PLC0415

    reader = open_store(location, storage)
    with refusals(str(location), storage):
        root = reader.root()
        last = int(read_array(root, "iteration")[-1])
        return Verdict(str(location), str(root.attrs["run"]), last, stored_incidents(root))
