"""The tensors of a snapshot from the headers of its files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder
from deeptracker.pipeline.sources.networks import FLOATS, Network, network_of
from deeptracker.pipeline.sources.tensor_names import plain_entries
from deeptracker.record.log_format import GRADIENT_PREFIX
from deeptracker.record.tensor_file import TensorEntry
from deeptracker.wording import counted

__all__ = ["JoinedHeaders", "SnapshotFiles"]


@dataclass(frozen=True)
class SnapshotFiles:
    """The files of one snapshot.

    Attributes
    ----------
    files : tuple of File
        All that are needed: the snapshot is left out where one cannot be read.
    place_of : mapping of str to int, or None
        Which of the files has each tensor, where an index beside them says so.
    """

    files: tuple[File, ...]
    place_of: Mapping[str, int] | None = None

    @property
    def location(self) -> str:
        """The first file's."""
        return self.files[0].location


class JoinedHeaders:
    """Tensors of snapshots by their plain names; of equal headers one object."""

    def __init__(self, keeps: Callable[[str], bool] | None) -> None:
        self._keeps = keeps
        self._known: dict[tuple[Any, ...], tuple[dict[str, TensorEntry], Network]] = {}
        # They are known by their addresses, so they must live as long as this.
        self._held: list[Any] = []
        self._dropped: dict[int, list[str]] = {}
        self._headers: dict[int, Sequence[FileHeader]] = {}

    def of(
        self, snapshot: SnapshotFiles, headers: Sequence[FileHeader]
    ) -> tuple[dict[str, TensorEntry], Network]:
        """Give a snapshot's tensors and network.

        Raises
        ------
        LogError
            When two files have a tensor of one name, or a file lacks one that it should have.
        """
        place_of = snapshot.place_of
        key = (id(place_of), *(id(header.entries) for header in headers))
        if key not in self._known:
            tensors = plain_entries(_joined(snapshot, headers))
            kept = tensors
            if self._keeps is not None:
                keeps = self._keeps
                kept = {
                    name: entry
                    for name, entry in tensors.items()
                    if keeps(name.removeprefix(GRADIENT_PREFIX))
                }
            self._known[key] = kept, network_of(kept)
            self._held.append((place_of, headers))
            self._dropped[id(kept)] = [name for name in tensors if name not in kept]
            self._headers[id(kept)] = headers
        return self._known[key]

    def check_kept(self, folder: Folder) -> None:
        """Refuse a choice of parameters that leaves none, and name some.

        Raises
        ------
        LogError
            When the choice left out all.
        """
        dropped = next((names for names in self._dropped.values() if names), [])
        if dropped:
            shown = ", ".join(dropped[:3])
            raise LogError(
                f"{folder.location}: the choice of parameters leaves none of "
                f"{counted(len(dropped), 'tensor')} ({shown}, …); change --parameters"
            )

    def left_out(self, tensors: Mapping[str, TensorEntry]) -> tuple[str, ...]:
        """Say what a snapshot holds beside its parameters, one kind each."""
        reasons: list[str] = []
        for header in self._headers[id(tensors)]:
            reasons += [text for text in header.left_out if text not in reasons]
        dropped = len(self._dropped[id(tensors)])
        if dropped:
            reasons.append(f"{counted(dropped, 'tensor')}: by the choice of parameters")
        return (*_no_weights(tensors), *reasons)


def _no_weights(tensors: Mapping[str, TensorEntry]) -> Iterator[str]:
    """Say which tensors are no weights by their dtypes."""
    kinds: dict[str, list[str]] = {}
    for name, entry in tensors.items():
        if entry.dtype not in FLOATS:
            kinds.setdefault(entry.dtype, []).append(name)
    for dtype, names in kinds.items():
        more = ", …" if len(names) > 1 else ""
        yield f"{counted(len(names), 'tensor')} of {dtype} ({names[0]}{more}): not measured"


def _joined(snapshot: SnapshotFiles, headers: Sequence[FileHeader]) -> Mapping[str, TensorEntry]:
    """Join the tensors of a snapshot's files; of one file they stay as they are.

    Raises
    ------
    LogError
        As `JoinedHeaders.of` does.
    """
    place_of = snapshot.place_of
    if len(headers) == 1 and place_of is None:
        return headers[0].entries
    found: dict[str, TensorEntry] = {}
    for place, (file, header) in enumerate(zip(snapshot.files, headers, strict=True)):
        for name, entry in header.entries.items():
            if place_of is not None and place_of.get(name, place) != place:
                continue
            if name in found:
                raise LogError(
                    f"{file.location}: has {name!r}, like another file of the same snapshot, "
                    "which is left out. Write each tensor once"
                )
            found[name] = entry._replace(file=place)
    missing = [name for name in place_of or () if name not in found]
    if missing:
        raise LogError(
            f"{snapshot.location}: the index lists {counted(len(missing), 'tensor')} that "
            f"the files lack ({missing[0]!r}); the whole snapshot is left out. Copy it again"
        )
    return found
