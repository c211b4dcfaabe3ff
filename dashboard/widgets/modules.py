"""Scripts of the canvases, joined to one module each: a page asks for nothing from elsewhere."""

from pathlib import Path

__all__ = ["module_of"]

DASHBOARD = Path(__file__).parents[1]


def module_of(*names: str) -> str:
    """Join scripts, named by their paths in `dashboard/`; the last one exports ``render``."""
    return "\n".join((DASHBOARD / name).read_text(encoding="utf-8") for name in names)
