"""Numbers in words."""

import pytest

from deeptracker.wording import counted, sized


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 images"), (1, "1 image"), (1234, "1,234 images")]
)
def test_things_are_counted(count, words):
    assert counted(count, "image") == words


@pytest.mark.parametrize(
    ("nbytes", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (8_612_345, "8.6 MB"),
        (9_813_900_000, "9.8 GB"),
        (5.2e15, "5,200.0 TB"),
    ],
)
def test_bytes_have_the_unit_that_suits_them(nbytes, words):
    assert sized(nbytes) == words
