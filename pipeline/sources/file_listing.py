"""The files of a log, as its folders list them."""

from collections.abc import Iterable, Iterator

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File
from deeptracker.pipeline.locations.paths import open_folder
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.sources.manifest import Source

__all__ = ["check_unchanged", "list_log"]

# Where files of a log lie; plain checkpoints lie in the folder itself.
PLACES = ("", "snapshots", "outcomes")


def list_log(location: str, storage: StorageConfig | None = None) -> Iterator[File]:
    """List every file of a log; none where there is no such folder yet."""
    folder = open_folder(location, storage)
    for place in PLACES:
        yield from folder.files(place)


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
            file = source.file(iteration, outcomes)
            if file is not None and now.get(file.location, file) != file:
                raise LogError(
                    f"{file.location}: was written anew while it was processed, and nothing was "
                    "committed. Write a file under another name and rename it, and process again"
                )
