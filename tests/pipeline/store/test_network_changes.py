"""The sentence on how a network changed."""

import pytest

from deeptracker.pipeline.store.network_changes import Life, describe_changes, lifetime_text

BASE = [Life("a.weight", "3x4", 0, 900), Life("a.bias", "3", 0, 900)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], ""),
        ([Life("b", "7", 400, 900)], "1 parameter appears at 400"),
        (
            [Life("head.weight", "10x64", 0, 390), Life("head.weight", "20x64", 400, 900)],
            "1 parameter changes its shape at 400 (head.weight 10x64 -> 20x64)",
        ),
        ([Life("b", "7", 0, 390), Life("c", "7", 0, 390)], "2 parameters end after 390"),
        (
            [Life("b", "7", 0, 390), Life("module.b", "7", 400, 900)],
            "1 parameter appears at 400, 1 parameter ends after 390",
        ),
        (
            [Life("s", "", 0, 100), Life("s", "1", 110, 900)],
            "1 parameter changes its shape at 110 (s scalar -> 1)",
        ),
        (
            [Life(f"b{n}", "7", n, 900) for n in range(100, 600, 100)],
            (
                "1 parameter appears at 100, 1 parameter appears at 200, "
                "1 parameter appears at 300, 2 parameters appear later"
            ),
        ),
    ],
)
def test_what_changed_is_one_sentence(more, expected):
    assert describe_changes([*BASE, *more]) == expected


def test_what_was_known_before_is_not_said_again():
    lives = [*BASE, Life("b", "7", 400, 500), Life("c", "7", 600, 900)]
    assert describe_changes(lives, 550) == "1 parameter appears at 600"
    assert describe_changes(lives, 500) == "1 parameter appears at 600, 1 parameter ends after 500"
    assert describe_changes(lives, 900) == ""


def test_a_lifetime_names_only_the_ends_that_are_not_the_runs():
    span = (0, 900)
    assert lifetime_text(0, 900, span) == ""
    assert lifetime_text(400, 900, span) == "from 400"
    assert lifetime_text(0, 390, span) == "until 390"
    assert lifetime_text(400, 500, span) == "from 400 until 500"
