"""The settings of reading a log: its format, its iterations and its parameters."""

import re
from fnmatch import fnmatchcase

from pydantic import Field, field_validator

from deeptracker.settings_section import Section

__all__ = ["SourceConfig", "iteration_pattern"]


class SourceConfig(Section):
    """Settings of reading a log."""

    format: str | None = Field(
        default=None, description="a format of `sources`; by default the first that fits"
    )
    pattern: str | None = Field(
        default=None,
        description=(
            "regular expression on a checkpoint's name without suffix; its first group is the "
            "iteration, or its named groups step, stage and tokens"
        ),
    )
    multiply: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="iterations per number in the names, where they count saves",
    )
    parameters: tuple[str, ...] = Field(
        default=(),
        description="globs of parameters to keep, or after ! to leave out; by default all are kept",
    )
    model: str | None = Field(
        default=None,
        description="which of several models in a checkpoint: a key, a file or a folder in it",
    )

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        if value is not None:
            iteration_pattern(value)
        return value

    def keeps(self, name: str) -> bool:
        """Whether a parameter of that name is kept."""
        inside = [glob for glob in self.parameters if not glob.startswith("!")]
        outside = [glob[1:] for glob in self.parameters if glob.startswith("!")]
        kept = not inside or any(fnmatchcase(name, glob) for glob in inside)
        return kept and not any(fnmatchcase(name, glob) for glob in outside)


def iteration_pattern(text: str) -> re.Pattern[str]:
    """Compile the pattern that finds the iteration in a checkpoint's name.

    Raises
    ------
    ValueError
        When it is no regular expression, or has no group.
    """
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    if compiled.groups < 1:
        raise ValueError(r"a group around the iteration's digits, like step_(\d+)")
    named = set(compiled.groupindex)
    if named and not named & {"step", "tokens"}:
        raise ValueError(
            r"a group named step or tokens, like (?P<step>\d+); stage may stand beside it"
        )
    return compiled
