"""What every section of the configuration has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GIB", "MIB", "MOST", "Section", "Share"]


class Section(BaseModel):
    """Frozen settings that know their keys: any other is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MIB = 2**20
GIB = 2**30
# More snapshots, findings or workers than any run has use for.
MOST = 100_000
Share = Annotated[float, Field(ge=0, le=1)]


class FiniteSection(Section):
    """Settings of which no number is infinite or none."""

    model_config = ConfigDict(allow_inf_nan=False)
