"""Folders are listed whole, also while files come and go in them."""

import threading

import pytest

from deeptracker.pipeline.locations.local_folder import LocalFolder
from deeptracker.record.tensor_file import replace_file

STANDING = 500


@pytest.fixture
def folder(tmp_path):
    for number in range(STANDING):
        (tmp_path / f"{number:09d}.safetensors").write_bytes(b"x")
    return tmp_path


@pytest.fixture
def recorder(folder):
    """Writes files as a recorder does, under another name first, for as long as the test lasts."""
    done = threading.Event()

    def record():
        while not done.is_set():
            replace_file(folder / "999999999.safetensors", [b"y"])

    thread = threading.Thread(target=record)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("recorder")
def test_what_stands_is_listed_while_another_file_is_renamed(folder):
    for _ in range(200):
        names = [file.name for file in LocalFolder(folder).files()]
        assert len([name for name in names if name.startswith("0")]) == STANDING


@pytest.mark.parametrize("name", ["none", "000000000.safetensors/none", "folder"])
def test_what_is_no_file_is_not_found(folder, name):
    (folder / "folder").mkdir()
    assert LocalFolder(folder).find(name) is None
    assert LocalFolder(folder).find("000000001.safetensors").size == 1
