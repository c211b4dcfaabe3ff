"""The fenced blocks of a page become files and lines, where their first lines say."""

import pytest
from extending.blocks import added_lines, blocks, write_blocks

PAGE = """# Extending
```python
# before/any.py
```

## A thing
1. Write this:

   ```python
   # things/new.py
   def thing():
       return 1
   ```

   and its twin:

```js
// things/new.js
export const thing = 1;
```

```sh
# try it out
ls
```

And one line:

```python
# things/list.py, in THINGS
    "new": thing,
```

## Another thing
```yaml
# configs/thing.yaml
kind: thing
```
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "extending.md"
    path.write_text(PAGE)
    return path


def test_a_block_is_a_file_named_by_its_first_line(page):
    assert blocks("A thing", page) == {
        "things/new.py": "# things/new.py\ndef thing():\n    return 1\n",
        "things/new.js": "// things/new.js\nexport const thing = 1;\n",
    }


def test_a_heading_has_its_own_blocks_only(page):
    assert list(blocks("Another thing", page)) == ["configs/thing.yaml"]


def test_an_unknown_heading_names_those_there_are(page):
    with pytest.raises(KeyError, match="it has A thing, Another thing"):
        blocks("A view", page)


def test_two_blocks_of_one_file_are_refused(page):
    page.write_text(PAGE.replace("new.js", "new.py"))
    with pytest.raises(ValueError, match=r"name things/new\.py"):
        blocks("A thing", page)


def test_a_block_that_says_where_it_belongs_is_no_file(page):
    lines = '    "new": thing,\n'
    assert added_lines("A thing", page) == {("things/list.py", "THINGS"): lines}
    assert added_lines("Another thing", page) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'THINGS = {\n    "old": one,\n}\nREST = 1\n',
            'THINGS = {\n    "old": one,\n    "new": thing,\n}\nREST = 1\n',
        ),
        (
            'THINGS: dict[str, int] = {"é": one}  # few\n',
            'THINGS: dict[str, int] = {"é": one,\n    "new": thing,\n}  # few\n',
        ),
        ("THINGS = {}\n", 'THINGS = {\n    "new": thing,\n}\n'),
    ],
)
def test_files_are_written_and_lines_are_added(page, tmp_path, before, after):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "list.py").write_text(before)
    written = write_blocks("A thing", tmp_path, page)
    assert {name: path.read_text() for name, path in written.items()} == blocks("A thing", page)
    assert (tmp_path / "things" / "list.py").read_text() == after


def test_lines_for_what_a_file_does_not_have_are_refused(page, tmp_path):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "list.py").write_text("OTHERS = []\n")
    with pytest.raises(ValueError, match="no THINGS"):
        write_blocks("A thing", tmp_path, page)
