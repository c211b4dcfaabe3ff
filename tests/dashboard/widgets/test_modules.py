"""Modules of JavaScript, joined to one text, mean what they mean to a browser."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import deeptracker.dashboard
from deeptracker.dashboard.widgets.modules import joined

DASHBOARD = Path(deeptracker.dashboard.__file__).parent.resolve()
MODULES = sorted(DASHBOARD.rglob("*.js"))
# Says of each export what it is: functions and classes by their names and parameters alone, as the
# joined text leaves comments and indentation out.
DESCRIBE = """
import { pathToFileURL } from "node:url"
const said = (value) => {
  if (typeof value !== "function") return JSON.stringify(value)
  const names = Object.getOwnPropertyNames(value.prototype ?? {})
  return [value.name, value.length, ...names].join(" ")
}
for (const [native, joined] of JSON.parse(process.argv[1])) {
  const describe = async (path) => Object.entries(await import(pathToFileURL(path)))
    .map(([name, value]) => [name, said(value)]).sort()
  console.log(JSON.stringify([native, await describe(native), await describe(joined)]))
}
"""


def node(program: str, *arguments: str) -> str:
    assert shutil.which("node"), "there is no node; `make node` installs it"
    command = ["node", "--input-type=module", "--eval", program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def written(folder: Path, **files: str) -> Path:
    """Write modules by their names, and give the first."""
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.js"


def run(entry: Path, expression: str) -> object:
    """The value of an expression of ``m``, the joined module."""
    text = json.dumps(joined(entry))
    program = f"const m = await import('data:text/javascript,' + encodeURIComponent({text}))\n"
    return json.loads(node(f"{program}console.log(JSON.stringify({expression}))"))


def test_every_module_of_the_dashboard_exports_joined_what_it_exports_alone(tmp_path):
    pairs = []
    for number, path in enumerate(MODULES):
        copy = tmp_path / f"{number}.mjs"
        copy.write_text(joined(path), encoding="utf-8")
        pairs.append([str(path), str(copy)])
    lines = node(DESCRIBE, json.dumps(pairs)).splitlines()
    described = [json.loads(line) for line in lines]
    assert len(described) == len(MODULES) > 60
    for path, alone, together in described:
        assert together == alone, path


def test_a_module_is_run_once_and_after_those_that_it_imports(tmp_path):
    log = "globalThis.log = [...(globalThis.log ?? []), "
    entry = written(
        tmp_path,
        entry=f'import {{ a }} from "./a.js"\nimport {{ b }} from "./b.js"\n{log}"entry"]\n'
        "export const both = () => [a(), b]\nexport const log = () => globalThis.log\n",
        a=f'import {{ b }} from "./b.js"\n{log}"a"]\nexport function a() {{\n  return b + 1\n}}\n',
        b=f'{log}"b"]\nexport const b = 1\n',
    )
    assert run(entry, "[m.both(), m.log()]") == [[2, 1], ["b", "a", "entry"]]


def test_names_of_modules_never_clash(tmp_path):
    entry = written(
        tmp_path,
        entry='import { value as other } from "./other.js"\nconst kept = "mine"\n'
        "export const value = () => [kept, other()]\n",
        other='const kept = "its own"\nexport function value() {\n  return kept\n}\n',
    )
    assert run(entry, "m.value()") == ["mine", "its own"]


def test_imports_over_several_lines_and_from_other_folders_are_followed(tmp_path):
    (tmp_path / "inner").mkdir()
    entry = written(
        tmp_path / "inner",
        entry='import {\n  first,\n  second as other,\n} from "../outer.js"\n'
        "export const sum = first + other\n",
    )
    written(tmp_path, outer="export const first = 1\nexport const second = 2\n")
    assert run(entry, "m.sum") == 3


def test_comments_are_left_out_and_what_looks_like_one_is_kept(tmp_path):
    entry = written(
        tmp_path,
        entry="// A file.\n/**\n * A value. import { nothing }\n */\n"
        'export const text = "// no comment"\n'
        "export const style = `\n  /* kept */\n// kept too\n`\n"
        "export const number = /** @type {number} */ (3) // three\n",
    )
    assert run(entry, "[m.text, m.style, m.number]") == [
        "// no comment",
        "\n  /* kept */\n// kept too\n",
        3,
    ]
    assert "A value" not in joined(entry)
    assert "@type" not in joined(entry)


def test_classes_extend_those_of_other_modules(tmp_path):
    entry = written(
        tmp_path,
        entry='import { Base } from "./base.js"\nexport class Own extends Base {\n  get word() {\n'
        "    return `${super.word}!`\n  }\n}\n",
        base='export class Base {\n  get word() {\n    return "base"\n  }\n}\n',
    )
    assert run(entry, "new m.Own().word") == "base!"


def test_a_circle_is_an_error_that_names_it(tmp_path):
    entry = written(
        tmp_path,
        entry='import { a } from "./a.js"\nexport const entry = a\n',
        a='import { b } from "./b.js"\nexport const a = b\n',
        b='import { a } from "./a.js"\nexport const b = a\n',
    )
    with pytest.raises(ImportError, match=r"a\.js imports b\.js imports a\.js"):
        joined(entry)


def test_a_name_that_is_not_exported_is_an_error(tmp_path):
    entry = written(
        tmp_path,
        entry='import { gone, here } from "./other.js"\nexport const entry = here\n',
        other="export const here = 1\nconst gone = 2\n",
    )
    with pytest.raises(ImportError, match=r"entry\.js imports gone from .*other\.js"):
        joined(entry)


def test_a_module_that_is_missing_is_an_error(tmp_path):
    entry = written(tmp_path, entry='import { a } from "./gone.js"\n')
    with pytest.raises(ImportError, match=r"no JavaScript module .*gone\.js"):
        joined(entry)


@pytest.mark.parametrize(
    "line",
    [
        "export default 3",
        "export let changing = 3",
        "export * from './other.js'",
        "export { a }",
        'import * as all from "./other.js"',
        'import "./other.js"',
        'import other from "./other.js"',
    ],
)
def test_what_cannot_be_joined_is_an_error(tmp_path, line):
    entry = written(tmp_path, entry=f"{line}\n", other="export const a = 1\n")
    with pytest.raises(ImportError, match=r"entry\.js: cannot join"):
        joined(entry)


def test_a_joined_module_stands_alone():
    for path in MODULES:
        lines = joined(path).splitlines()
        assert [line for line in lines if line.startswith("import")] == [], path


def test_lines_fit_100_columns():
    tests = Path(__file__).parents[1].rglob("*.test.js")
    long = [
        f"{path}:{number}"
        for path in [*MODULES, *tests]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100
    ]
    assert long == []
