"""The incidents of a run, the gravest first."""

from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline.store.stored_incidents import COLUMNS, StoredIncident

__all__ = ["incidents_of"]


def incidents_of(run: Run) -> list[StoredIncident]:
    """Read all incidents; none of a store that an older version wrote."""
    if not run.has("incidents/title"):
        return []
    columns = [run.array(f"incidents/{name}").tolist() for name in COLUMNS]
    return [
        StoredIncident(**dict(zip(COLUMNS, values, strict=True)))
        for values in zip(*columns, strict=True)
    ]
