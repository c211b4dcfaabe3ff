"""Upper bound of time settings: 100 years stands for "never"."""

__all__ = ["MOST_DAYS", "MOST_HOURS", "MOST_SECONDS"]

MOST_DAYS = 36525.0
MOST_HOURS = 24 * MOST_DAYS
MOST_SECONDS = 3600 * MOST_HOURS
