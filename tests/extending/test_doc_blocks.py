"""The fenced blocks of a page become files, each under the path in its first line."""

import pytest
from extending.blocks import blocks

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
