"""The code that docs/extending.md shows, as files: the tests run what a reader copies."""

import re
from pathlib import Path

__all__ = ["blocks", "write_blocks"]

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^( *)```\w*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
# A comment in Python, YAML or a shell, in JavaScript, in CSS, or in HTML, that holds a path alone.
PATH = re.compile(r"(?:#|//|/\*|<!--) ([\w./-]+\.\w+)(?: \*/| -->)?")


def blocks(title: str, page: Path = PAGE) -> dict[str, str]:
    """Give the fenced blocks under a heading of docs/extending.md that name a file.

    Parameters
    ----------
    title : str
        The heading's text: ``A view`` for ``## A view``.
    page : Path
        The page to read instead.

    Returns
    -------
    dict of str to str
        The text of each file by the path in the block's first line, in the page's order. The first
        line, a comment with the path alone, stays in the text. Blocks without such a line are left
        out.

    Raises
    ------
    KeyError
        The page has no such heading.
    ValueError
        Two blocks under the heading name one file.
    """
    sections = dict(SECTION.findall(page.read_text("utf-8")))
    if title not in sections:
        raise KeyError(f"{page.name} has no heading '## {title}'; it has {', '.join(sections)}")
    files: dict[str, str] = {}
    for indent, fenced in FENCED.findall(sections[title]):
        text = re.sub(f"^{indent}", "", fenced, flags=re.MULTILINE)
        first, _, _ = text.partition("\n")
        named = PATH.fullmatch(first.strip())
        if named is None:
            continue
        if named[1] in files:
            raise ValueError(f"two blocks under '## {title}' of {page.name} name {named[1]}")
        files[named[1]] = text
    return files


def write_blocks(title: str, folder: Path) -> dict[str, Path]:
    """Write the files of `blocks` into a folder, and give the path of each by its name."""
    written = {}
    for name, text in blocks(title).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written[name] = path
    return written
