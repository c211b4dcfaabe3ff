"""The result of a run of the pipeline and the content of a store, in words and as JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deeptracker.wording import counted, sized

if TYPE_CHECKING:
    from deeptracker.pipeline.locations.settings import StorageConfig
    from deeptracker.pipeline.store.run_store import StoreReader

__all__ = ["StoreDescription", "Summary", "describe_store"]

SHOWN_PROBLEMS = 10
SHOWN_INCIDENTS = 3


@dataclass(frozen=True)
class Summary:
    """One run of the pipeline.

    Attributes
    ----------
    store : str
        Where the store is.
    action : str
        Action on the store.
    reason : str
        Why everything was processed again, if it was.
    snapshots, iterations : int
        Snapshots processed now, and iterations in the store.
    nbytes : int
        Bytes of weights read.
    seconds : float
        From opening the log to the commit.
    findings : int
        Findings in the store.
    problems : tuple of str
        Files that were left out, and other warnings, each with its remedy.
    commit : str
        The store's snapshot.
    changes : str
        How the network changed in the snapshots processed now; empty if it did not.
    incidents : tuple of str
        The incidents of the store, each in a sentence, the gravest first.
    reading : tuple of str
        The format, the iterations and what was left out, a line each.
    """

    store: str
    action: Literal["created", "appended", "rebuilt", "unchanged"]
    reason: str
    snapshots: int
    iterations: int
    nbytes: int
    seconds: float
    findings: int
    problems: tuple[str, ...]
    commit: str
    changes: str = ""
    incidents: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()

    @property
    def gigabytes_per_second(self) -> float:
        """Bytes of weights over the whole run's time."""
        return self.nbytes / 1e9 / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """Give the summary in one line, without the warnings."""
        reason = f", everything again: {self.reason}" if self.reason else ""
        return (
            f"{self.action}: {counted(self.snapshots, 'snapshot')} ({sized(self.nbytes)}) "
            f"in {self.seconds:.1f} s{reason}; {counted(self.iterations, 'iteration')}, "
            f"{counted(len(self.incidents), 'incident')}, {counted(self.findings, 'finding')}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the summary for JSON."""
        return {**asdict(self), "gigabytes_per_second": self.gigabytes_per_second}

    def text(self) -> str:
        """Write it in a few lines."""
        if self.action == "unchanged":
            known = counted(self.iterations, "iteration")
            lines = [f"{self.store}: nothing new, {known} as before"]
        else:
            lines = [
                (
                    f"{self.store}: {self.action}, {counted(self.snapshots, 'snapshot')} "
                    f"({sized(self.nbytes)}) in {self.seconds:.1f} s "
                    f"({sized(1e9 * self.gigabytes_per_second)}/s); "
                    f"{counted(self.iterations, 'iteration')}, "
                    f"{counted(len(self.incidents), 'incident')}, "
                    f"{counted(self.findings, 'finding')}"
                ),
                *self.reading,
            ]
        if self.action != "unchanged":
            lines += [f"incident: {incident}" for incident in self.incidents[:SHOWN_INCIDENTS]]
            if len(self.incidents) > SHOWN_INCIDENTS:
                hidden = len(self.incidents) - SHOWN_INCIDENTS
                lines.append(f"incident: {hidden} more; see: deeptracker check {self.store}")
        if self.reason:
            lines.append(f"everything was processed again: {self.reason}")
        if self.changes:
            lines.append(f"the network changed: {self.changes}")
        lines += [f"warning: {problem}" for problem in self.problems[:SHOWN_PROBLEMS]]
        hidden = len(self.problems) - SHOWN_PROBLEMS
        if hidden > 0:
            lines.append(f"warning: {hidden} more; see --json")
        return "\n".join(lines)


@dataclass(frozen=True)
class StoreDescription:
    """What a store holds."""

    store: str
    run: str
    network: str
    source: str
    created: str
    updated: str
    iterations: int
    first_iteration: int
    last_iteration: int
    snapshots: int
    outcomes: int
    parameters: int
    weights: int
    layers: int
    gradients: bool
    images: int
    classes: int
    findings: int
    commit: str
    changes: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the description for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Write it in a few lines."""
        gradients = "with gradients" if self.gradients else "without gradients"
        return "\n".join(
            [
                f"{self.store}: run {self.run}, network {self.network}",
                f"  log         {self.source}",
                (
                    f"  iterations  {self.iterations} ({self.first_iteration} to "
                    f"{self.last_iteration}), {self.snapshots} with a snapshot {gradients}, "
                    f"{self.outcomes} with outcomes"
                ),
                (
                    f"  network     {counted(self.layers, 'layer')}, "
                    f"{counted(self.parameters, 'parameter')}, {counted(self.weights, 'weight')}"
                ),
                (
                    f"  validation  {counted(self.images, 'image')} of "
                    f"{counted(self.classes, 'class', 'classes')}"
                ),
                *([f"  changes     {self.changes}"] if self.changes else []),
                f"  findings    {self.findings}",
                f"  written     {self.created}, last updated {self.updated}",
            ]
        )


def describe_store(
    location: str | Path, storage: "StorageConfig | None" = None
) -> StoreDescription:
    """Open a store and describe its content.

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
    # Import late: xarray and zarr are heavy, and `Summary` does not need them.
    from deeptracker.pipeline.store.repository import refusals  # noqa: PLC0415
    from deeptracker.pipeline.store.run_store import open_store  # noqa: PLC0415

    reader = open_store(location, storage, older=True)
    with refusals(str(location), storage):
        return _described(str(location), reader)


def _described(location: str, reader: "StoreReader") -> StoreDescription:
    from deeptracker.pipeline.store.arrays.array_spec import array_at, read_array  # noqa: PLC0415
    from deeptracker.pipeline.store.stored_network import (  # noqa: PLC0415
        newest_nodes,
        stored_changes,
    )

    root = reader.root()
    attrs = root.attrs.asdict()
    iterations = read_array(root, "iteration")
    kinds = list(read_array(root, "nodes/kind")[newest_nodes(root)])
    return StoreDescription(
        store=location,
        run=str(attrs["run"]),
        network=str(attrs["network"]),
        source=str(attrs["source"]),
        created=str(attrs["created"]),
        updated=str(attrs["updated"]),
        iterations=len(iterations),
        first_iteration=int(iterations[0]),
        last_iteration=int(iterations[-1]),
        snapshots=int(read_array(root, "has_snapshot").sum()),
        outcomes=int(read_array(root, "has_outcomes").sum()),
        parameters=kinds.count("parameter"),
        weights=int(read_array(root, "nodes/size")[0]),
        layers=kinds.count("layer"),
        gradients=bool(attrs["gradients"]),
        images=array_at(root, "images/label").shape[0] if "images/label" in root else 0,
        classes=array_at(root, "classes/size").shape[0] if "classes/size" in root else 0,
        findings=array_at(root, "health/rule").shape[0],
        commit=reader.snapshot_id,
        changes=stored_changes(root),
    )
