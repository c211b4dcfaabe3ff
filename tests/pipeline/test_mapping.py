"""Tiles mapped from a local disk: what a read gives, and an error where a file has changed."""

import mmap
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Client, LocalCluster
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import LogError
from deeptracker.tensorfile import write_tensors
from pipeline import measuring, process
from pipeline.sources import mapping, open_source, read_values, tilereading
from pipeline.sources.mapping import MADV_POPULATE_READ, MappedFiles, can_map
from pipeline.sources.readahead import Request
from pipeline.sources.tilereading import MAPPED_BYTES, MappedTiles, ReadTiles, tile_reading

PAGES = 64


@pytest.fixture
def files():
    found = MappedFiles()
    yield found
    found.close()


@pytest.fixture
def ref(tmp_path):
    """A tensor of 256 KiB that begins within a page."""
    values = np.random.default_rng(0).standard_normal(PAGES * 1024, dtype=np.float32)
    write_tensors(tmp_path / "step-1.safetensors", {"w": values})
    return open_source(tmp_path).locate("w", 1)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_a_mapped_range_holds_what_a_read_gives(tmp_path, files, dtype):
    import ml_dtypes

    kind = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": ml_dtypes.bfloat16}[dtype]
    values = np.random.default_rng(1).standard_normal((3, 50_000)).astype(kind)
    write_tensors(tmp_path / "step-1.safetensors", {"a": values[0, :7], "w": values})
    ref = open_source(tmp_path).locate("w", 1)
    assert ref.dtype == dtype
    for start, stop in ((0, ref.size), (1, 2), (12_345, 77_777), (ref.size - 3, ref.size)):
        found = files.take(ref, start, stop)
        np.testing.assert_array_equal(found, read_values(ref, start, stop))
        assert not found.flags.writeable


def test_a_tensor_that_is_not_aligned_to_its_items_is_given_too(tmp_path, files):
    values = np.arange(20_000, dtype=np.float32)
    header = b'{"w":{"dtype":"F32","shape":[20000],"data_offsets":[0,80000]}}'
    header += b" " * (3 - len(header) % 4)
    path = tmp_path / "step-1.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + values.tobytes())
    ref = open_source(tmp_path).locate("w", 1)
    assert ref.offset % 4
    found = files.take(ref, 100, 19_000)
    assert found.flags.aligned
    np.testing.assert_array_equal(found, values[100:19_000])


