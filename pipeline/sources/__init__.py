"""Sources: what a training left, as an index of byte ranges built from file headers alone.

A format is one module with `recognises(path)` and `open_folder(path, pattern)`, and one line in
`FORMATS`.
"""

from pathlib import Path

from deeptracker.errors import LogError
from pipeline.sources import checkpoints, traininglog
from pipeline.sources.manifest import (
    ByteRange,
    Images,
    OutcomeFile,
    Parameter,
    Problem,
    Source,
)
from pipeline.sources.reading import read_values, to_float

__all__ = [
    "FORMATS",
    "ByteRange",
    "Images",
    "OutcomeFile",
    "Parameter",
    "Problem",
    "Source",
    "open_source",
    "read_values",
    "to_float",
]

# The first that recognises a folder opens it.
FORMATS = (traininglog, checkpoints)


def open_source(path: str | Path, pattern: str | None = None) -> Source:
    """Index a training log or a folder of checkpoints.

    Parameters
    ----------
    path : str or Path
        The folder.
    pattern : str, optional
        A regular expression whose first group is the iteration, for formats that read it from file
        names.

    Raises
    ------
    LogError
        When there is no such folder, or nothing in it that a format recognises.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "there is no such folder"
        raise LogError(
            f"{folder}: {what}; give a training log or a folder of *.safetensors checkpoints"
        )
    for form in FORMATS:
        if form.recognises(folder):
            return form.open_folder(folder, pattern)
    raise LogError(
        f"{folder}: is neither a training log (no run.json, no snapshots/) nor a folder of "
        "*.safetensors checkpoints"
    )
