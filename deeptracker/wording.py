"""Counts and byte sizes, in words."""

__all__ = ["counted", "sized"]


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun; the plural ends in s, unless it is given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sized(nbytes: float) -> str:
    """Write a number of bytes in a suitable unit."""
    amount = nbytes
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"
