"""Shared links keep their meaning: the values each one chooses, its query, and its notice."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from deeptracker.dashboard.views.registry import linked

PINNED = json.loads(Path(__file__).with_name("thirty_links.json").read_text("utf-8"))
PARAMETERS = {row["name"]: row for row in PINNED["parameters"]}
LINKS = {link["title"]: link for link in PINNED["links"]}
EVERYTHING = LINKS["every parameter, in mixed order"]
# No number, list, choice or boolean reads so; any other string is a text.
GARBLED = "[["

every_link = pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
every_parameter = pytest.mark.parametrize("row", PARAMETERS.values(), ids=PARAMETERS)


def open_link(query):
    """Give the value of each parameter by its name, the query written back, and the notice."""
    page = linked()
    page.from_query(query)
    return page.values, page.to_query(), page.selection.notice


def chosen(values):
    """Give the values that differ from the pinned defaults."""
    return {
        name: values[name]
        for name, row in PARAMETERS.items()
        if values[name] != as_read(name, row["default"])
    }


def as_read(name, value):
    """Give a value of the pinned table with the type that the page reads: JSON has no tuples."""
    return tuple(value) if PARAMETERS[name]["is_tuple"] and value is not None else value


def typed(values):
    """Give each value as its repr: 1, 1.0 and True are equal, their reprs are not."""
    return {name: repr(value) for name, value in values.items()}


def keys_of(query):
    return [key for key, _ in parse_qsl(query.removeprefix("?"), keep_blank_values=True)]


def pinned_values(link):
    return {name: as_read(name, value) for name, value in link["values"].items()}


@every_link
def test_a_link_chooses_the_pinned_values(link):
    values, _, _ = open_link(link["query"])
    assert typed(chosen(values)) == typed(pinned_values(link))


@every_link
def test_a_link_is_written_back_byte_for_byte(link):
    assert open_link(link["query"])[1] == link["written"]


@every_link
def test_a_link_gives_the_pinned_notice(link):
    assert open_link(link["query"])[2] == link["notice"]


@every_link
def test_the_written_link_chooses_the_same_and_is_written_the_same(link):
    values, written, notice = open_link(link["written"])
    assert typed(chosen(values)) == typed(pinned_values(link))
    assert (written, notice) == (link["written"], "")


def test_the_table_holds_every_parameter_and_its_default():
    values, _, _ = open_link("")
    defaults = {name: as_read(name, row["default"]) for name, row in PARAMETERS.items()}
    assert typed(values) == typed(defaults)


def test_keys_are_written_in_the_order_of_the_pinned_table():
    _, written, _ = open_link(EVERYTHING["query"])
    assert keys_of(written) == [row["key"] for row in PINNED["parameters"]]


def test_full_names_choose_the_same_as_short_keys():
    names = {row["key"]: row["name"] for row in PINNED["parameters"]}
    pairs = [(names[key], text) for key, text in parse_qsl(EVERYTHING["query"])]
    values, written, notice = open_link(urlencode(pairs))
    assert typed(chosen(values)) == typed(pinned_values(EVERYTHING))
    assert (written, notice) == (EVERYTHING["written"], "")


@every_parameter
def test_a_garbled_value_is_left_out_under_the_pinned_words(row):
    values, written, notice = open_link(f"{row['key']}={GARBLED}")
    if row["words"] is None:
        assert chosen(values) == {row["name"]: GARBLED}
        assert (written, notice) == (f"{row['key']}={GARBLED}", "")
    else:
        assert chosen(values) == {}
        assert (written, notice) == (
            "",
            f"Ignored invalid values in this link: {row['words']}.",
        )


@pytest.mark.parametrize(
    ("row", "choice"), [(row, choice) for row in PARAMETERS.values() for choice in row["choices"]]
)
def test_a_link_may_name_each_pinned_choice(row, choice):
    values, written, notice = open_link(f"{row['key']}={choice}")
    assert (values[row["name"]], notice) == (choice, "")
    assert written == ("" if choice == row["default"] else f"{row['key']}={choice}")


@every_parameter
def test_a_link_of_a_few_keys_chooses_each_parameter(row):
    few = [link for link in PINNED["links"] if len(link["values"]) < len(PARAMETERS) / 2]
    assert any(
        row["name"] in link["values"] and row["key"] in keys_of(link["query"]) for link in few
    )
