"""The base class of all configuration sections."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GIB", "MIB", "MOST", "Section", "Share"]


class Section(BaseModel):
    """Frozen settings; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MIB = 2**20
GIB = 2**30
# Upper bound of counts: more snapshots, findings or workers than any run needs.
MOST = 100_000
Share = Annotated[float, Field(ge=0, le=1)]


class FiniteSection(Section):
    """Settings whose numbers are all finite."""

    model_config = ConfigDict(allow_inf_nan=False)
