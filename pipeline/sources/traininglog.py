"""The training-log format as a source."""

import json

import numpy as np

from deeptracker.errors import LogError
from deeptracker.tensorfile import TensorEntry
from deeptracker.traininglog import (
    RunDescription,
    Scalars,
    iteration_of,
    parse_description,
    parse_scalar_lines,
)
from pipeline.sources.manifest import ByteRange, Images, OutcomeFile, Parameter, Problem
from pipeline.sources.reading import read_values
from pipeline.sources.snapshots import index_snapshots
from pipeline.storage.locations import File, Folder

__all__ = ["TrainingLogSource", "open_folder", "recognises"]


def recognises(folder: Folder) -> bool:
    """Whether a folder is a training log."""
    return folder.has("run.json") or folder.has("snapshots")


def open_folder(folder: Folder, pattern: str | None = None) -> "TrainingLogSource":  # noqa: ARG001
    """Index a training log; its file names are iterations, so no pattern is needed."""
    return TrainingLogSource(folder)


class TrainingLogSource:
    """Snapshots, outcomes, images and scalars of one training log.

    Raises
    ------
    LogError
        When the log holds no readable snapshot, or its run.json cannot be read.
    """

    location: str
    network: str
    iterations: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._description = self._describe()
        files = _by_iteration(folder.files("snapshots"))
        if not files:
            raise LogError(
                f"{folder.location}: holds no snapshots; record one with deeptracker.Recorder or "
                "write snapshots/ITERATION.safetensors"
            )
        self._snapshots = index_snapshots(folder, files)
        problems = list(self._snapshots.problems)
        self._images = self._read_images(problems)
        self._outcome_fingerprints: dict[int, int] = {}
        self._outcomes = self._index_outcomes(problems)
        self._scalars = self._read_scalars(problems)
        self.location = folder.location
        self.network = _network_name(self._description, folder.name)
        self.iterations = tuple(sorted(self._snapshots.files.keys() | self._outcomes.keys()))
        self.parameters = self._snapshots.parameters
        self.problems = tuple(problems)

    def locate(self, parameter: str, iteration: int, gradient: bool = False) -> ByteRange | None:
        """Where a parameter (or its gradient) lies at an iteration."""
        return self._snapshots.locate(parameter, iteration, gradient)

    def has_snapshot(self, iteration: int) -> bool:
        """Whether the parameters were recorded at this iteration."""
        return iteration in self._snapshots.files

    def fingerprint(self, iteration: int, outcomes: bool = False) -> int:
        """Give a number that changes when the file does; 0 where there is none."""
        known = self._outcome_fingerprints if outcomes else self._snapshots.fingerprints
        return known.get(iteration, 0)

    def description(self) -> RunDescription | None:
        """Describe the run as its run.json does."""
        return self._description

    def outcomes(self, iteration: int) -> OutcomeFile | None:
        """Where the outcomes of an iteration lie."""
        return self._outcomes.get(iteration)

    def images(self) -> Images | None:
        """List the validation images."""
        return self._images

    def scalars(self) -> Scalars | None:
        """Give the recorded scalars; None where there are none."""
        return self._scalars if self._scalars.values else None

    def _describe(self) -> RunDescription | None:
        file = self._folder.find("run.json")
        if file is None:
            return None
        return parse_description(self._folder.read(file), file.location, self._folder.name)

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
        if "label" not in entries:
            problems.append(
                Problem(file.location, "holds no tensor 'label'; write the images anew")
            )
            return None
        try:
            labels = read_values(self._range(file, entries["label"])).astype(np.int32)
            names = tuple(str(name) for name in json.loads(header.metadata.get("names", "[]")))
        except (LogError, ValueError) as error:
            problems.append(Problem.of(file.location, error))
            return None
        if not labels.size:
            problems.append(Problem(file.location, "holds no image; write the images anew"))
            return None
        if len(names) != len(labels):
            names = tuple(f"image {index}" for index in range(len(labels)))
        thumbnails = None
        if "thumbnail" in entries:
            shape = entries["thumbnail"].shape
            if len(shape) == 3:
                shape = (*shape, 1)
            if len(shape) == 4 and shape[0] == len(labels):
                entry = entries["thumbnail"]
                access = self._folder.access
                thumbnails = ByteRange(file.location, entry.offset, entry.dtype, shape, access)
        return Images(labels, names, thumbnails)

    def _index_outcomes(self, problems: list[Problem]) -> dict[int, OutcomeFile]:
        files = _by_iteration(self._folder.files("outcomes"))
        if self._images is None:
            if files:
                problems.append(
                    Problem(
                        self._folder.location,
                        "outcomes are there, but no images.safetensors with the true labels; "
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
        return found

    def _range(self, file: File, entry: TensorEntry) -> ByteRange:
        return ByteRange(file.location, entry.offset, entry.dtype, entry.shape, self._folder.access)


def _outcome_problem(entries: dict[str, TensorEntry], images: int) -> str | None:
    if "predicted" not in entries:
        return "holds no tensor 'predicted'; left out. Record the predicted class of every image"
    for name in ("predicted", "loss", "confidence"):
        if name in entries and entries[name].shape != (images,):
            return (
                f"{name!r} has the shape {list(entries[name].shape)} for {images} images; "
                "left out. Record one value an image, in the order of images.safetensors"
            )
    return None


def _by_iteration(files: list[File]) -> dict[int, File]:
    numbered = {iteration_of(file.name): file for file in files}
    found = {number: file for number, file in numbered.items() if number is not None}
    return dict(sorted(found.items()))


def _network_name(description: RunDescription | None, folder: str) -> str:
    if description and description.modules.get(""):
        return description.modules[""]
    return (description.name if description else "") or folder
