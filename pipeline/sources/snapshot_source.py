"""What sources of snapshots have in common: where parameters lie, from an index of snapshots."""

from deeptracker.pipeline.locations.folder import File
from deeptracker.pipeline.sources.manifest import (
    ByteRange,
    Images,
    Offsets,
    OutcomeFile,
    Parameter,
    Problem,
    Reading,
)
from deeptracker.pipeline.sources.snapshot_index import SnapshotIndex
from deeptracker.record.log_format import RunDescription, Scalars

__all__ = ["SnapshotSource"]


class SnapshotSource:
    """A source whose parameters are found in an index; by default it has nothing else.

    See `Source` for what the attributes and methods mean.
    """

    location: str
    network: str
    iterations: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]
    reading: Reading
    _snapshots: SnapshotIndex

    def locate(
        self,
        parameter: str,
        iteration: int,
        gradient: bool = False,
        shape: tuple[int, ...] | None = None,
    ) -> ByteRange | None:
        """Locate a parameter (or its gradient) at an iteration."""
        return self._snapshots.locate(parameter, iteration, gradient, shape)

    def parameters_at(self, iteration: int) -> tuple[Parameter, ...]:
        """Give the parameters of a snapshot."""
        return self._snapshots.networks.get(iteration, ())

    def offsets(self, iteration: int, gradient: bool = False) -> Offsets | None:
        """Where all parameters (or their gradients) lie at an iteration."""
        return self._snapshots.offsets(iteration, gradient)

    def has_snapshot(self, iteration: int) -> bool:
        """Whether the parameters were recorded at this iteration."""
        return iteration in self._snapshots.files

    def fingerprint(self, iteration: int, outcomes: bool = False) -> int:
        """Give a number that changes when a file of the snapshot does; 0 if there is none."""
        return 0 if outcomes else self._snapshots.fingerprints.get(iteration, 0)

    def files(self, iteration: int, outcomes: bool = False) -> tuple[File, ...]:
        """Give the files of the snapshot as they were indexed; none if there are none."""
        return () if outcomes else self._snapshots.files.get(iteration, ())

    def description(self) -> RunDescription | None:
        """Describe nothing."""
        return None

    def outcomes(self, iteration: int) -> OutcomeFile | None:  # noqa: ARG002
        """Have no outcomes."""
        return None

    def images(self) -> Images | None:
        """Have no images."""
        return None

    def scalars(self) -> Scalars | None:
        """Have no scalars."""
        return None
