"""Tiles that the kernel reads from files: what is read is measured, and an error names the file."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import LogError
from deeptracker.pipeline import process
from deeptracker.pipeline.kernels.measuring.node_table import NodeTable
from deeptracker.pipeline.kernels.measuring.parts_pass import PartsPass, TileRooms
from deeptracker.pipeline.kernels.measuring.pieces import PartTable, PieceTable
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.sources import open_source, tensor_reading, tile_reading
from deeptracker.pipeline.sources.manifest import ITEM_BYTES
from deeptracker.pipeline.sources.tensor_reading import LocalFiles
from deeptracker.pipeline.sources.tile_spans import TileSpans
from deeptracker.pipeline.tasks import measure_block

SIZE = 150_000  # three tiles, the last of them shorter


class Measuring:
    """A pass over a tensor at several snapshots, and what it reads."""

    def __init__(self, refs):
        self.refs = refs
        item = ITEM_BYTES[refs[0].dtype]
        every = (0, refs[0].size, refs[0].size, 500, 0, 2, refs[0].dtype)
        parts = PartTable(*(np.array([value]) for value in every))
        table = NodeTable.of(np.array([0]), np.array([-1]))
        self.counts = table.counts(len(refs), (0.5,), np.array([True]))
        self.pieces = PieceTable.of(parts, table.closes)
        present = np.array([[False, *(True for _ in refs)]])
        pyramid = Pyramid((16, 64), (4096, 4096), 0, refs[0].size, len(refs))
        self.measure = PartsPass(
            parts, self.pieces, present, (0.0, 0.01, 0.05, 0.1), pyramid, self.counts, TileRooms()
        )
        count = len(self.pieces.part)
        offsets = np.array([0, *(ref.offset for ref in refs)])
        file = np.tile([-1, *range(len(refs))], (count, 1))
        first = offsets + self.pieces.start[:, None] * item
        nbytes = (self.pieces.stop - self.pieces.start) * item
        self.spans = TileSpans.of(self.pieces.group, file, first, nbytes, item)

    def group(self, number):
        """A tile's pieces, and what is read for them."""
        group = self.pieces.groups[number]
        return group, self.spans.group(number, group.pieces)

    def feed(self, number, first, ready):
        """Feed what is ready of a tile, from a snapshot on; the first is that before the block."""
        group, spans = self.group(number)
        given, starts, some = ready
        columns = range(first - 1, first - 1 + len(given))
        return self.measure.feed(group, columns, given, (starts, some), spans.places, spans.nbytes)

    def found(self):
        result = self.measure.finish()
        return result.filters.sums[:-1], result.moments.change_counts, self.counts.coarse


@contextmanager
def tiles_of(refs):
    with tile_reading.tile_reading([ref.path for ref in refs], None, []) as tiles:
        yield tiles


def from_memory(refs):
    one = Measuring(refs)
    with LocalFiles() as files:
        tiles = tile_reading._ReadTiles(files, [ref.path for ref in refs], None)
        for number in range(len(one.pieces.groups)):
            for snapshot in range(1 + len(refs)):
                assert one.feed(number, snapshot, tiles.ready(one.group(number)[1], snapshot)) == 1
    return one.found()


def from_files(refs, tiles):
    one = Measuring(refs)
    for number in range(len(one.pieces.groups)):
        assert one.feed(number, 0, tiles.ready(one.group(number)[1], 0)) == 1 + len(refs)
    return one.found()


def written(folder, values, dtype):
    """Snapshots of one tensor each; its bytes begin where no item would."""
    for step, row in enumerate(values):
        tensor = {"dtype": dtype, "shape": row.shape, "data_offsets": [0, row.nbytes]}
        header = json.dumps({"w": tensor}).encode()
        header += b" " * (3 - len(header) % 8)
        path = folder / f"step-{step}.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header + row.tobytes())
    source = open_source(folder)
    refs = [source.locate("w", step) for step in range(len(values))]
    assert all(ref.offset % 2 for ref in refs)
    return refs


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_what_the_kernel_reads_is_what_a_read_gives(tmp_path, dtype):
    import ml_dtypes

    kind = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": ml_dtypes.bfloat16}[dtype]
    values = np.random.default_rng(1).standard_normal((4, SIZE)).astype(kind)
    refs = written(tmp_path, values, dtype)
    with tiles_of(refs) as tiles:
        for ours, expected in zip(from_files(refs, tiles), from_memory(refs), strict=True):
            np.testing.assert_array_equal(ours, expected)


