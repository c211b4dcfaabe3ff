"""The training-log format as a source."""

import json
from dataclasses import replace

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, Folder
from deeptracker.pipeline.sources.iteration_numbers import by_iteration
from deeptracker.pipeline.sources.joined_headers import SnapshotFiles
from deeptracker.pipeline.sources.manifest import (
    ByteRange,
    Images,
    OutcomeFile,
    Problem,
    Reading,
)
from deeptracker.pipeline.sources.networks import FLOATS
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.sources.snapshot_index import index_snapshots
from deeptracker.pipeline.sources.snapshot_source import SnapshotSource
from deeptracker.pipeline.sources.tensor_names import module_names
from deeptracker.pipeline.sources.tensor_reading import read_values
from deeptracker.record.log_format import (
    RunDescription,
    Scalars,
    iteration_of,
    parse_description,
    parse_scalar_lines,
)
from deeptracker.record.recorded_images import THUMBNAIL_CHANNELS, class_numbers
from deeptracker.record.tensor_file import TensorEntry
from deeptracker.wording import counted

__all__ = ["LOOKS_LIKE", "TrainingLogSource", "index_folder", "recognises"]

LOOKS_LIKE = "a training log (run.json or snapshots/)"
INTEGERS = {"I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"}
# Every class takes memory and time, even a class without images.
UNNAMED_CLASSES = 100_000
UNNAMED_CLASSES_PER_IMAGE = 10


def recognises(folder: Folder) -> bool:
    """Whether a folder is a training log."""
    return folder.has("run.json") or folder.has("snapshots")


def index_folder(folder: Folder, settings: SourceConfig) -> "TrainingLogSource":
    """Index a training log; its file names are iterations, so no pattern is needed."""
    return TrainingLogSource(folder, settings)


