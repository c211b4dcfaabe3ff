"""The training-log format: its files and their contents."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deeptracker.errors import LogError
from deeptracker.record.tensor_file import replace_file

__all__ = [
    "GRADIENT_PREFIX",
    "ITERATION_LIMIT",
    "KNOWN_SCALARS",
    "SCHEMA_VERSION",
    "RunDescription",
    "Scalars",
    "TrainingLog",
    "iteration_of",
    "json_values",
    "parse_description",
    "parse_scalar_lines",
]

SCHEMA_VERSION = 1
GRADIENT_PREFIX = "grad/"
# Stores hold iterations as int64.
ITERATION_LIMIT = 2**63
KNOWN_SCALARS = (
    "learning_rate",
    "train_loss",
    "train_error",
    "validation_loss",
    "validation_error",
)


@dataclass(frozen=True)
class RunDescription:
    """The content of ``run.json``.

    Attributes
    ----------
    name, framework : str
    created : str
        ISO 8601.
    classes : tuple of str
        Names, in the order of the predicted class numbers.
    modules : dict of str to str
        Module name to type: ``{"layer1.0.conv1": "Conv2d"}``.
    hyperparameters : dict
        Any JSON values.
    """

    name: str
    framework: str = ""
    created: str = ""
    classes: tuple[str, ...] = ()
    modules: dict[str, str] = field(default_factory=dict)
    hyperparameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scalars:
    """The recorded scalars.

    Attributes
    ----------
    iterations : numpy.ndarray
        int64 [n], ascending.
    values : dict of str to numpy.ndarray
        float64 [n]; NaN where a scalar was not recorded, and where NaN was.
    problems : list of str
        The skipped lines, with reasons.
    nan : dict of str to numpy.ndarray
        int64: the iterations at which a scalar was recorded as NaN; none by default.
    """

    iterations: np.ndarray
    values: dict[str, np.ndarray]
    problems: list[str]
    nan: dict[str, np.ndarray] = field(default_factory=dict)


class TrainingLog:
    """A training log on disk.

    Parameters
    ----------
    path : str or Path
        The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def describe(self) -> RunDescription | None:
        """Read ``run.json``; None if it is missing.

        Raises
        ------
        LogError
            When it is not JSON of the expected form, or of a newer schema.
        """
        path = self.path / "run.json"
        if not path.exists():
            return None
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LogError(f"{path}: cannot be read ({error.strerror or error})") from error
        return parse_description(content, str(path), self.path.resolve().name)

    def write_description(self, description: RunDescription) -> None:
        """Write ``run.json``.

        Raises
        ------
        LogError
            When JSON cannot hold a hyperparameter, or the file cannot be written.
        """
        values = json_values(description.hyperparameters)
        fields = asdict(replace(description, hyperparameters=values))
        content = json.dumps({"schema_version": SCHEMA_VERSION} | fields, indent=1)
        replace_file(self.path / "run.json", [content.encode()])

    def snapshots(self) -> dict[int, Path]:
        """List the snapshots' files by iteration, ascending."""
        return _by_iteration(self.path / "snapshots")

    def outcomes(self) -> dict[int, Path]:
        """List the outcomes' files by iteration, ascending."""
        return _by_iteration(self.path / "outcomes")

    def images(self) -> Path | None:
        """Find ``images.safetensors``; None if it is missing."""
        path = self.path / "images.safetensors"
        return path if path.is_file() else None

    def scalars(self) -> Scalars:
        """Read ``scalars.jsonl``.

        Lines of the same iteration are merged; later values override earlier ones. A torn or
        malformed line is skipped and named in `problems`.
        """
        path = self.path / "scalars.jsonl"
        return parse_scalar_lines(path.read_bytes() if path.is_file() else b"")


