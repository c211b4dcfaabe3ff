"""A folder of plain checkpoints as a source: one file a snapshot."""

import re
from collections.abc import Iterator

from deeptracker.errors import ConfigError, LogError
from deeptracker.pipeline.locations.folder import File, Folder
from deeptracker.pipeline.sources.iteration_numbers import by_iteration
from deeptracker.pipeline.sources.manifest import (
    ByteRange,
    Images,
    Offsets,
    OutcomeFile,
    Parameter,
    Problem,
)
from deeptracker.pipeline.sources.settings import iteration_pattern
from deeptracker.pipeline.sources.snapshot_index import ReadHeaders, index_snapshots
from deeptracker.record.log_format import RunDescription, Scalars

__all__ = ["LOOKS_LIKE", "CheckpointFolder", "index_folder", "recognises"]

LOOKS_LIKE = "a folder of *.safetensors checkpoints"
SUFFIX = ".safetensors"
LAST_DIGITS = r"(\d+)\D*$"


def recognises(folder: Folder) -> bool:
    """Whether a folder holds any safetensors file."""
    return any(file.name.endswith(SUFFIX) for file in folder.files())


def index_folder(folder: Folder, pattern: str | None = None) -> "CheckpointFolder":
    """Index a folder of safetensors checkpoints.

    Parameters
    ----------
    folder : Folder
    pattern : str, optional
        A regular expression whose first group is the iteration in a file's stem; the last run of
        digits by default.
    """
    return CheckpointFolder(folder, pattern)


class CheckpointFolder:
    """Snapshots by iteration, the iteration taken from the file's name.

    Parameters
    ----------
    folder : Folder
    pattern : str, optional
        As for `index_folder`.
    suffix : str
        Ending of the checkpoints' names.
    read_headers : callable, optional
        Gives the header or the error of each file; by default that of safetensors files.
    """

    location: str
    network: str
    iterations: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]

    def __init__(
        self,
        folder: Folder,
        pattern: str | None = None,
        suffix: str = SUFFIX,
        read_headers: ReadHeaders | None = None,
    ) -> None:
        problems: list[Problem] = []
        numbered = _numbered(folder, suffix, _compiled(pattern or LAST_DIGITS), problems)
        files = by_iteration(numbered, problems)
        if not files:
            raise LogError(
                f"{folder.location}: no checkpoint's name matches the pattern of the iteration, "
                f"{pattern or LAST_DIGITS!r}; name them like step-000100{suffix}, or set "
                "source: {pattern: …} in the config"
            )
        self._snapshots = index_snapshots(folder, files, read_headers)
        self.location = folder.location
        self.network = folder.name
        self.iterations = tuple(sorted(self._snapshots.files))
        self.parameters = self._snapshots.parameters
        self.problems = (*problems, *self._snapshots.problems)

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
        """Give a number that changes when the file does; 0 if there is none."""
        return 0 if outcomes else self._snapshots.fingerprints.get(iteration, 0)

    def file(self, iteration: int, outcomes: bool = False) -> File | None:
        """Give the file of an iteration as it was indexed; None if there is none."""
        return None if outcomes else self._snapshots.files.get(iteration)

    def description(self) -> RunDescription | None:
        """Plain checkpoints describe nothing."""
        return None

    def outcomes(self, iteration: int) -> OutcomeFile | None:  # noqa: ARG002
        """Plain checkpoints come without outcomes."""
        return None

    def images(self) -> Images | None:
        """Plain checkpoints come without images."""
        return None

    def scalars(self) -> Scalars | None:
        """Plain checkpoints come without scalars."""
        return None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return iteration_pattern(pattern)
    except ValueError as error:
        raise ConfigError(f"source pattern '{pattern}': give {error}") from None


def _numbered(
    folder: Folder, suffix: str, pattern: re.Pattern[str], problems: list[Problem]
) -> Iterator[tuple[int, File]]:
    for file in folder.files():
        if not file.name.endswith(suffix):
            continue
        match = pattern.search(file.name.removesuffix(suffix))
        if not match or not (match[1] or "").isdecimal():
            problems.append(
                Problem(
                    file.location,
                    "its name has no iteration; left out. Rename it, or set "
                    "source: {pattern: …} in the config",
                )
            )
            continue
        yield int(match[1]), file
