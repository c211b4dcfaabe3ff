"""ES modules joined into one text without imports, for the browser.

Panel serves each component's text as a module at a separate address, where the relative imports
of the source files do not resolve. So this module writes all modules that an entry needs into one
text. Each becomes a function that is called once, after the modules that it imports, and returns
its exports. Names of different modules never clash.

Only some forms of import and export are supported: ``import {a, b as c} from "./x.js"``, and
``export const``, ``function`` or ``class``, each at the beginning of a line.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["joined", "module_of"]

# Drop comments and indentation, but not in strings and templates that look like them.
KEPT = r"""(?P<kept>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
REMOVED = r"^ *//.*\n|^ */\*[\s\S]*?\*/ *\n|/\*[\s\S]*?\*/ ?|^ +"
COMMENTS = re.compile(f"{KEPT}|{REMOVED}", re.MULTILINE)
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)"\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|function\*?|async function) (\w+))", re.MULTILINE)
# Marks a file of types alone as a module; nothing of it is kept.
TYPES_ALONE = re.compile(r"^export \{\}\n", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
ALIAS = re.compile(r"(\w+)(?: as (\w+))?")


@dataclass(frozen=True)
class Import:
    """The names that a module imports from another one, each as ``name`` or ``name: alias``."""

    path: Path
    names: tuple[str, ...]
    aliased: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A module's text without imports and exports, and its imports and exports."""

    body: str
    imports: tuple[Import, ...]
    exports: tuple[str, ...]


def module_of(python: str) -> str:
    """Join the JavaScript module next to a Python file of the same name.

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
        A module is missing, imports a name that is not exported, imports in a circle, or uses an
        unsupported form.
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
    """Give a module after all modules that it imports; some occur more than once."""
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
    text = COMMENTS.sub(lambda found: found["kept"] or "", path.read_text(encoding="utf-8"))
    imports = tuple(_import(path, *found.groups()) for found in IMPORT.finditer(text))
    body = TYPES_ALONE.sub("", IMPORT.sub("", text))
    exports = tuple(EXPORT.findall(body))
    body = EXPORT.sub("", body)
    if other := OTHER.search(body):
        raise ImportError(f"{path}: cannot join {other[0]!r}; {__name__} lists the supported forms")
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
