"""What all components of this folder are: drawn in the browser, answered at once."""

from typing import Any, ClassVar

import param
from panel.custom import JSComponent

__all__ = ["Component"]


class Component(JSComponent):
    """A component that tells what a person does as `event`, a dict.

    Panel waits 50 ms before it acts on a change, in case more follow. Here every event counts, and
    nobody waits for the next. (Panel's `_priority_changes` would act without the document's lock,
    which figures need.)
    """

    event = param.Dict(default={})

    _debounce: ClassVar[int] = 0
    __abstract: Any = True
