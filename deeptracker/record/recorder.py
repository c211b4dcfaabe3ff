"""The recorder: a training script calls it to write a training log."""

import datetime as dt
import json
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from deeptracker.errors import LogError
from deeptracker.record.framework_arrays import to_numpy, to_payload
from deeptracker.record.framework_models import framework_of, gradients_of, modules_of
from deeptracker.record.log_format import (
    GRADIENT_PREFIX,
    ITERATION_LIMIT,
    RunDescription,
    TrainingLog,
    json_values,
)
from deeptracker.record.recorded_images import class_numbers, record_images
from deeptracker.record.tensor_file import read_header, write_tensors
from deeptracker.record.unfinished_files import drop_unfinished

__all__ = ["Recorder"]

ITERATION_DIGITS = 9
DTYPES = ("float32", "float16", "bfloat16")


class Recorder:
    """Writes a training log while a network trains.

    On an existing log, the recorder appends: it removes files that a crash left half-written, and
    an iteration that is recorded again replaces the earlier recording. Only one recorder may write
    a log at a time; in a distributed training, only rank 0 records.

    Parameters
    ----------
    path : str or Path
        The log's folder; created if it is missing.
    model : object, optional
        Any object with torch's ``named_parameters()`` and ``named_modules()``. `snapshot` then
        needs no parameters, and records the existing gradients.
    name : str, optional
        The run's name; the folder's by default.
    classes : sequence of str, optional
        Names of the classes, in the order of their numbers.
    images : array-like or mapping, optional
        The validation images: their true classes, integers [image]; or a mapping with ``label``
        and optionally ``thumbnail`` uint8 [image, y, x(, channel)] and ``names``. Thumbnails and
        names in the log stay if none are given.
    every : int
        `due` is true at each multiple of this iteration. The default keeps the recorder's share of
        a usual training's time under 2 %.
    dtype : {"float32", "float16", "bfloat16"}, optional
        Round floating-point weights to this dtype; by default they are not rounded.
    gradients : bool
        Whether gradients found on the model's parameters are recorded.
    hyperparameters : mapping, optional
        JSON values, and NumPy scalars and arrays.

    Raises
    ------
    LogError
        When the folder cannot be written, or holds a log of other images or another schema, or
        when JSON cannot hold a hyperparameter.

    Examples
    --------
    >>> with Recorder("runs/today", model=model, classes=names, images=labels) as recorder:
    ...     recorder.snapshot(iteration)
    ...     recorder.outcomes(iteration, predicted, loss=losses)
    """

    def __init__(
        self,
        path: str | Path,
        model: Any = None,
        *,
        name: str | None = None,
        classes: Sequence[str] | None = None,
        images: Any = None,
        every: int = 1000,
        dtype: str | None = None,
        gradients: bool = True,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> None:
        if every < 1:
            raise LogError(f"every: given {every}; give a whole number of iterations, at least 1")
        if dtype is not None and dtype not in DTYPES:
            raise LogError(f"dtype: given {dtype!r}; allowed are {', '.join(DTYPES)}")
        self.log = TrainingLog(path)
        self.every = every
        self._model = model
        self._dtype = dtype
        self._gradients = gradients
        self._shapes: dict[str, tuple[int, ...]] | None = None
        _make_folders(self.log.path)
        drop_unfinished(self.log.path)
        description = self._merged_description(name, classes, hyperparameters)
        self._images = record_images(self.log, images)
        if description != self.log.describe():
            self.log.write_description(description)
        self._read_shapes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the recording; every file is already written."""

    @property
    def last_iteration(self) -> int | None:
        """The last iteration with a snapshot; None without snapshots."""
        return max(self.log.snapshots(), default=None)

    def due(self, iteration: int) -> bool:
        """Whether this iteration is a multiple of `every`, so that a snapshot is due."""
        return iteration % self.every == 0

    def snapshot(
        self,
        iteration: int,
        parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        gradients: Mapping[str, Any] | None = None,
    ) -> None:
        """Record all parameters, and their gradients, at an iteration.

        Parameters
        ----------
        iteration : int
            The optimizer step.
        parameters : mapping of str to array-like, optional
            The model's own by default.
        gradients : mapping of str to array-like, optional
            By parameter name; by default those on the model's parameters, if any.

        Raises
        ------
        LogError
            When there are no parameters, a shape differs from earlier snapshots, a gradient
            belongs to no parameter, or the file cannot be written.
        """
        step = _step(iteration)
        given = self._parameters(parameters)
        payloads = {name: to_payload(value, name, self._dtype) for name, value in given.items()}
        if gradients is None and parameters is None and self._gradients:
            gradients = gradients_of(given)
        shapes = {name: payload.shape for name, payload in payloads.items()}
        self._check_shapes(shapes)
        for name, value in (gradients or {}).items():
            payload = to_payload(value, f"gradient of {name}", self._dtype)
            if name not in payloads or payloads[name].shape != payload.shape:
                raise LogError(
                    f"gradient of {name}: there is no parameter of that name and the shape "
                    f"{list(payload.shape)} in this snapshot"
                )
            payloads[GRADIENT_PREFIX + name] = payload
        write_tensors(self._path("snapshots", step), payloads)
        self._shapes = shapes

    def outcomes(
        self, iteration: int, predicted: Any, loss: Any = None, confidence: Any = None
    ) -> None:
        """Record the network's prediction for every validation image.

        Parameters
        ----------
        iteration : int
            The optimizer step.
        predicted : array-like of int [image]
            The predicted class of each image, in the order of `images`.
        loss, confidence : array-like of float [image], optional

        Raises
        ------
        LogError
            When the images are unknown, their number differs, or the file cannot be written.
        """
        step = _step(iteration)
        if self._images is None:
            raise LogError(
                f"{self.log.path}: the true classes are unknown; "
                "give them as Recorder(…, images=labels)"
            )
        tensors = {"predicted": class_numbers(predicted, "predicted")}
        for name, values in (("loss", loss), ("confidence", confidence)):
            if values is not None:
                tensors[name] = np.asarray(to_numpy(values, name), dtype=np.float32)
        for name, values in tensors.items():
            if values.shape != (self._images,):
                raise LogError(
                    f"{name}: has the shape {list(values.shape)}; one value for each of the "
                    f"{self._images} images is needed"
                )
        write_tensors(self._path("outcomes", step), tensors)

    def scalars(self, iteration: int, **values: float) -> None:
        """Record scalars at an iteration, such as ``train_loss=0.3``.

        Other scalars recorded earlier at the same iteration stay. What is not finite stays what it
        is: NaN is written as null, infinity as 1e999, which JSON reads as infinity.
        """
        line = {"iteration": str(_step(iteration))}
        for name, value in values.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise LogError(f"{name}: {value!r} is not a number") from None
            except OverflowError:
                raise LogError(f"{name}: is a number that float64 cannot hold") from None
            line[name] = _json_number(number)
        path = self.log.path / "scalars.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                fields = (f"{json.dumps(name)}: {text}" for name, text in line.items())
                file.write("{" + ", ".join(fields) + "}\n")
        except OSError as error:
            raise LogError(
                f"{path}: cannot be written ({error.strerror or error}); free space"
            ) from error

    def _path(self, kind: str, iteration: int) -> Path:
        existing = self.log.snapshots() if kind == "snapshots" else self.log.outcomes()
        name = f"{iteration:0{ITERATION_DIGITS}d}.safetensors"
        # Keep the zero padding of existing file names: a second name would duplicate the iteration.
        return existing.get(iteration, self.log.path / kind / name)

    def _parameters(
        self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None
    ) -> dict[str, Any]:
        if parameters is None:
            if self._model is None:
                raise LogError("snapshot: give parameters, or the model to the Recorder")
            parameters = self._model.named_parameters()
        given = dict(parameters)
        if not given:
            raise LogError("snapshot: there are no parameters to record")
        return given

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        if self._shapes is None:
            return
        for name in sorted(shapes.keys() ^ self._shapes.keys()):
            raise LogError(
                f"{name}: is not in every snapshot of {self.log.path}; a log holds one "
                "network: record another network into another folder"
            )
        for name, shape in shapes.items():
            if shape != self._shapes[name]:
                raise LogError(
                    f"{name}: has the shape {list(shape)}, in earlier snapshots of {self.log.path} "
                    f"{list(self._shapes[name])}; record another network into another folder"
                )

    def _merged_description(
        self,
        name: str | None,
        classes: Sequence[str] | None,
        hyperparameters: Mapping[str, Any] | None,
    ) -> RunDescription:
        before = self.log.describe()
        return RunDescription(
            name=name or (before.name if before else self.log.path.resolve().name),
            framework=framework_of(self._model) or (before.framework if before else ""),
            created=(before.created if before else "") or _now(),
            classes=tuple(map(str, classes)) if classes else (before.classes if before else ()),
            modules=modules_of(self._model) or (before.modules if before else {}),
            hyperparameters=json_values(hyperparameters)
            if hyperparameters is not None
            else (before.hyperparameters if before else {}),
        )

    def _read_shapes(self) -> None:
        for path in reversed(self.log.snapshots().values()):
            entries = read_header(path)[0]
            self._shapes = {
                name: entry.shape
                for name, entry in entries.items()
                if not name.startswith(GRADIENT_PREFIX)
            }
            return


def _step(iteration: int) -> int:
    try:
        step = operator.index(iteration)
    except TypeError:
        raise LogError(f"iteration: {iteration!r} is not a whole number") from None
    if step < 0:
        raise LogError(f"iteration: {step} is negative")
    if step >= ITERATION_LIMIT:
        raise LogError(f"iteration: {step} exceeds int64; count optimizer steps")
    return step


def _make_folders(path: Path) -> None:
    try:
        for folder in ("snapshots", "outcomes"):
            (path / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(
            f"{path}: the folder cannot be made ({error.strerror or error}); choose another one"
        ) from error


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _json_number(number: float) -> str:
    """Write a float as JSON, which has no word for NaN and none for infinity."""
    if math.isnan(number):
        return "null"
    if math.isinf(number):
        return "1e999" if number > 0 else "-1e999"
    return json.dumps(number)
