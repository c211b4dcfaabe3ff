"""Sources: an index of the byte ranges of a training's files, built from file headers alone.

A format is one module with `LOOKS_LIKE`, its description, `recognises(folder)` and
`index_folder(folder, pattern)`, and one line in `FILES`; the folder may be on a local disk or in a
bucket.
"""

from importlib import import_module
from pathlib import Path

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.paths import open_folder
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.sources.manifest import (
    ByteRange,
    Images,
    OutcomeFile,
    Parameter,
    Problem,
    Source,
)
from deeptracker.pipeline.sources.tensor_reading import read_values, to_float

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

# Modules of this folder, one a format; the first that recognises a log's folder opens it.
FILES = (
    "training_log",
    "checkpoint_folder",
)
FORMATS = tuple(import_module(f"{__name__}.{name}") for name in FILES)


def open_source(
    path: str | Path, pattern: str | None = None, storage: StorageConfig | None = None
) -> Source:
    """Index a training log or a folder of checkpoints.

    Parameters
    ----------
    path : str or Path
        The folder: a path, or ``s3://BUCKET/PREFIX``.
    pattern : str, optional
        A regular expression whose first group is the iteration, for formats that read it from file
        names.
    storage : StorageConfig, optional
        Settings of buckets; a missing setting comes from the environment.

    Raises
    ------
    LogError
        When there is no such folder, or no format recognises it.
    """
    folder = open_folder(str(path), storage)
    if folder.has("refs") and folder.has("manifests"):
        raise LogError(
            f"{folder.location}: is a store; give a training log or a folder of checkpoints"
        )
    for form in FORMATS:
        if form.recognises(folder):
            source: Source = form.index_folder(folder, pattern)
            return source
    formats = ", nor ".join(form.LOOKS_LIKE for form in FORMATS)
    raise LogError(f"{folder.location}: is neither {formats}")