def test_what_is_let_go_is_not_held_in_memory_and_what_is_kept_stays(ref, files):
    def held():
        maps = psutil.Process().memory_maps()
        return sum(entry.rss for entry in maps if entry.path == ref.path)

    first = files.take(ref, 0, ref.size // 2)
    second = files.take(ref, ref.size // 2, ref.size)
    assert held() >= second.nbytes + first.nbytes
    files.let_go(1)
    assert held() <= second.nbytes + 2 * mmap.PAGESIZE
    assert held() >= second.nbytes
    files.let_go(0)
    assert held() <= mmap.PAGESIZE


def test_neighbours_that_came_in_with_a_range_go_with_it(tmp_path, files):
    write_tensors(tmp_path / "step-1.safetensors", {"w": np.ones(2**20, np.float32)})
    ref = open_source(tmp_path).locate("w", 1)
    assert files.take(ref, 300_000, 365_536).all()
    # As Linux does by itself where it keeps neighbouring pages together.
    files._maps[ref.path].madvise(MADV_POPULATE_READ, 2**20, 2**20)
    files.let_go(0)
    maps = psutil.Process().memory_maps()
    assert sum(entry.rss for entry in maps if entry.path == ref.path) <= mmap.PAGESIZE


@pytest.mark.parametrize("left", [0, 5000, 4 * 1024 * PAGES - 4])
def test_a_file_cut_short_before_or_while_it_is_mapped_is_an_error(ref, files, left):
    np.testing.assert_array_equal(files.take(ref, 0, 1000), read_values(ref, 0, 1000))
    os.truncate(ref.path, left)
    with pytest.raises(LogError, match="ended while it was read"):
        files.take(ref, 0, ref.size)
    with pytest.raises(LogError, match="ended while it was read"):
        MappedFiles().take(ref, 0, ref.size)


def test_a_file_that_is_gone_is_an_error(ref, files):
    Path(ref.path).unlink()
    with pytest.raises(LogError, match="could not be read"):
        files.take(ref, 0, 10)


def test_more_files_than_may_be_mapped_at_once_can_be_read(tmp_path, files, monkeypatch):
    monkeypatch.setattr(mapping, "MOST_OPEN_FILES", 3)
    log = LogWriter(tmp_path / "log").iterations(range(8))
    source = open_source(log.path)
    taken = [files.take(source.locate("head.weight", i), 5, 500) for i in range(8)]
    for iteration, found in enumerate(taken):
        expected = log.values(iteration)["head.weight"].ravel()[5:500]
        np.testing.assert_array_equal(found, expected)


def test_without_room_among_the_addresses_a_file_is_read(ref, files, monkeypatch):
    def refuse(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mapping.mmap, "mmap", refuse)
    found = files.take(ref, 7, 5000)
    np.testing.assert_array_equal(found, read_values(ref, 7, 5000))
    files.let_go(0)


def mounts(tmp_path, monkeypatch, *lines):
    table = tmp_path / "mountinfo"
    table.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(mapping, "MOUNTS", table)


def test_only_files_on_disks_of_this_machine_are_mapped(tmp_path, monkeypatch):
    mounts(
        tmp_path,
        monkeypatch,
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "30 22 0:40 / /mnt/team rw - nfs4 server:/team rw",
        "31 22 0:41 / /mnt/team/fast\\040disk rw - xfs /dev/sdb rw",
        "32 22 0:42 / /mnt/lustre rw - lustre mds:/l rw",
    )
    assert can_map("/data/run/step-1.pt")
    assert not can_map("/mnt/team/run/step-1.pt")
    assert can_map("/mnt/team/fast disk/step-1.pt")
    assert not can_map("/mnt/lustre/step-1.pt")
    monkeypatch.setattr(mapping, "MOUNTS", tmp_path / "none")
    assert not can_map("/data/run/step-1.pt")


def test_a_task_maps_where_it_can_and_reads_where_it_cannot(ref, tmp_path, monkeypatch):
    requests = [Request(ref, 0, ref.size)]
    with tile_reading(requests) as tiles:
        assert isinstance(tiles, MappedTiles)
        assert tiles.together("F32", ref.size) == MAPPED_BYTES // (4 * ref.size)
        mapped = tiles.take(ref, 0, ref.size).copy()
    mounts(tmp_path, monkeypatch, "22 1 0:40 / / rw - nfs4 server:/ rw")
    with tile_reading(requests) as tiles:
        assert isinstance(tiles, ReadTiles)
        read = tiles.take(ref, 0, ref.size)
        np.testing.assert_array_equal(read, mapped)
        # The one before stays as it is while the next is taken.
        other = tiles.take(ref, 100, ref.size)
        np.testing.assert_array_equal(read, mapped)
        np.testing.assert_array_equal(other, mapped[100:])


@pytest.fixture(scope="module")
def one_worker():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_a_store_is_the_same_whether_tiles_were_mapped_or_read(tmp_path, monkeypatch, one_worker):
    log = LogWriter(tmp_path / "log", gradients=True).iterations(range(5))
    process(log.path, tmp_path / "mapped", scheduler=one_worker)
    monkeypatch.setattr(tilereading, "can_map", lambda _: False)
    process(log.path, tmp_path / "read", scheduler=one_worker)
    assert_equal(tmp_path / "read", tmp_path / "mapped")


def test_a_snapshot_cut_short_between_the_plan_and_the_task_is_named(
    tmp_path, monkeypatch, one_worker
):
    log = LogWriter(tmp_path / "log").iterations(range(5))
    path = log.path / "snapshots" / "000000003.safetensors"

    def cut_first(requests):
        os.truncate(path, 2000)
        return tile_reading(requests)

    monkeypatch.setattr(measuring, "tile_reading", cut_first)
    with pytest.raises(LogError, match=r"000000003.safetensors: ended while it was read"):
        process(log.path, tmp_path / "store", scheduler=one_worker)


@pytest.mark.slow
def test_a_snapshot_cut_short_while_it_is_measured_ends_a_worker_and_the_next_one_names_it(
    ref, tmp_path
):
    mark = tmp_path / "cut"

    def add_up(ref, mark):
        from pipeline.sources.mapping import MappedFiles

        values = MappedFiles().take(ref, 0, ref.size)
        if not mark.exists():
            mark.touch()
            os.truncate(ref.path, 100)
        return float(values.sum())

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        worker = set(client.scheduler_info()["workers"])
        with pytest.raises(LogError, match="ended while it was read"):
            client.submit(add_up, ref, mark).result(timeout=120)
        assert set(client.scheduler_info()["workers"]) != worker