def parse_description(content: bytes, path: str, folder: str) -> RunDescription:
    """Read the content of a ``run.json``.

    Parameters
    ----------
    content : bytes
    path : str
        The file's name in errors.
    folder : str
        The run's name if the file has none.

    Raises
    ------
    LogError
        When it is not JSON of the expected form, or of a newer schema.
    """
    try:
        fields = json.loads(content)
        version = fields.get("schema_version", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            raise LogError(
                f"{path}: has the schema version {version}; this DeepTracker reads "
                f"{SCHEMA_VERSION}; install a newer DeepTracker"
            )
        modules = fields.get("modules") or {}
        return RunDescription(
            name=str(fields.get("name") or folder),
            framework=str(fields.get("framework") or ""),
            created=str(fields.get("created") or ""),
            classes=tuple(str(name) for name in fields.get("classes") or ()),
            modules={str(key): str(kind) for key, kind in modules.items()},
            hyperparameters=dict(fields.get("hyperparameters") or {}),
        )
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise LogError(
            f"{path}: is not a run description ({error}); correct it, or put back a copy"
        ) from error


def json_values(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Convert hyperparameters for ``run.json``: NumPy scalars and arrays to Python values.

    Raises
    ------
    LogError
        When JSON cannot hold a value.
    """
    values = {}
    for key, value in hyperparameters.items():
        try:
            values[str(key)] = json.loads(json.dumps(value, default=_plain))
        except (TypeError, ValueError, RecursionError) as error:
            raise LogError(
                f"hyperparameters: {key!r} cannot be written as JSON ({error}); give numbers, "
                "texts, or lists and mappings of them"
            ) from error
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"it holds a {type(value).__name__}")


def parse_scalar_lines(content: bytes) -> Scalars:
    """Read the content of a ``scalars.jsonl``, as `TrainingLog.scalars` does."""
    rows: dict[int, dict[str, float]] = {}
    problems: list[str] = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            iteration, values = parse_scalars(line)
        except ValueError as error:
            problems.append(f"line {number} is left out: {error}")
            continue
        rows.setdefault(iteration, {}).update(values)
    iterations = sorted(rows)
    names = dict.fromkeys(name for row in rows.values() for name in row)
    columns = {
        name: np.array([rows[iteration].get(name, math.nan) for iteration in iterations])
        for name in names
    }
    nan = {
        name: [iteration for iteration in iterations if math.isnan(rows[iteration].get(name, 0.0))]
        for name in names
    }
    return Scalars(
        np.array(iterations, dtype=np.int64),
        columns,
        problems,
        {name: np.array(at, np.int64) for name, at in nan.items() if at},
    )


def parse_scalars(line: bytes) -> tuple[int, dict[str, float]]:
    """Read one line of ``scalars.jsonl`` as (iteration, values).

    Raises
    ------
    ValueError
        When it is not a JSON object of a whole, non-negative ``iteration`` and other numbers that
        float64 can hold.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004
    iteration = fields.pop("iteration", None)
    if type(iteration) is not int or not 0 <= iteration < ITERATION_LIMIT:
        raise ValueError("it has no whole number 'iteration'")
    values = {}
    for name, value in fields.items():
        if value is not None and type(value) not in (int, float):
            raise ValueError(f"{name!r} is not a number")
        try:
            values[str(name)] = math.nan if value is None else float(value)
        except OverflowError:
            raise ValueError(f"{name!r} is a number that float64 cannot hold") from None
    return iteration, values


def iteration_of(name: str) -> int | None:
    """Give the iteration in the file name of a snapshot or of outcomes; None for other files.

    The iteration may be `ITERATION_LIMIT` or more; no store can hold it then.
    """
    stem = name.removesuffix(".safetensors")
    return int(stem) if stem != name and stem.isascii() and stem.isdigit() else None


def _by_iteration(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    # Sort by name: if two files have one iteration, the pipeline must take the same file.
    for path in sorted(folder.glob("*.safetensors")):
        iteration = iteration_of(path.name)
        if iteration is not None and iteration < ITERATION_LIMIT:
            found.setdefault(iteration, path)
    return dict(sorted(found.items()))
