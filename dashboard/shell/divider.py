"""The handle between two views side by side."""

from panel.custom import JSComponent

from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Divider"]


class Divider(JSComponent):
    """A handle to drag, or to move with the arrow keys; the browser stores its position."""

    _esm = module_of(__file__)
