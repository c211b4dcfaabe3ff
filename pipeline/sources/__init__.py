"""Sources: an index of the byte ranges of a training's files, built from file headers alone.

A format is one module with `LOOKS_LIKE`, its description, `recognises(folder)` and
`index_folder(folder, settings)`, and one line in `FILES`; the folder may be on a local disk or in a
bucket.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from deeptracker.errors import ConfigError, LogError
from deeptracker.pipeline.locations.folder import Folder
from deeptracker.pipeline.locations.paths import open_folder
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.sources.checkpoint_folder import DEPTH
from deeptracker.pipeline.sources.manifest import (
    ByteRange,
    Images,
    OutcomeFile,
    Parameter,
    Problem,
    Source,
)
from deeptracker.pipeline.sources.settings import SourceConfig
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
    "safetensors_checkpoints",
    "torch_checkpoints",
)
FORMATS = tuple(import_module(f"{__name__}.{name}") for name in FILES)


def open_source(
    path: str | Path,
    settings: SourceConfig | None = None,
    storage: StorageConfig | None = None,
) -> Source:
    """Index a training log or a folder of checkpoints.

    Parameters
    ----------
    path : str or Path
        The folder: a path, or ``s3://BUCKET/PREFIX``.
    settings : SourceConfig, optional
        The format, and how iterations and parameters are chosen.
    storage : StorageConfig, optional
        Settings of buckets; a missing setting comes from the environment.

    Raises
    ------
    LogError
        When there is no such folder, or no format recognises it.
    ConfigError
        When there is no such format.
    """
    settings = settings or SourceConfig()
    chosen = _formats(settings.format)
    folder = open_folder(str(path), storage)
    if folder.has("refs") and folder.has("manifests"):
        raise LogError(
            f"{folder.location}: is a store; give a training log or a folder of checkpoints"
        )
    for form in chosen:
        if form.recognises(folder):
            source: Source = form.index_folder(folder, settings)
            return source
    formats = ", nor ".join(form.LOOKS_LIKE for form in chosen)
    neither = "neither" if len(chosen) > 1 else "not"
    raise LogError(f"{folder.location}: is {neither} {formats}{_seen(folder)}")


def _formats(name: str | None) -> Sequence[ModuleType]:
    if name is None:
        return FORMATS
    if name.replace("-", "_") not in FILES:
        allowed = ", ".join(file.replace("_", "-") for file in FILES)
        raise ConfigError(f"source format '{name}': is unknown; allowed: {allowed}")
    return [FORMATS[FILES.index(name.replace("-", "_"))]]


def _seen(folder: Folder) -> str:
    """Say what a folder holds instead of what can be read, and what to do."""
    files = folder.tree(DEPTH).files
    if not files:
        return ". It holds no file within a depth of three folders"
    endings = Counter("." + f.name.rpartition(".")[2] if "." in f.name else f.name for f in files)
    shown = ", ".join(f"{count:,} files *{ending}" for ending, count in endings.most_common(4))
    return (
        f". It holds {shown}; give the folder that holds the checkpoints, or save them as "
        "safetensors or with torch.save"
    )
