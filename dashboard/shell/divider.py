"""The handle between two views that stand side by side."""

from panel.custom import JSComponent

from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Divider"]


class Divider(JSComponent):
    """Dragged, or moved with the arrow keys; the browser remembers where it stood."""

    _esm = module_of(__file__)
