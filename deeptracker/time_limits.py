"""The longest time that any setting takes: a century, and what is meant by more is for ever."""

__all__ = ["MOST_DAYS", "MOST_HOURS", "MOST_SECONDS"]

MOST_DAYS = 36525.0
MOST_HOURS = 24 * MOST_DAYS
MOST_SECONDS = 3600 * MOST_HOURS
