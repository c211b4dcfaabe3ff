"""Pages of the docs name pictures and tests that there are."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
TESTS = Path(__file__).parent


def rows(table):
    """Each row of the tables with a first column of that name, as its cells."""
    first = ""
    for line in (DOCS / "views.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| "):
            first = ""
        elif not first:
            first = cells[0]
        elif first == table and not cells[0].startswith("---"):
            yield cells


def test_every_feature_names_a_picture_that_there_is():
    listed = list(rows("feature"))
    assert len(listed) > 80
    for feature, *_, seen in listed:
        named = re.fullmatch(r"\[\w[\w -]*\]\((images/[\w-]+\.png)\)", seen)
        assert named, feature
        assert (DOCS / named[1]).stat().st_size > 1000, feature


def test_every_test_that_a_feature_names_is_there():
    code = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    files = {path.name for path in TESTS.rglob("test_*.py")}
    links = list(rows("from"))
    assert links
    for feature, _where, named, *_ in [*rows("feature"), *links]:
        words = re.findall(r"test_\w+(?:\.py)?", named)
        assert words or named == "the same", feature
        for word in words:
            assert word in files or f"def {word.removesuffix('.py')}(" in code, (feature, word)


def test_pictures_are_small_and_each_is_shown():
    pictures = list((DOCS / "images").glob("*.png"))
    assert sum(picture.stat().st_size for picture in pictures) < 4_000_000
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [picture.name for picture in pictures if picture.name not in text] == []
