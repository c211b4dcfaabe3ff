"""How much tests try: as much as fits into CI, or what `make test-long` has the time for."""

import os

__all__ = ["IS_LONG", "examples"]

IS_LONG = os.environ.get("DEEPTRACKER_TEST_LONG") == "1"
TIMES = 20


def examples(count):
    """So many examples of a property, 20 times as many where tests are long."""
    return count * TIMES if IS_LONG else count
