"""The setting that finds the iteration in a checkpoint's name."""

import re

from pydantic import Field, field_validator

from deeptracker.settings_section import Section

__all__ = ["SourceConfig", "iteration_pattern"]


class SourceConfig(Section):
    """Settings of reading a log."""

    pattern: str | None = Field(
        default=None,
        description="regular expression; its first group is the iteration in a file's stem",
    )

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        if value is not None:
            iteration_pattern(value)
        return value


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
    return compiled
