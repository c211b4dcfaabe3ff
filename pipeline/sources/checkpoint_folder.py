"""Checkpoints in a folder as a source: single files, shards, and one folder for each checkpoint."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder, Tree
from deeptracker.pipeline.sources.beside_weights import describe_others, kind_beside
from deeptracker.pipeline.sources.checkpoint_files import (
    ANOTHER_MODEL,
    Checkpoint,
    FoundCheckpoints,
    find_checkpoints,
    stem_of,
)
from deeptracker.pipeline.sources.checkpoint_numbers import Numbered, number_checkpoints
from deeptracker.pipeline.sources.iteration_numbers import by_iteration
from deeptracker.pipeline.sources.manifest import Problem, Reading
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.sources.snapshot_index import ReadHeaders, index_snapshots
from deeptracker.pipeline.sources.snapshot_source import SnapshotSource
from deeptracker.pipeline.sources.trainer_state import (
    TRAINER_STATE,
    read_trainer_state,
    scalars_of,
)
from deeptracker.record.log_format import Scalars
from deeptracker.wording import counted

__all__ = ["DEPTH", "CheckpointFolder", "WeightFiles", "has_weights"]

# Folders below the given one that are listed: outputs/checkpoints/000500/pretrained_model.
DEPTH = 3
NO_OUTCOMES = (
    "no validation view: checkpoints hold no outcomes of images; deeptracker.Recorder records them"
)
NO_SCALARS = "no curves of scalars: none lie beside the checkpoints in a format that is read"


@dataclass(frozen=True)
class WeightFiles:
    """A kind of file that holds weights.

    Attributes
    ----------
    what : str
        What the files are called, in the plural.
    suffixes : tuple of str
        Endings of their names, in lower case; longer ones first.
    read_headers : callable, optional
        Gives the header or the error of each file; by default that of safetensors files.
    """

    what: str
    suffixes: tuple[str, ...]
    read_headers: ReadHeaders | None = None


def has_weights(folder: Folder, suffixes: Sequence[str]) -> bool:
    """Whether a folder, or one below, holds a file of weights with one of these suffixes."""
    return any(
        stem_of(file.name, suffixes) is not None and kind_beside(file.name) is None
        for file in folder.tree(DEPTH).files
    )


class CheckpointFolder(SnapshotSource):
    """Snapshots by iteration: from the files themselves, or from the names of files and folders.

    Parameters
    ----------
    folder : Folder
    settings : SourceConfig
    weights : WeightFiles
        Which files are read, and how.

    Raises
    ------
    LogError
        When no checkpoint has an iteration or can be read, or when the names leave open which
        number is the iteration, or which of several models is meant.
    """

    def __init__(self, folder: Folder, settings: SourceConfig, weights: WeightFiles) -> None:
        tree = folder.tree(DEPTH)
        found = find_checkpoints(folder, tree, weights.suffixes, settings.model)
        headers = _read(folder, found.checkpoints, weights)
        states = {
            file.name.rpartition("/")[0]: file
            for file in tree.files
            if file.name.rpartition("/")[2] == TRAINER_STATE
        }
        numbered = number_checkpoints(folder, found, headers, states, settings)
        problems = [*found.problems, *numbered.problems]
        checkpoints = by_iteration(_of_one_model(folder, numbered, found, settings), problems)
        if not checkpoints:
            raise _no_iteration(folder, settings, weights, problems)
        snapshots = {iteration: each.files for iteration, each in checkpoints.items()}
        self._snapshots = index_snapshots(
            folder, snapshots, lambda files: iter(headers[f.location] for f in files),
            settings.keeps,
        )  # fmt: skip
        self.location = folder.location
        self.network = folder.name
        self.iterations = tuple(sorted(self._snapshots.files))
        self.parameters = self._snapshots.parameters
        self._scalars = _scalars(folder, checkpoints, states, problems)
        self.problems = (*problems, *self._snapshots.problems)
        self.reading = Reading(
            _form(weights, checkpoints, states),
            numbered.how,
            (*self._snapshots.left_out, *_left_out(tree, found, weights)),
            (
                *self._snapshots.notes,
                NO_OUTCOMES,
                *(() if self._scalars else (NO_SCALARS,)),
            ),
        )

    def scalars(self) -> Scalars | None:
        """Give the scalars that lie beside the newest checkpoint; None if there are none."""
        return self._scalars


def _read(
    folder: Folder, checkpoints: Sequence[Checkpoint], weights: WeightFiles
) -> dict[str, FileHeader | LogError]:
    """Read the headers of all files, by location."""
    files = [file for each in checkpoints for file in each.files.files]
    read_headers = weights.read_headers or folder.headers
    pairs = zip(files, read_headers(files), strict=True)
    return {file.location: header for file, header in pairs}


def _of_one_model(
    folder: Folder, numbered: Numbered, found: FoundCheckpoints, settings: SourceConfig
) -> Iterator[tuple[int, Checkpoint]]:
    """Choose one of several models that lie in folders of their own.

    Raises
    ------
    LogError
        When it is not clear which of them is meant.
    """
    by_number: dict[int, list[Checkpoint]] = defaultdict(list)
    for each, iteration in numbered.iterations:
        by_number[iteration].append(each)
    for iteration, several in by_number.items():
        kept: Sequence[Checkpoint] = several
        if len({each.folder for each in several}) > 1:
            kept = _chosen_model(several, settings.model, found)
        if len({each.folder for each in kept}) > 1:
            shown = ", ".join(each.name for each in kept[:4])
            raise LogError(
                f"{folder.location}: several checkpoints have the iteration {iteration}: {shown}. "
                "If they are models of one training, choose one with --model NAME; if they are of "
                "several trainings, give the folder of one"
            )
        yield from ((iteration, each) for each in kept)


def _chosen_model(
    several: Sequence[Checkpoint], model: str | None, found: FoundCheckpoints
) -> Sequence[Checkpoint]:
    """Keep the model that is asked for, else what is no average of another model's weights."""

    def is_meant(each: Checkpoint) -> bool:
        parts = PurePosixPath(each.folder).parts
        if model is not None:
            return model in parts
        return not any("ema" in part.lower().replace("-", "_").split("_") for part in parts)

    kept = [each for each in several if is_meant(each)]
    if not kept:
        return several
    for each in several:
        if each not in kept:
            found.leave_out(ANOTHER_MODEL, each.files.files[0].name)
    return kept


