"""The base class of this folder's components: drawn in the browser, events handled at once."""

from typing import Any, ClassVar

import param
from panel.custom import JSComponent

__all__ = ["Component"]


class Component(JSComponent):
    """A component that reports a person's action as `event`, a dict.

    Panel waits 50 ms before it handles a change, in case more follow. This class handles every
    event at once. (Panel's `_priority_changes` would handle it without the document's lock, which
    figures need.)
    """

    event = param.Dict(default={})

    _debounce: ClassVar[int] = 0
    __abstract: Any = True
