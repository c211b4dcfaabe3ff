"""The incidents of a store, gravest first."""

from dataclasses import dataclass, fields

import zarr

from deeptracker.pipeline.store.arrays.array_spec import read_array

__all__ = ["COLUMNS", "StoredIncident", "stored_incidents"]


@dataclass(frozen=True)
class StoredIncident:
    """What happened at one time of a training.

    Attributes
    ----------
    at_iteration, first, last : int
        The onset, and the first and the last iteration of its moves.
    severity : str
        error, warning or info.
    title, message : str
        A few words, and a sentence.
    lead_kind : str
        scalar, node, filter, class_ or images.
    lead : str
        What moved first; a filter is ``PARAMETER[INDEX]``.
    score : float
        The greatest robust z of its moves.
    """

    at_iteration: int
    first: int
    last: int
    severity: str
    title: str
    message: str
    lead_kind: str
    lead: str
    score: float


# The arrays of the group.
COLUMNS = tuple(field.name for field in fields(StoredIncident))


def stored_incidents(root: zarr.Group) -> list[StoredIncident]:
    """Read all incidents; none of a store that an older version wrote."""
    if "incidents/title" not in root:
        return []
    columns = [read_array(root, f"incidents/{name}").tolist() for name in COLUMNS]
    return [
        StoredIncident(**dict(zip(COLUMNS, values, strict=True)))
        for values in zip(*columns, strict=True)
    ]
