"""The files of a log, as its folders list them."""

from collections.abc import Iterable, Iterator

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File
from deeptracker.pipeline.locations.paths import open_folder
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.sources.checkpoint_folder import DEPTH
from deeptracker.pipeline.sources.manifest import Source
from deeptracker.pipeline.sources.training_log import recognises as is_training_log

__all__ = ["check_unchanged", "list_log"]

# Subfolders with files of a training log.
SUBFOLDERS = ("", "snapshots", "outcomes")


def list_log(location: str, storage: StorageConfig | None = None) -> Iterator[File]:
    """List every file of a log; none if the folder is missing."""
    folder = open_folder(location, storage)
    if not is_training_log(folder):
        yield from folder.tree(DEPTH).files
        return
    for name in SUBFOLDERS:
        yield from folder.files(name)


def check_unchanged(
    source: Source, iterations: Iterable[int], storage: StorageConfig | None = None
) -> None:
    """Check, after reading, that the files of some iterations are still the indexed ones.

    A file that has been removed since passes: it was read before.

    Raises
    ------
    LogError
        When a file was rewritten while it was read: the values may mix both versions.
    """
    now = {file.location: file for file in list_log(source.location, storage)}
    for iteration in iterations:
        for outcomes in (False, True):
            for file in source.files(iteration, outcomes):
                if now.get(file.location, file) != file:
                    raise LogError(
                        f"{file.location}: was rewritten while it was processed; nothing was "
                        "committed. Write a file under another name, rename it, and process again"
                    )
