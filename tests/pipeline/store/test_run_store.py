"""The store: readers see the last published run, whatever a writer does meanwhile."""

import icechunk
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from logs import LogWriter

from deeptracker.errors import DeepTrackerError, StoreError
from deeptracker.pipeline import process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, create_arrays, store_metadata
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.whole_arrays import WholeArrays
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.repository import refusals
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, open_store, open_writer
from deeptracker.pipeline.summary import describe_store


def spec(iterations, *, quick=True):
    dims = ("row", "iteration")
    return ArraySpec("g/x", "float32", (100, iterations), (30, 8), dims, "a value", quick=quick)


def publish(path, value):
    with open_writer(str(path)) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION, "value": value})
        return writer.publish(f"value {value}")


def test_a_published_run_is_seen_whole_and_an_abandoned_one_not_at_all(tmp_path):
    first = publish(tmp_path / "s", 1)
    reader = open_store(tmp_path / "s")
    assert reader.snapshot_id == first
    with open_writer(str(tmp_path / "s")) as writer:
        writer.root().attrs.update({"value": 2})
        writer.stage("Staged: half")
    assert not reader.refresh()
    assert open_store(tmp_path / "s").root().attrs["value"] == 1


def test_workers_that_started_elsewhere_write_into_the_store_of_a_relative_path(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    data = np.arange(5000.0)
    with open_writer("store") as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION})
        writer.root().create_array("x", shape=data.shape, chunks=data.shape, dtype=data.dtype)
        writer.stage("Staged: arrays")
        fork = opened_fork(writer.fork())
        monkeypatch.chdir(tmp_path / "elsewhere")
        zarr.open_group(fork.store, mode="a")["x"][:] = data
        writer.merge(packed_fork(fork))
        writer.publish("x")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    np.testing.assert_array_equal(open_store(tmp_path / "store").root()["x"][:], data)


def test_refresh_goes_on_to_the_next_commit(tmp_path):
    publish(tmp_path / "s", 1)
    reader = open_store(tmp_path / "s")
    assert not reader.refresh()
    second = publish(tmp_path / "s", 2)
    assert reader.root().attrs["value"] == 1
    assert reader.refresh()
    assert reader.snapshot_id == second
    assert reader.root().attrs["value"] == 2
    assert reader.history() == ["value 2", "value 1"]


