"""The pipeline's configuration: pydantic models, loaded from one YAML file."""

import difflib
import itertools
import reprlib
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters import KINDS, AnyCluster, LocalSettings
from deeptracker.pipeline.clusters.settings import MOST_MEMORY
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.measures.rules.registry import FindingConfig
from deeptracker.pipeline.measures.settings import AnomalyConfig
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.settings_section import GIB, MIB, MOST, FiniteSection
from deeptracker.time_limits import MOST_HOURS, MOST_SECONDS

__all__ = ["Config", "FollowConfig", "load_config", "with_source"]


# Short form of a given value, which may be anything.
SHOWN = reprlib.Repr()
SHOWN.maxlevel, SHOWN.maxlist, SHOWN.maxstring = 2, 3, 80


class FollowConfig(FiniteSection):
    """How `deeptracker process --follow` lists a log and commits."""

    poll_seconds: float = Field(
        default=5.0, gt=0, le=MOST_SECONDS, description="between two listings of the log"
    )
    settle_seconds: float = Field(
        default=60.0,
        ge=0,
        le=MOST_SECONDS,
        description="how long the newest iteration may lack files that the one before has",
    )
    scalars_seconds: float = Field(
        default=30.0, ge=0, le=MOST_SECONDS, description="between two commits that add only scalars"
    )
    compact_hours: float | None = Field(
        default=6.0,
        gt=0,
        le=MOST_HOURS,
        description="between two compactions of the store; null: never",
    )
    grace_hours: float = Field(
        default=24.0,
        ge=1,
        le=MOST_HOURS,
        description="how long readers may still read a commit after a newer one",
    )


class Config(FiniteSection):
    """All settings.

    Attributes
    ----------
    block_bytes : int
        Memory that one task may hold, in bytes.
    columns_per_chunk : int
        Iterations that a task computes together; also the most in one object of the store.
    thresholds : tuple of float
        Thresholds of the change ratios: a ratio is the share of weights that changed by more.
    """

    block_bytes: int = Field(default=GIB, ge=32 * MIB, le=MOST_MEMORY)
    columns_per_chunk: int = Field(default=64, ge=4, le=1024)
    thresholds: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.001, 0.01, 0.1, 1.0), min_length=1, max_length=16
    )
    anomalies: AnomalyConfig = AnomalyConfig()
    findings: FindingConfig = FindingConfig()
    source: SourceConfig = SourceConfig()
    cluster: AnyCluster = LocalSettings()
    storage: StorageConfig = StorageConfig()
    follow: FollowConfig = FollowConfig()

    @field_validator("cluster", mode="before")
    @classmethod
    def _local_by_default(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if not isinstance(value.get("kind", ""), str):
            raise ValueError("the name of a kind")  # noqa: TRY004  # pydantic needs a ValueError
        return {"kind": "local", **value}

    @field_validator("cluster")
    @classmethod
    def _within_bounds(cls, value: AnyCluster) -> AnyCluster:
        for name, number in value:
            most = MOST_SECONDS if isinstance(number, float) else MOST
            if isinstance(number, int | float) and number > most:
                raise ValueError(f"{name} of at most {most:.0f}")
        return value

    @field_validator("thresholds")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in itertools.pairwise(value)):
            raise ValueError("each threshold must be greater than the one before")
        return value


def load_config(path: str | Path | None = None) -> Config:
    """Read a YAML file.

    Parameters
    ----------
    path : str, Path or None
        The file; None leaves every setting at its default.

    Raises
    ------
    ConfigError
        Naming the file, the key, the given value and the allowed values.
    """
    if path is None:
        return Config()
    file = Path(path)
    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply; settings are two levels deep") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{file}: is not YAML: {reason}") from None
    if loaded is None:
        return Config()
    if not isinstance(loaded, dict):
        raise ConfigError(f"{file}: holds a {type(loaded).__name__}, not keys and values")
    try:
        return Config.model_validate(loaded)
    except ValidationError as error:
        raise ConfigError(_sentences(file, error)) from None


def with_source(config: Config, **chosen: Any) -> Config:
    """Replace settings of `source` by those that are given: not None.

    Raises
    ------
    ConfigError
        Naming the key, the given value and the allowed values.
    """
    given = {key: value for key, value in chosen.items() if value is not None}
    try:
        source = SourceConfig.model_validate(config.source.model_dump() | given)
    except ValidationError as error:
        details = ({**detail, "loc": ("source", *detail["loc"])} for detail in error.errors())
        raise ConfigError("; ".join(map(_sentence, details))) from None
    return config.model_copy(update={"source": source})


def _sentences(file: Path, error: ValidationError) -> str:
    return "; ".join(f"{file}: {_sentence(detail)}" for detail in error.errors())


def _sentence(detail: Any) -> str:
    """One error in words: the key, the given value, the allowed values."""
    location = _without_kind(detail["loc"])
    key = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        known = list(_section_at(detail["loc"][:-1]).model_fields)
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        return f"unknown key '{key}'{hint}, allowed: {', '.join(known)}"
    if detail["type"] == "missing":
        field = _section_at(detail["loc"][:-1]).model_fields[str(location[-1])]
        return f"key '{key}': is missing; give {field.description}"
    if detail["type"] == "union_tag_invalid":
        allowed = " or ".join(f"'{kind}'" for kind in KINDS)
        return f"key '{key}.kind': given {_shown(detail['ctx']['tag'])}, allowed: {allowed}"
    allowed = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"key '{key}': given {_shown(detail['input'])}, allowed: {allowed}"


def _shown(given: Any) -> str:
    """Show the given value, cut short: YAML aliases can make it very long."""
    try:
        return SHOWN.repr(given)
    except ValueError:  # more digits than Python converts to text
        return f"a huge {type(given).__name__}"


def _without_kind(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leave out the kind of cluster, which pydantic adds to the location."""
    if len(location) > 1 and location[0] == "cluster" and location[1] in KINDS:
        return (location[0], *location[2:])
    return location


def _section_at(location: tuple[str | int, ...]) -> type[BaseModel]:
    """Find the model of a section; that of a cluster by its kind."""
    section: type[BaseModel] = Config
    for part in location:
        if section is Config and part == "cluster":
            continue
        if part in KINDS:
            section = KINDS[str(part)]
            continue
        annotation = section.model_fields[str(part)].annotation
        for model in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(model, type) and issubclass(model, BaseModel):
                section = model
    return section
