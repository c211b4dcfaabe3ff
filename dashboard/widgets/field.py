"""Accessible fields with a label and a tooltip: a check box, and a whole number."""

from typing import Any

import param
from panel.custom import JSComponent

from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Field"]


class Field(JSComponent):
    """A labelled field with a tooltip, bound to a parameter of a state."""

    kind: Any = param.Selector(default="number", objects=["number", "check"])
    label = param.String(default="")
    tip = param.String(default="", doc="the tooltip")
    value = param.Integer(default=0, doc="the number, or whether it is ticked")
    low = param.Integer(default=None, allow_None=True)
    high = param.Integer(default=None, allow_None=True)

    _esm = module_of(__file__)

    @classmethod
    def bound_to(cls, parameter: param.Parameter, **options: Any) -> "Field":
        """Make a field that reads and writes a parameter, within the parameter's bounds."""
        owner, name = parameter.owner, str(parameter.name)
        is_check = isinstance(parameter, param.Boolean)
        low, high = (None, None) if is_check else (parameter.bounds or (None, None))
        field = cls(
            kind="check" if is_check else "number",
            value=int(getattr(owner, name)),
            low=low,
            high=high,
            **options,
        )

        def write(event: Any) -> None:
            setattr(owner, name, bool(event.new) if is_check else event.new)

        def read(event: Any) -> None:
            field.value = int(event.new)

        field.param.watch(write, "value")
        owner.param.watch(read, name)
        return field
