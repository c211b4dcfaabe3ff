"""What every section of the configuration has in common."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """Frozen settings that know their keys: any other is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