@pytest.fixture
def refs(tmp_path):
    values = np.random.default_rng(0).standard_normal((4, SIZE), dtype=np.float32)
    return written(tmp_path, values, "F32")


@pytest.mark.parametrize("left", [0, 5000, 4 * SIZE - 4])
def test_a_file_that_ends_before_stops_the_kernel_there_and_is_named(refs, left):
    os.truncate(refs[2].path, left)
    one = Measuring(refs)
    # All of the tile that is cut off, and of those behind it.
    last = len(one.pieces.groups) - 1
    _, spans = one.group(last)
    with tiles_of(refs) as tiles:
        assert one.feed(last, 0, tiles.ready(spans, 0)) == 3
        with pytest.raises(LogError, match=r"step-2.safetensors: ended while it was read"):
            tiles.read(spans, 3)
        assert one.feed(last, 4, tiles.ready(spans, 4)) == 1


def test_a_file_that_is_gone_is_an_error(refs):
    Path(refs[1].path).unlink()
    _, spans = Measuring(refs).group(0)
    with tiles_of(refs) as tiles, pytest.raises(LogError, match=r"step-1.* could not be read"):
        tiles.ready(spans, 0)


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", gradients=True).iterations(range(7))


@pytest.fixture
def expected(log, tmp_path, scheduler):
    process(log.path, tmp_path / "expected", scheduler=scheduler)
    return tmp_path / "expected"


def test_more_files_than_may_be_open_at_once_can_be_read(
    log, tmp_path, expected, scheduler, monkeypatch
):
    monkeypatch.setattr(tensor_reading, "MOST_OPEN_FILES", 3)
    monkeypatch.setattr(tile_reading, "MOST_OPEN_FILES", 3)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert_equal(tmp_path / "store", expected)


def test_files_that_are_open_from_another_part_stay_open_while_they_are_read(
    tmp_path, scheduler, monkeypatch
):
    log = LogWriter(tmp_path / "log")
    for iteration in range(7):
        log.gradients = iteration % 3 == 0
        log.iteration(iteration)
    process(log.path, tmp_path / "expected", scheduler=scheduler)
    monkeypatch.setattr(tensor_reading, "MOST_OPEN_FILES", 3)
    monkeypatch.setattr(tile_reading, "MOST_OPEN_FILES", 3)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert_equal(tmp_path / "store", tmp_path / "expected")


def test_what_the_kernel_could_not_read_is_read_once_more(
    log, tmp_path, expected, scheduler, monkeypatch
):
    class Interrupted(tile_reading._FileTiles):
        """As if the system broke off every third read."""

        calls = 0

        def ready(self, spans, first):
            given, starts, found = super().ready(spans, first)
            Interrupted.calls += 1
            found[Interrupted.calls % 3 :: 3, 0] = 10**6
            return given, starts, found

    monkeypatch.setattr(tile_reading, "_FileTiles", Interrupted)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert Interrupted.calls > 10
    assert_equal(tmp_path / "store", expected)


def test_a_store_is_the_same_whether_the_kernel_reads_or_is_given_what_was_fetched(
    log, tmp_path, expected, scheduler, monkeypatch
):
    @contextmanager
    def fetched(paths, access, planned):
        with LocalFiles() as files:
            yield tile_reading._ReadTiles(files, paths, access)

    monkeypatch.setattr(measure_block, "tile_reading", fetched)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert_equal(tmp_path / "store", expected)


def test_a_snapshot_cut_short_between_the_plan_and_the_task_is_named(
    log, tmp_path, monkeypatch, scheduler
):
    path = log.path / "snapshots" / "000000003.safetensors"

    def cut_first(paths, access, planned):
        os.truncate(path, 2000)
        return tile_reading.tile_reading(paths, access, planned)

    monkeypatch.setattr(measure_block, "tile_reading", cut_first)
    with pytest.raises(LogError, match=r"000000003.safetensors: ended while it was read"):
        process(log.path, tmp_path / "store", scheduler=scheduler)
