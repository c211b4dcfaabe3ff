"""The handle between two views that stand side by side."""

from pathlib import Path

from panel.custom import JSComponent

__all__ = ["Divider"]


class Divider(JSComponent):
    """Dragged, or moved with the arrow keys; the browser remembers where it stood."""

    _esm = (Path(__file__).parent / "divider.js").read_text(encoding="utf-8")
