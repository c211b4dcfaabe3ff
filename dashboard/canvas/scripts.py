"""Scripts of the canvases, joined to one module each: a page asks for nothing from elsewhere."""

from pathlib import Path

__all__ = ["module_of"]

HERE = Path(__file__).parent


def module_of(*names: str) -> str:
    """Join scripts of this folder to one module; the last one exports ``render``."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