def _no_iteration(
    folder: Folder, settings: SourceConfig, weights: WeightFiles, problems: Sequence[Problem]
) -> LogError:
    suffix = weights.suffixes[-1]
    pattern = f", {settings.pattern!r}" if settings.pattern else ""
    first = f" ({problems[0]})" if problems else ""
    return LogError(
        f"{folder.location}: no checkpoint's name matches the pattern of the iteration{pattern}"
        f"{first}; name them like step-000100{suffix}, or set "
        "source: {pattern: …} in the config"
    )


def _scalars(
    folder: Folder,
    checkpoints: Mapping[int, Checkpoint],
    states: Mapping[str, File],
    problems: list[Problem],
) -> Scalars | None:
    """Read the scalars beside the newest checkpoint that has some."""
    for folder_name in [*(checkpoints[i].folder for i in sorted(checkpoints, reverse=True)), ""]:
        file = states.get(folder_name)
        if file is None:
            continue
        try:
            scalars = scalars_of(read_trainer_state(folder, file))
        except LogError as error:
            problems.append(Problem.of(file.location, error))
            continue
        problems += [Problem(file.location, text) for text in scalars.problems]
        return scalars if scalars.values else None
    return None


def _form(
    weights: WeightFiles, checkpoints: Mapping[int, Checkpoint], states: Mapping[str, File]
) -> str:
    trainer = " of Hugging Face's Trainer" if states else ""
    files = sum(len(each.files.files) for each in checkpoints.values())
    shards = f" in {counted(files, 'file')}" if files > len(checkpoints) else ""
    return f"{weights.what}, {counted(len(checkpoints), 'checkpoint')}{trainer}{shards}"


def _left_out(tree: Tree, found: FoundCheckpoints, weights: WeightFiles) -> Iterator[str]:
    """Say which files and links are left out, a line a kind."""
    for noun, reason, names in (
        *(("file", reason, names) for reason, names in found.others.items()),
        ("link", "to what is read by its own name", tree.links),
        ("link", "to nothing, or in a loop", tree.dangling),
        ("entry", "no file, but a pipe or the like", tree.others),
    ):
        if names:
            more = ", …" if len(names) > 1 else ""
            many = "entries" if noun == "entry" else ""
            yield f"{counted(len(names), noun, many)} ({names[0]}{more}): {reason}"
    yield from describe_others((file.name for file in tree.files), weights.suffixes)
    other = [
        file.name
        for file in tree.files
        if stem_of(file.name, OF_WEIGHTS) is not None
        and stem_of(file.name, weights.suffixes) is None
        and kind_beside(file.name) is None
    ]
    if other:
        more = ", …" if len(other) > 1 else ""
        yield f"{counted(len(other), 'file')} ({other[0]}{more}): of another format"


# Suffixes that are of weights in one format or another.
OF_WEIGHTS = (".safetensors", ".pth.tar", ".pt", ".pth", ".bin", ".ckpt")