def test_what_is_no_store_is_refused_by_name(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine")
    for name, expected in [("nowhere", "no such store"), ("folder", "is not a store")]:
        with pytest.raises(StoreError, match=expected) as caught:
            open_store(tmp_path / name)
        assert name in str(caught.value)
    with (
        pytest.raises(StoreError, match="other things in it"),
        open_writer(str(tmp_path / "folder")),
    ):
        pass
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["notes.txt"]


def test_a_newer_schema_is_refused(tmp_path):
    with open_writer(str(tmp_path / "s")) as writer:
        writer.root().attrs.update({"deeptracker_schema": 99})
        writer.publish("from the future")
    with pytest.raises(StoreError, match="schema 99, this DeepTracker supports 4"):
        open_store(tmp_path / "s")


def test_a_store_without_a_commit_says_so(tmp_path):
    with open_writer(str(tmp_path / "s")):
        pass
    with pytest.raises(StoreError, match="nothing was committed"):
        open_store(tmp_path / "s")


@pytest.mark.parametrize("quick", [False, True])
def test_chunks_written_directly_read_back_as_zarr_reads_them(tmp_path, quick):
    values = np.random.default_rng(0).standard_normal((100, 21)).astype(np.float32)
    with open_writer(str(tmp_path / "s")) as writer:
        store = writer.session.store
        create_arrays(store, {}, [spec(21, quick=quick)])
        chunks = ChunkWriter(store)
        chunks.write(spec(21, quick=quick), (0, 0), values[:60, :16])
        chunks.write(spec(21, quick=quick), (60, 0), values[60:, :16])
        chunks.write(spec(21, quick=quick), (0, 16), values[:, 16:])
        chunks.flush()
        array = zarr.open_array(store, path="g/x", mode="r")
        np.testing.assert_array_equal(array[...], values)
        assert array.metadata.dimension_names == ("row", "iteration")


@pytest.mark.parametrize("quick", [False, True])
def test_a_grown_array_keeps_its_chunks_and_completes_the_last(tmp_path, quick):
    values = np.random.default_rng(0).standard_normal((100, 30)).astype(np.float32)
    with open_writer(str(tmp_path / "s")) as writer:
        store = writer.session.store
        create_arrays(store, {}, [spec(11, quick=quick)])
        chunks = ChunkWriter(store)
        chunks.write(spec(11, quick=quick), (0, 0), values[:, :11])
        chunks.flush()
        store_metadata(store, [spec(30, quick=quick)])
        array = zarr.open_array(store, path="g/x", mode="r")
        np.testing.assert_array_equal(array[:, :11], values[:, :11])
        assert np.isnan(array[:, 11:]).all()
        chunks.write(spec(30, quick=quick), (0, 11), values[:, 11:16])
        chunks.write(spec(30, quick=quick), (0, 16), values[:, 16:])
        chunks.flush()
        np.testing.assert_array_equal(array[...], values)


def test_pictures_are_read_a_few_at_a_time():
    pictures = np.arange(50 * 4 * 4 * 3, dtype=np.uint8).reshape(50, 4, 4, 3)
    store = zarr.storage.MemoryStore()
    group = zarr.group(store)
    dims = ["image", "y", "x", "channel"]
    with WholeArrays(store) as arrays:
        arrays.put("thumbnail", pictures, dims, "pictures", rows_per_chunk=8)
    assert group["thumbnail"].chunks == (8, 4, 4, 3)
    np.testing.assert_array_equal(group["thumbnail"][...], pictures)


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(st.text(), max_size=5),
    st.lists(st.text(), max_size=5),
    st.sampled_from(["int32", "float64", "uint8"]),
)
def test_an_array_written_whole_reads_back_in_place_of_an_older_one(older, newer, dtype):
    store = zarr.storage.MemoryStore()
    group = zarr.group(store)
    for words in (older, newer):
        numbers = np.arange(len(words)).astype(dtype)
        with WholeArrays(store) as arrays:
            arrays.put("words", np.array(words, object), ["word"], "words")
            arrays.put("numbers", numbers, ["word"], "numbers", "ms")
    assert group["words"][...].tolist() == newer
    np.testing.assert_array_equal(group["numbers"][...], numbers)
    assert group["numbers"].metadata.dimension_names == ("word",)
    assert dict(group["numbers"].attrs) == {"long_name": "numbers", "units": "ms"}


@pytest.mark.parametrize("folder", ["manifests", "refs", "snapshots"])
def test_a_damaged_store_is_said_to_be_so_with_what_to_do(tmp_path, folder):
    log = LogWriter(tmp_path / "log", images=20, shapes={"w": (3, 4)}).iterations([0, 10])
    threads = Config(cluster={"kind": "local", "processes": False})
    process(log.path, tmp_path / "store", config=threads)
    for path in (tmp_path / "store" / folder).rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:20])
    log.iteration(20)
    for use in (describe_store, lambda store: process(log.path, store, config=threads)):
        with pytest.raises(
            StoreError, match=r"the store is damaged: .*; process its log into another store"
        ) as caught:
            use(tmp_path / "store")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "invalid snapshot timestamp ordering",
            "the clock of this machine is behind the store's last commit; correct it and process",
        ),
        ("if the machine clock has drifted", "do not agree; correct it and process again"),
    ],
)
def test_a_clock_that_was_set_back_is_named(words, expected):
    with pytest.raises(StoreError, match=expected), refusals("store"):
        raise icechunk.IcechunkError(f"x session error: {words}: local clock")


def test_places_that_can_hold_no_store_are_named(tmp_path):
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for place, expected in [
        ("/", "is the root of the file system"),
        (tmp_path / "dangling", "is a link to .*gone, which is not there"),
        (tmp_path / "circle", "symbolic links; give another path"),
        (tmp_path / ("n" * 300), "File name too long"),
    ]:
        with pytest.raises(DeepTrackerError, match=expected), open_writer(str(place)):
            pass
