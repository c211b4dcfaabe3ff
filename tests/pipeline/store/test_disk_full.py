"""A disk that fills up mid-run costs that run only, and is not left full of it."""

import shutil
import subprocess
import sys

import pytest
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, open_writer

CONFIG = Config(columns_per_chunk=4)


@pytest.fixture
def disk(tmp_path):
    """A real file system of 0.9 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.slow
def test_a_full_disk_is_named_the_commit_before_is_intact_and_a_rerun_gives_the_same(
    disk, scheduler, tmp_path
):
    shapes = {"a.weight": (64, 50, 9), "b.weight": (300, 70)}
    log = LogWriter(tmp_path / "log", images=20, shapes=shapes).iterations([0, 10])
    store = disk / "store"
    committed = process(log.path, store, config=CONFIG, scheduler=scheduler).commit
    used = shutil.disk_usage(disk).used
    log.iterations(range(20, 120, 10))
    config = tmp_path / "config.yaml"
    config.write_text("columns_per_chunk: 4\n")
    command = [sys.executable, "-m", "deeptracker.cli", "process", log.path, "--store", store]
    failed = subprocess.run(
        [*command, "--config", config, "--workers", "1", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert failed.returncode == 1, failed.stderr
    [line] = failed.stderr.strip().splitlines()
    assert line.startswith(f"error: {store}: the disk is full")
    assert "free space" in line
    assert "committed before is intact" in line
    assert open_store(store).snapshot_id == committed
    # What the run had written is gone again.
    assert shutil.disk_usage(disk).used < used + 100_000

    process(log.path, tmp_path / "expected", config=CONFIG, scheduler=scheduler)
    subprocess.run(["mount", "-o", "remount,size=30m", disk], check=True)
    process(log.path, store, config=CONFIG, scheduler=scheduler)
    assert_equal(store, tmp_path / "expected")


@pytest.mark.parametrize("left", [0, 4096, 8192])
def test_a_disk_that_is_full_from_the_first_leaves_nothing_in_the_way(disk, left):
    (disk / "filler").write_bytes(b"x" * (shutil.disk_usage(disk).free - left))
    with pytest.raises(StoreError, match="the disk is full"), open_writer(str(disk / "store")):
        pass
    (disk / "filler").unlink()
    assert not (disk / "store").exists()
    with open_writer(str(disk / "store")) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION})
        writer.publish("first")
    assert open_store(disk / "store").history() == ["first"]


@pytest.mark.parametrize(
    "left",
    [
        ["snapshots/1CECHNKREP0F1RSTCMT0"],
        ["snapshots/1CECHNKREP0F1RSTCMT0#1"],
        ["snapshots/1CECHNKREP0F1RSTCMT0", "refs/branch.main/ref.json#2", "config.yaml"],
    ],
)
def test_a_store_whose_creation_was_cut_short_is_made_again(tmp_path, left):
    store = tmp_path / "store"
    for name in left:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(b"half")
    with open_writer(str(store)) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION})
        writer.publish("first")
    assert open_store(store).history() == ["first"]


@pytest.mark.parametrize("kept", ["chunks/AAAA", "snapshots/BBBB", "notes.txt"])
def test_a_folder_that_holds_anything_else_is_never_emptied(tmp_path, kept):
    store = tmp_path / "store"
    for name in ("snapshots/1CECHNKREP0F1RSTCMT0", kept):
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(b"kept")
    with pytest.raises(StoreError, match="with other things in it"), open_writer(str(store)):
        pass
    assert (store / kept).read_bytes() == b"kept"
