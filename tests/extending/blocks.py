"""The code that docs/extending.md shows, as files and lines: the tests run what a reader copies."""

import ast
import re
from pathlib import Path

__all__ = ["added_lines", "blocks", "write_blocks"]

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^( *)```\w*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
# A comment in Python, YAML or a shell, in JavaScript, in CSS, or in HTML, that holds a path alone.
PATH = re.compile(r"(?:#|//|/\*|<!--) ([\w./-]+\.\w+)(?: \*/| -->)?")
# A comment in Python that says where the lines below it go.
PLACE = re.compile(r"# ([\w./-]+\.py), in (\w+)")


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
    files: dict[str, str] = {}
    for first, text in _fenced(title, page):
        named = PATH.fullmatch(first)
        if named is None:
            continue
        if named[1] in files:
            raise ValueError(f"two blocks under '## {title}' of {page.name} name {named[1]}")
        files[named[1]] = text
    return files


def added_lines(title: str, page: Path = PAGE) -> dict[tuple[str, str], str]:
    """Give the fenced blocks under a heading that add lines to a file of ours.

    The first line of such a block is ``# PATH, in NAME``: the others belong into the list, tuple or
    dict that PATH assigns to NAME.

    Returns
    -------
    dict of (str, str) to str
        The lines by path and name.
    """
    return {
        (place[1], place[2]): text.partition("\n")[2]
        for first, text in _fenced(title, page)
        if (place := PLACE.fullmatch(first))
    }


def write_blocks(title: str, folder: Path, page: Path = PAGE) -> dict[str, Path]:
    """Do in a folder what a heading tells: write its files, and add its lines to files there.

    Returns
    -------
    dict of str to Path
        Where each file of `blocks` was written.
    """
    written = {}
    for name, text in blocks(title, page).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written[name] = path
    for (name, variable), lines in added_lines(title, page).items():
        path = folder / name
        path.write_text(_with_lines(path.read_text("utf-8"), variable, lines), encoding="utf-8")
    return written


def _fenced(title: str, page: Path) -> list[tuple[str, str]]:
    """Give the first line and the whole text of each block under a heading."""
    sections = dict(SECTION.findall(page.read_text("utf-8")))
    if title not in sections:
        raise KeyError(f"{page.name} has no heading '## {title}'; it has {', '.join(sections)}")
    found = []
    for indent, fenced in FENCED.findall(sections[title]):
        text = re.sub(f"^{indent}", "", fenced, flags=re.MULTILINE)
        found.append((text.partition("\n")[0].strip(), text))
    return found


def _with_lines(text: str, variable: str, lines: str) -> str:
    """Put lines at the end of the list, tuple or dict that a module assigns to a variable."""
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(each, ast.Name) and each.id == variable for each in targets):
            value = node.value
            row = text.splitlines(keepends=True)[value.end_lineno - 1]
            before = row.encode()[: value.end_col_offset - 1].decode()
            end = sum(map(len, text.splitlines(keepends=True)[: value.end_lineno - 1]))
            end += len(before)
            head = text[:end].rstrip()
            comma = "" if head[-1] in ",[({" else ","
            return f"{head}{comma}\n{lines.rstrip()}\n{text[end:]}"
    raise ValueError(f"no {variable} is assigned")
