"""Fixtures that every room's tests share: the shipped log, and its store, processed once."""

from pathlib import Path

import pytest

DIGITS = Path(__file__).parents[1] / "examples" / "digits"


@pytest.fixture(scope="session")
def digits_log() -> Path:
    """The shipped training log; copy it before changing it."""
    return DIGITS


@pytest.fixture(scope="session")
def digits_store(tmp_path_factory, digits_log) -> Path:
    """The shipped log's store, made once; tests read it only."""
    from pipeline import process

    store = tmp_path_factory.mktemp("stores") / "digits.dtstore"
    process(digits_log, store, workers=1)
    return store
