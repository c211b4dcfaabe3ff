"""Numbers of things, in words."""

__all__ = ["counted"]


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number of things; in the plural they end in s, unless it is given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
