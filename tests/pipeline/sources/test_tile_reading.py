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
from deeptracker.pipeline.kernels.measuring.range_levels import Pyramid
from deeptracker.pipeline.kernels.measuring.tensor_pass import TensorPass
from deeptracker.pipeline.sources import open_source, read_values, tensor_reading, tile_reading
from deeptracker.pipeline.sources.read_ahead import Request
from deeptracker.pipeline.sources.tile_reading import in_memory
from deeptracker.pipeline.tasks import measure_block

SIZE = 150_000  # three tiles, the last of them shorter


@contextmanager
def tiles_of(refs):
    with tile_reading.tile_reading([Request(ref, 0, ref.size) for ref in refs]) as tiles:
        yield tiles


def measured(refs, feed):
    """The sums of a pass that is fed by a function of (pass, columns, start, stop)."""
    measure = TensorPass(
        dtype=refs[0].dtype,
        start=0,
        stop=refs[0].size,
        size=refs[0].size,
        filter_size=500,
        columns=len(refs),
        thresholds=(0.0, 0.01, 0.05, 0.1),
        filters=True,
        pyramid=Pyramid((16, 64), (4096, 4096), 0, refs[0].size, len(refs)),
        address=0,
        levels=2,
    )
    for start, stop in measure.tiles():
        assert feed(measure, list(range(len(refs))), start, stop) == len(refs)
    found = measure.finish()
    return found.filters.lines, found.moments.change_counts, found.histogram.counts


def from_memory(refs):
    def feed(measure, columns, start, stop):
        raw = [read_values(ref, start, stop) for ref in refs]
        return measure.feed(columns, np.concatenate([in_memory(values) for values in raw]))

    return measured(refs, feed)


def from_files(refs, tiles):
    def feed(measure, columns, start, stop):
        return measure.feed(columns, tiles.places(refs, start, stop))

    return measured(refs, feed)


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
    measure = TensorPass(
        dtype="F32",
        start=0,
        stop=SIZE,
        size=SIZE,
        filter_size=500,
        columns=4,
        thresholds=(0.0,),
        filters=False,
        pyramid=Pyramid((16,), (4096,), 0, SIZE, 4),
        address=0,
        levels=1,
    )
    with tiles_of(refs) as tiles:
        # All of the tile that is cut off, and of those behind it.
        *_, (start, stop) = measure.tiles()
        assert measure.feed([0, 1, 2, 3], tiles.places(refs, start, stop)) == 2
        with pytest.raises(LogError, match=r"step-2.safetensors: ended while it was read"):
            tiles.read(refs[2], start, stop)
        assert measure.feed([3], tiles.places(refs[3:], start, stop)) == 1


def test_a_file_that_is_gone_is_an_error(refs):
    Path(refs[1].path).unlink()
    with tiles_of(refs) as tiles, pytest.raises(LogError, match=r"step-1.* could not be read"):
        tiles.places(refs, 0, 10)


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

        def places(self, refs, start, stop):
            found = super().places(refs, start, stop)
            Interrupted.calls += 1
            found[Interrupted.calls % 3 :: 3, 0] = 10**6
            return found

    monkeypatch.setattr(tile_reading, "_FileTiles", Interrupted)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert Interrupted.calls > 10
    assert_equal(tmp_path / "store", expected)


def test_a_store_is_the_same_whether_the_kernel_reads_or_is_given_what_was_fetched(
    log, tmp_path, expected, scheduler, monkeypatch
):
    @contextmanager
    def fetched(requests):
        with tensor_reading.reading(requests) as read:
            yield tile_reading._ReadTiles(read)

    monkeypatch.setattr(measure_block, "tile_reading", fetched)
    process(log.path, tmp_path / "store", scheduler=scheduler)
    assert_equal(tmp_path / "store", expected)


def test_a_snapshot_cut_short_between_the_plan_and_the_task_is_named(
    log, tmp_path, monkeypatch, scheduler
):
    path = log.path / "snapshots" / "000000003.safetensors"

    def cut_first(requests):
        os.truncate(path, 2000)
        return tile_reading.tile_reading(requests)

    monkeypatch.setattr(measure_block, "tile_reading", cut_first)
    with pytest.raises(LogError, match=r"000000003.safetensors: ended while it was read"):
        process(log.path, tmp_path / "store", scheduler=scheduler)
