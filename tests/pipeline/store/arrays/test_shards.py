"""Shards: whatever is written in whatever steps is what zarr reads, and the other way round."""

import asyncio
import threading

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from zarr.codecs import BloscCodec, TransposeCodec
from zarr.core.buffer.cpu import Buffer
from zarr.core.sync import sync
from zarr.storage import MemoryStore

from deeptracker.errors import StoreError
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.arrays import chunk_writer
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, create_arrays, store_metadata
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_region, spec_of
from deeptracker.pipeline.store.arrays.shards import index_bytes, read_index
from deeptracker.pipeline.store.network_layout import LevelLayout, NetworkLayout
from deeptracker.pipeline.store.run_store import open_writer

ROWS = 50


class CountingStore(MemoryStore):
    """Counts the bytes that are asked of it."""

    read_bytes = 0

    async def get(self, key, prototype, byte_range=None):
        found = await super().get(key, prototype, byte_range)
        self.read_bytes += len(found) if found is not None else 0
        return found


class SlowStore(MemoryStore):
    """Takes nothing until it may."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_go = threading.Semaphore(0), threading.Event()

    async def set(self, key, value, byte_range=None):
        self.asked.release()
        assert self.may_go.wait(60)
        await super().set(key, value)


def spec_with(iterations, *, quick=True, chunks=(8, 2), shards=(24, 8)):
    dims = ("row", "iteration")
    return ArraySpec(
        "g/x", "float32", (ROWS, iterations), chunks, dims, "a value", quick=quick, shards=shards
    )


def matrix(columns, seed=0):
    return np.random.default_rng(seed).standard_normal((ROWS, columns)).astype(np.float32)


def as_zarr_reads_it(store):
    return zarr.open_array(store, path="g/x", mode="r")


def write_block(store, spec, values, start, stop, rows_together):
    """Write columns as a task does: bands of rows, one after the other."""
    writer = ChunkWriter(store, buffer_bytes=200)
    for row in range(0, ROWS, rows_together):
        band = slice(row, row + rows_together)
        writer.write(spec, (row, start), values[band, start:stop])
    writer.flush()


@given(
    counts=st.lists(st.integers(1, 11), min_size=1, max_size=8),
    rows_together=st.sampled_from([8, 16, 24, 13, ROWS]),
    quick=st.booleans(),
    gap=st.integers(0, 3),
)
@settings(max_examples=examples(30), deadline=None)
def test_columns_appended_in_any_steps_read_back_as_written(counts, rows_together, quick, gap):
    store, done = MemoryStore(), 0
    values = matrix(sum(counts))
    # Columns without a snapshot are chunks, and now and then shards, of nothing.
    values[:, gap : gap + 9] = np.nan
    create_arrays(store, {}, [spec_with(counts[0], quick=quick)])
    for count in counts:
        spec = spec_with(done + count, quick=quick)
        store_metadata(store, [spec])
        # A task ends where a shard does.
        start = done
        while start < done + count:
            stop = min((start // 8 + 1) * 8, done + count)
            write_block(store, spec, values, start, stop, rows_together)
            start = stop
        done += count
        array = as_zarr_reads_it(store)
        np.testing.assert_array_equal(array[...], values[:, :done])
        whole = slice(0, ROWS), slice(0, done)
        np.testing.assert_array_equal(read_region(store, spec, whole), values[:, :done])


def test_a_whole_shard_goes_at_once_and_the_next_ones_wait_for_it(monkeypatch):
    monkeypatch.setattr(chunk_writer, "SOON_BYTES", 200)
    store, spec, values = SlowStore(), spec_with(8), matrix(8)
    writer = ChunkWriter(store)
    try:
        writer.write(spec, (0, 0), values[:24])
        assert store.asked.acquire(timeout=60), "nothing was stored before the end"
        writer.write(spec, (24, 0), values[24:48])
        assert not store.asked.acquire(blocking=False), "held only where nothing is on its way"
    finally:
        store.may_go.set()
    writer.write(spec, (48, 0), values[48:])
    writer.flush()
    whole = slice(0, ROWS), slice(0, 8)
    np.testing.assert_array_equal(read_region(store, spec, whole), values)


@given(st.data())
@settings(max_examples=examples(80), deadline=None)
def test_any_window_is_read_as_zarr_reads_it(data):
    store, spec, values = MemoryStore(), spec_with(21), matrix(21)
    values[8:16] = np.nan
    create_arrays(store, {}, [spec])
    write_block(store, spec, values, 0, 21, ROWS)
    first, last = sorted(data.draw(st.tuples(st.integers(0, ROWS), st.integers(0, ROWS))))
    begin, end = sorted(data.draw(st.tuples(st.integers(0, 21), st.integers(0, 21))))
    found = read_region(store, spec, (slice(first, last), slice(begin, end)))
    np.testing.assert_array_equal(found, values[first:last, begin:end])


@pytest.mark.parametrize("quick", [False, True])
def test_a_shard_that_zarr_wrote_is_read_and_completed(quick):
    store, values = MemoryStore(), matrix(21)
    array = zarr.create_array(
        store,
        name="g/x",
        shape=(ROWS, 13),
        chunks=(8, 2),
        shards=(24, 8),
        dtype="float32",
        fill_value=float("nan"),
        filters=[TransposeCodec(order=(1, 0))] if quick else [],
        compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"),
    )
    array[...] = values[:, :13]
    spec = spec_of(array)
    assert (spec.chunks, spec.shards, spec.quick) == ((8, 2), (24, 8), quick)
    whole = slice(0, ROWS), slice(0, 13)
    np.testing.assert_array_equal(read_region(store, spec, whole), values[:, :13])
    array.resize((ROWS, 21))
    write_block(store, spec_of(array), values, 13, 16, 8)
    write_block(store, spec_of(array), values, 16, 21, 8)
    np.testing.assert_array_equal(as_zarr_reads_it(store)[...], values)


def test_chunks_that_stay_are_taken_over_as_they_are_stored():
    store, values = MemoryStore(), matrix(6)
    create_arrays(store, {}, [spec_with(5)])
    write_block(store, spec_with(5), values, 0, 5, 8)
    before = shard(store, spec_with(5), (0, 0))
    store_metadata(store, [spec_with(6)])
    write_block(store, spec_with(6), values, 5, 6, 8)
    after = shard(store, spec_with(6), (0, 0))
    assert before.keys() == after.keys()
    same = {place for place in before if before[place] == after[place]}
    assert same == {place for place in before if place[1] != 2}


def test_chunks_of_nothing_are_left_out_and_shards_of_nothing_not_stored():
    store, values = MemoryStore(), matrix(16)
    values[:, :8] = np.nan
    values[:8, 8:] = np.nan
    create_arrays(store, {}, [spec_with(16)])
    write_block(store, spec_with(16), values, 0, 8, 8)
    write_block(store, spec_with(16), values, 8, 16, 8)
    assert not asyncio.run(store.exists("g/x/c/0/0"))
    assert {place[0] for place in shard(store, spec_with(16), (0, 1))} == {1, 2}
    np.testing.assert_array_equal(as_zarr_reads_it(store)[...], values)


def test_a_small_window_reads_a_small_part_of_a_shard():
    store = CountingStore()
    spec = ArraySpec(
        "g/x", "float32", (4096, 64), (256, 8), ("row", "iteration"), "x", shards=(4096, 64)
    )
    values = np.random.default_rng(0).standard_normal((4096, 64)).astype(np.float32)
    create_arrays(store, {}, [spec])
    writer = ChunkWriter(store)
    writer.write(spec, (0, 0), values)
    writer.flush()
    store.read_bytes = 0
    found = read_region(store, spec, (slice(300, 400), slice(0, 64)))
    np.testing.assert_array_equal(found, values[300:400])
    assert store.read_bytes < values.nbytes / 10


@pytest.mark.parametrize("harm", ["flipped", "cut off", "cut to nothing"])
def test_a_damaged_index_is_named(harm):
    store, spec = MemoryStore(), spec_with(8)
    create_arrays(store, {}, [spec])
    write_block(store, spec, matrix(8), 0, 8, 8)
    key = spec.key((1, 0))
    data = bytearray(store._store_dict[key].to_bytes())
    if harm == "flipped":
        data[-10] ^= 1
    else:
        del data[10 if harm == "cut to nothing" else -3 :]
    sync(store.set(key, Buffer.from_bytes(bytes(data))))
    for window in [(slice(0, ROWS), slice(0, 8)), (slice(30, 31), slice(0, 1))]:
        with pytest.raises(StoreError, match=r"g/x/c/1/0: the index of this shard .* is damaged"):
            read_region(store, spec, window)
    writer = ChunkWriter(store)
    writer.write(spec_with(9), (24, 7), matrix(8)[24:48, 7:])
    with pytest.raises(StoreError, match="process its log into another store"):
        writer.flush()


def layout_of(size, split):
    return NetworkLayout.of([Parameter("w", (size,), "F32")], split)


def test_a_large_network_has_shards_of_megabytes_and_few_of_them():
    layout = layout_of(2_400_000, 2**22)
    finest, coarsest = layout.levels[0], layout.levels[-1]
    assert (finest.chunk_rows, finest.shard_rows) == (4096, 32 * 4096)
    assert finest.columns(64) == (8, 8)
    assert coarsest.columns(64) == (64, 64)


@given(st.integers(1, 10**9), st.sampled_from([2**16, 2**20, 2**22]), st.integers(4, 1024))
def test_shards_hold_whole_chunks_and_blocks_whole_shards(size, split, per_block):
    for level in layout_of(size, split).levels:
        chunk, shard_columns = level.columns(per_block)
        assert level.shard_rows % level.chunk_rows == 0
        assert shard_columns % chunk == 0
        assert per_block % shard_columns == 0


def test_a_prime_number_of_columns_makes_no_slivers():
    assert LevelLayout(16, 10**6, 4096, 65536).columns(61) == (61, 61)


def test_icechunk_gives_parts_of_shards(tmp_path):
    spec, values = spec_with(21), matrix(21)
    with open_writer(str(tmp_path / "s")) as writer:
        store = writer.session.store
        create_arrays(store, {}, [spec])
        write_block(store, spec, values, 0, 21, 8)
        found = read_region(store, spec, (slice(30, 31), slice(10, 12)))
        np.testing.assert_array_equal(found, values[30:31, 10:12])
        np.testing.assert_array_equal(as_zarr_reads_it(store)[...], values)


def shard(store, spec, place):
    """Chunks of a shard as they are stored, by their place in it."""
    data = store._store_dict[spec.key(place)].to_bytes()
    index = read_index(spec, "", data[-index_bytes(spec.grid) :])
    return {
        inner: data[int(index[inner][0]) : int(index[inner].sum())]
        for inner in np.ndindex(*spec.grid)
        if index[inner][0] != 2**64 - 1
    }
