"""The training-log format as a source."""

import json
from pathlib import Path

import numpy as np

from deeptracker.errors import LogError
from deeptracker.tensorfile import TensorEntry, read_header
from deeptracker.traininglog import RunDescription, Scalars, TrainingLog
from pipeline.sources.manifest import ByteRange, Images, OutcomeFile, Parameter, Problem
from pipeline.sources.reading import read_values
from pipeline.sources.snapshots import file_fingerprint, index_snapshots

__all__ = ["TrainingLogSource", "open_folder", "recognises"]


def recognises(path: Path) -> bool:
    """Whether a folder is a training log."""
    return TrainingLog.is_log(path)


def open_folder(path: Path, pattern: str | None = None) -> "TrainingLogSource":  # noqa: ARG001
    """Index a training log; its file names are iterations, so no pattern is needed."""
    return TrainingLogSource(path)


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

    def __init__(self, path: Path) -> None:
        self._log = TrainingLog(path)
        self._description = self._log.describe()
        paths = self._log.snapshots()
        if not paths:
            raise LogError(
                f"{path}: holds no snapshots; record one with deeptracker.Recorder or write "
                "snapshots/ITERATION.safetensors"
            )
        self._snapshots = index_snapshots(paths)
        problems = list(self._snapshots.problems)
        self._images = self._read_images(problems)
        self._outcome_paths = self._log.outcomes()
        self._outcomes = self._index_outcomes(problems)
        self._scalars = self._log.scalars()
        problems += [Problem(str(path / "scalars.jsonl"), text) for text in self._scalars.problems]
        self.location = str(path.resolve())
        self.network = _network_name(self._description, path)
        self.iterations = tuple(sorted(self._snapshots.paths.keys() | self._outcomes.keys()))
        self.parameters = self._snapshots.parameters
        self.problems = tuple(problems)

    def locate(self, parameter: str, iteration: int, gradient: bool = False) -> ByteRange | None:
        """Where a parameter (or its gradient) lies at an iteration."""
        return self._snapshots.locate(parameter, iteration, gradient)

    def has_snapshot(self, iteration: int) -> bool:
        """Whether the parameters were recorded at this iteration."""
        return iteration in self._snapshots.paths

    def fingerprint(self, iteration: int, outcomes: bool = False) -> int:
        """Give a number that changes when the file does; 0 where there is none."""
        if outcomes:
            return (
                file_fingerprint(self._outcome_paths[iteration])
                if iteration in self._outcomes
                else 0
            )
        path = self._snapshots.paths.get(iteration)
        return file_fingerprint(path) if path else 0

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

    def _read_images(self, problems: list[Problem]) -> Images | None:
        path = self._log.images()
        if path is None:
            return None
        try:
            entries, metadata = read_header(path)
            labels = read_values(_range(path, entries["label"])).astype(np.int32)
            names = tuple(str(name) for name in json.loads(metadata.get("names", "[]")))
        except KeyError:
            problems.append(Problem(str(path), "holds no tensor 'label'; write the images anew"))
            return None
        except (LogError, ValueError) as error:
            problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
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
                thumbnails = ByteRange(str(path), entry.offset, entry.dtype, tuple(shape))
        return Images(labels, names, thumbnails)

    def _index_outcomes(self, problems: list[Problem]) -> dict[int, OutcomeFile]:
        if self._images is None:
            if self._outcome_paths:
                problems.append(
                    Problem(
                        str(self._log.path),
                        "outcomes are there, but no images.safetensors with the true labels; "
                        "write it to see the validation view",
                    )
                )
            return {}
        found: dict[int, OutcomeFile] = {}
        for iteration, path in self._outcome_paths.items():
            try:
                entries, _ = read_header(path)
            except (LogError, OSError) as error:
                problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
                continue
            problem = _outcome_problem(entries, len(self._images.labels))
            if problem:
                problems.append(Problem(str(path), problem))
                continue
            ranges = {
                name: _range(path, entries[name])
                for name in ("predicted", "loss", "confidence")
                if name in entries
            }
            found[iteration] = OutcomeFile(
                ranges["predicted"], ranges.get("loss"), ranges.get("confidence")
            )
        return found


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


def _range(path: Path, entry: TensorEntry) -> ByteRange:
    return ByteRange(str(path), entry.offset, entry.dtype, tuple(entry.shape))


def _network_name(description: RunDescription | None, path: Path) -> str:
    if description and description.modules.get(""):
        return description.modules[""]
    return (description.name if description else "") or path.resolve().name
