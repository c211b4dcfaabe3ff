"""The state of the info view."""

from collections.abc import Mapping
from typing import ClassVar

import param

from deeptracker.dashboard.selection.state import State

__all__ = ["InfoState"]


class InfoState(State):
    """Which findings the info view lists."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "finding_severity": "fv",
        "finding_rule": "fw",
    }

    finding_severity = param.String(default="", doc="severity of the findings shown; all if empty")
    finding_rule = param.String(default="", doc="rule of the findings shown; all if empty")
