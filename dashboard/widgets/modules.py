"""ES modules joined to one text, without imports, for the browser.

Panel makes a module of each component's text at an address of its own, from where the relative
imports of the source files lead nowhere. So the modules that an entry needs are written into one
text: each is a function that is called once, after those it imports, and gives what it exports.
Names of different modules never clash.

What a module may contain is less than the language allows: ``import {a, b as c} from "./x.js"`` and
``export const``, ``function`` or ``class``, each at the beginning of a line.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["joined", "module_of"]

# Comments and indentation are left out; strings and templates, which may look so, are kept.
KEPT = r"""(?P<kept>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
LEFT_OUT = r"^ *//.*\n|^ */\*[\s\S]*?\*/ *\n|/\*[\s\S]*?\*/ ?|^ +"
UNREAD = re.compile(f"{KEPT}|{LEFT_OUT}", re.MULTILINE)
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)"\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|function\*?|async function) (\w+))", re.MULTILINE)
# Types alone: nothing is left of it.
TYPES_ALONE = re.compile(r"^export \{\}\n", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
ALIAS = re.compile(r"(\w+)(?: as (\w+))?")


@dataclass(frozen=True)
class Import:
    """Names that a module takes from another one, each as ``name`` or ``name: alias``."""

    path: Path
    names: tuple[str, ...]
    aliased: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A module's text without imports and exports, and what these said."""

    body: str
    imports: tuple[Import, ...]
    exports: tuple[str, ...]


def module_of(python: str) -> str:
    """Join the module that has the name and the folder of a Python file.

    Parameters
    ----------
    python : str
        ``__file__`` of the component's module.
    """
    return joined(Path(python).with_suffix(".js"))


@cache
def joined(entry: Path) -> str:
    """Join a module and all that it imports.

    Returns
    -------
    str
        An ES module that exports what the entry exports.

    Raises
    ------
    ImportError
        A module is missing, imports what is not exported, imports in a circle, or says something
        that cannot be joined.
    """
    entry = entry.resolve()
    order = dict(_ordered(entry, ()))
    parts = ["const $modules = {}"]
    for path, source in order.items():
        parts.append(_scope(path, source, entry.parent))
    names = ", ".join(order[entry].exports)
    parts.append(f"export const {{ {names} }} = {_named(entry, entry.parent)}\n")
    return "\n".join(parts)


def _ordered(path: Path, importing: tuple[Path, ...]) -> Iterator[tuple[Path, Source]]:
    """Give a module after all those that it imports; some more than once."""
    if path in importing:
        circle = " imports ".join(each.name for each in (*importing[importing.index(path) :], path))
        raise ImportError(f"JavaScript modules import each other: {circle}")
    source = _source(path)
    for each in source.imports:
        yield from _ordered(each.path, (*importing, path))
        missing = set(each.names) - set(_source(each.path).exports)
        if missing:
            names = ", ".join(sorted(missing))
            raise ImportError(f"{path} imports {names} from {each.path}, which does not export it")
    yield path, source


@cache
def _source(path: Path) -> Source:
    if not path.is_file():
        raise ImportError(f"there is no JavaScript module {path}")
    text = UNREAD.sub(lambda found: found["kept"] or "", path.read_text(encoding="utf-8"))
    imports = tuple(_import(path, *found.groups()) for found in IMPORT.finditer(text))
    body = TYPES_ALONE.sub("", IMPORT.sub("", text))
    exports = tuple(EXPORT.findall(body))
    body = EXPORT.sub("", body)
    if other := OTHER.search(body):
        raise ImportError(f"{path}: cannot join {other[0]!r}; see {__name__} for what can be")
    return Source(body, imports, exports)


def _import(path: Path, names: str, target: str) -> Import:
    found = ALIAS.findall(names)
    return Import(
        path=Path(os.path.normpath(path.parent / target)),
        names=tuple(name for name, _ in found),
        aliased=tuple(f"{name}: {alias}" if alias else name for name, alias in found),
    )


def _named(path: Path, root: Path) -> str:
    return f'$modules["{Path(os.path.relpath(path, root)).as_posix()}"]'


def _scope(path: Path, source: Source, root: Path) -> str:
    """Write a module as a function that is called once."""
    imports = [
        f"const {{ {', '.join(each.aliased)} }} = {_named(each.path, root)}\n"
        for each in source.imports
    ]
    exports = f"return {{ {', '.join(source.exports)} }}"
    name = _named(path, root)
    return f"{name} = (() => {{\n{''.join(imports)}{source.body}{exports}\n}})()"