class TrainingLogSource(SnapshotSource):
    """Snapshots, outcomes, images and scalars of one training log.

    Raises
    ------
    LogError
        When the log holds no readable snapshot, its run.json cannot be read, or a label is too
        large to be a class number.
    """

    def __init__(self, folder: Folder, settings: SourceConfig) -> None:
        self._folder = folder
        self._description = self._describe()
        problems: list[Problem] = []
        files = self._files("snapshots", problems)
        if not files:
            reason = f" ({problems[0]})" if problems else ""
            raise LogError(
                f"{folder.location}: holds no snapshots{reason}; record one with "
                "deeptracker.Recorder or write snapshots/ITERATION.safetensors"
            )
        snapshots = {iteration: SnapshotFiles((file,)) for iteration, file in files.items()}
        self._snapshots = index_snapshots(folder, snapshots, keeps=settings.keeps)
        problems += self._snapshots.problems
        self._images = self._read_images(problems)
        self._outcome_fingerprints: dict[int, int] = {}
        self._outcome_files: dict[int, File] = {}
        self._outcomes = self._index_outcomes(problems)
        self._check_labels()
        self._scalars = self._read_scalars(problems)
        self.location = folder.location
        self.network = _network_name(self._description, folder.name)
        self.iterations = tuple(sorted(self._snapshots.files.keys() | self._outcomes.keys()))
        self.parameters = self._snapshots.parameters
        self.problems = tuple(problems)
        found = counted(len(self._snapshots.files), "snapshot")
        form = f"training log, {found}, {counted(len(self._outcomes), 'file')} of outcomes"
        self.reading = Reading(form, "the files' names", self._snapshots.left_out)

    def fingerprint(self, iteration: int, outcomes: bool = False) -> int:
        """Give a number that changes when the file does; 0 if there is none."""
        if outcomes:
            return self._outcome_fingerprints.get(iteration, 0)
        return super().fingerprint(iteration)

    def files(self, iteration: int, outcomes: bool = False) -> tuple[File, ...]:
        """Give the file of an iteration as it was indexed; none if there is none."""
        if not outcomes:
            return super().files(iteration)
        file = self._outcome_files.get(iteration)
        return (file,) if file else ()

    def description(self) -> RunDescription | None:
        """Describe the run as its run.json does."""
        return self._description

    def outcomes(self, iteration: int) -> OutcomeFile | None:
        """Give the outcomes of an iteration."""
        return self._outcomes.get(iteration)

    def images(self) -> Images | None:
        """List the validation images."""
        return self._images

    def scalars(self) -> Scalars | None:
        """Give the recorded scalars; None if there are none."""
        return self._scalars if self._scalars.values else None

    def _files(self, under: str, problems: list[Problem]) -> dict[int, File]:
        named = ((iteration_of(file.name), file) for file in self._folder.files(under))
        numbered = ((iteration, file) for iteration, file in named if iteration is not None)
        return by_iteration(numbered, problems)

    def _describe(self) -> RunDescription | None:
        file = self._folder.find("run.json")
        if file is None:
            return None
        described = parse_description(self._folder.read(file), file.location, self._folder.name)
        return replace(described, modules=module_names(described.modules))

    def _read_scalars(self, problems: list[Problem]) -> Scalars:
        file = self._folder.find("scalars.jsonl")
        scalars = parse_scalar_lines(self._folder.read(file) if file else b"")
        if file:
            problems += [Problem(file.location, text) for text in scalars.problems]
        return scalars

    def _read_images(self, problems: list[Problem]) -> Images | None:
        file = self._folder.find("images.safetensors")
        if file is None:
            return None
        [header] = self._folder.headers([file])
        if isinstance(header, LogError):
            problems.append(Problem.of(file.location, header))
            return None
        entries = header.entries
        problem = _label_problem(entries)
        if problem:
            problems.append(Problem(file.location, problem))
            return None
        try:
            labels = class_numbers(read_values(self._range(file, entries["label"])), "label")
        except LogError as error:
            problems.append(Problem.of(file.location, error))
            return None
        names = _image_names(file, header.metadata, len(labels), problems)
        thumbnails = self._thumbnails(file, entries.get("thumbnail"), len(labels), problems)
        return Images(labels, names, thumbnails)

    def _thumbnails(
        self, file: File, entry: TensorEntry | None, images: int, problems: list[Problem]
    ) -> ByteRange | None:
        if entry is None:
            return None
        shape = (*entry.shape, 1) if len(entry.shape) == 3 else entry.shape
        fits = len(shape) == 4 and shape[0] == images and shape[3] in THUMBNAIL_CHANNELS
        if entry.dtype != "U8" or not fits:
            problems.append(
                Problem(
                    file.location,
                    f"'thumbnail' is {entry.dtype} {list(entry.shape)}; left out. "
                    f"Write U8 [{images}, y, x, channel], of 1, 3 or 4 channels",
                )
            )
            return None
        return ByteRange(file.location, entry.offset, entry.dtype, shape, self._folder.access)

    def _index_outcomes(self, problems: list[Problem]) -> dict[int, OutcomeFile]:
        files = self._files("outcomes", problems)
        if self._images is None:
            if files:
                problems.append(
                    Problem(
                        self._folder.location,
                        "holds outcomes, but no images.safetensors with the true labels; "
                        "write it to see the validation view",
                    )
                )
            return {}
        found: dict[int, OutcomeFile] = {}
        headers = self._folder.headers(list(files.values()))
        for (iteration, file), header in zip(files.items(), headers, strict=True):
            if isinstance(header, LogError):
                problems.append(Problem.of(file.location, header))
                continue
            problem = _outcome_problem(header.entries, len(self._images.labels))
            if problem:
                problems.append(Problem(file.location, problem))
                continue
            ranges = {
                name: self._range(file, header.entries[name])
                for name in ("predicted", "loss", "confidence")
                if name in header.entries
            }
            found[iteration] = OutcomeFile(
                ranges["predicted"], ranges.get("loss"), ranges.get("confidence")
            )
            self._outcome_fingerprints[iteration] = header.fingerprint
            self._outcome_files[iteration] = file
        return found

    def _check_labels(self) -> None:
        """Refuse labels that are too large: every class up to the largest takes memory."""
        if self._images is None or not self._outcomes:
            return
        labels = self._images.labels
        named = len(self._description.classes) if self._description else 0
        most = max(named, UNNAMED_CLASSES, UNNAMED_CLASSES_PER_IMAGE * len(labels))
        image = int(labels.argmax())
        if labels[image] >= most:
            raise LogError(
                f"{self._folder.join('images.safetensors')}: image {image} has the label "
                f"{labels[image]:,}; of {len(labels):,} images and {named:,} named classes, labels "
                f"go up to {most - 1:,}. Number the classes from 0 on, or name "
                "all classes in run.json"
            )

    def _range(self, file: File, entry: TensorEntry) -> ByteRange:
        return ByteRange(file.location, entry.offset, entry.dtype, entry.shape, self._folder.access)


def _label_problem(entries: dict[str, TensorEntry]) -> str | None:
    if "label" not in entries:
        return "holds no tensor 'label'; write the images again"
    if not entries["label"].nbytes:
        return "holds no image; write the images again"
    if entries["label"].dtype not in INTEGERS:
        return f"'label' is {entries['label'].dtype}; left out. Write integers"
    return None


def _outcome_problem(entries: dict[str, TensorEntry], images: int) -> str | None:
    if "predicted" not in entries:
        return "holds no tensor 'predicted'; left out. Record the predicted class of every image"
    for name in ("predicted", "loss", "confidence"):
        entry = entries.get(name)
        if entry is None:
            continue
        if entry.shape != (images,):
            return (
                f"{name!r} has the shape {list(entry.shape)} for {images} images; "
                "left out. Record one value per image, in the order of images.safetensors"
            )
        dtypes, kind = (INTEGERS, "integers") if name == "predicted" else (FLOATS, "floats")
        if entry.dtype not in dtypes:
            return f"{name!r} is {entry.dtype}; left out. Record {kind}"
    return None


def _image_names(
    file: File, metadata: dict[str, str], images: int, problems: list[Problem]
) -> tuple[str, ...]:
    try:
        names = json.loads(metadata.get("names", "[]"))
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list):
        problems.append(
            Problem(
                file.location,
                "the header's 'names' are not a JSON list; left out. Write one text per image",
            )
        )
        names = []
    if len(names) != images:
        return tuple(f"image {index}" for index in range(images))
    return tuple(str(name) for name in names)


def _network_name(description: RunDescription | None, folder: str) -> str:
    if description and description.modules.get(""):
        return description.modules[""]
    return (description.name if description else "") or folder
