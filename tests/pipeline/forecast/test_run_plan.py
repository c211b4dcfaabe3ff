"""A forecast's numbers against what a real run then reads, writes and holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from distributed import LocalCluster
from logs import LogWriter

from deeptracker.errors import ConfigError, StoreError
from deeptracker.pipeline import plan, process
from deeptracker.pipeline import processing as processing_module
from deeptracker.pipeline.clusters import LocalSettings
from deeptracker.pipeline.config import Config

SHAPES = {
    "stem.weight": (64, 3, 7, 7),
    "stem.bias": (64,),
    "body.0.weight": (256, 128, 3, 3),
    "body.1.weight": (128, 256, 1, 1),
    "head.weight": (500, 512),
    "head.bias": (500,),
}
WEIGHTS = sum(size for size in (64 * 3 * 49, 64, 256 * 128 * 9, 128 * 256, 500 * 512, 500))
CONFIG = Config(columns_per_chunk=8)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
        memory_limit="3GiB", dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        yield cluster


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log"
    return LogWriter(path, shapes=SHAPES, images=200, gradients=True).iterations(range(0, 100, 5))


@pytest.fixture(scope="module")
def first(writer, cluster, tmp_path_factory):
    """A forecast, and the run that follows it."""
    folder = tmp_path_factory.mktemp("run")
    options = {"config": CONFIG, "scheduler": cluster.scheduler_address}
    forecast = plan(writer.path, folder / "store", **options)
    assert not (folder / "store").exists()
    summary = process(writer.path, folder / "store", task_log=folder / "tasks", **options)
    lines = [json.loads(line) for line in (folder / "tasks").read_text().splitlines()]
    return forecast, summary, lines, folder / "store"


def files_of(store):
    return [file for file in Path(store).rglob("*") if file.is_file()]


def test_it_reads_what_was_said(first):
    forecast, summary, _, _ = first
    assert (forecast.action, forecast.snapshots, forecast.weights) == ("create", 20, WEIGHTS)
    outcomes = 20 * 200 * (4 + 4)
    assert forecast.read_bytes == summary.nbytes + outcomes


def test_it_runs_as_many_tasks_as_were_said(first):
    forecast, _, lines, _ = first
    assert forecast.tasks == sum(line["event"] == "ended" for line in lines)


def test_it_writes_about_what_was_said(first):
    forecast, _, _, store = first
    written = sum(file.stat().st_size for file in files_of(store))
    assert 0.6 < forecast.written_bytes / written < 1.6
    assert 0.7 < forecast.objects / len(files_of(store)) < 1.4


def test_its_workers_hold_no_more_than_was_said(first):
    forecast, _, lines, _ = first
    held = max(line["memory_bytes"] for line in lines if line["event"] == "ended")
    assert held < forecast.worker_bytes < 3 * held


def test_an_existing_scheduler_is_asked_for_its_workers(first):
    forecast, _, _, _ = first
    assert (forecast.workers, forecast.threads, forecast.worker_limit) == (2, 1, 3 * 2**30)


def test_a_run_is_foreseen_without_reading_a_weight(writer, tmp_path):
    def bytes_read():
        lines = Path("/proc/self/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("rchar"))

    before = bytes_read()
    forecast = plan(writer.path, tmp_path / "store", config=CONFIG, workers=1)
    assert forecast.read_bytes > 80e6
    assert bytes_read() - before < 0.02 * forecast.read_bytes


def test_only_what_is_new_is_foreseen_where_there_is_a_store(first, writer, cluster):
    store = first[3]
    options = {"config": CONFIG, "scheduler": cluster.scheduler_address}
    nothing = plan(writer.path, store, **options)
    assert (nothing.action, nothing.iterations, nothing.read_bytes, nothing.tasks) == (
        "nothing",
        0,
        0,
        0,
    )
    writer.scalars(96)
    assert "new scalars only" in plan(writer.path, store, **options).text()
    snapshot = writer.path / "snapshots" / "000000000.safetensors"
    kept = snapshot.rename(writer.path.with_name("kept"))
    assert "snapshots of iteration 0 were removed" in plan(writer.path, store, **options).text()
    kept.rename(snapshot)
    writer.iterations([100, 105])
    forecast = plan(writer.path, store, **options)
    assert (forecast.action, forecast.snapshots, forecast.iterations) == ("append", 2, 2)
    summary = process(writer.path, store, **options)
    assert forecast.read_bytes == summary.nbytes + 2 * 200 * 8
    assert forecast.read_bytes < 0.2 * first[0].read_bytes


def test_the_rate_is_given_measured_or_assumed(writer, cluster, tmp_path, monkeypatch):
    options = {"config": CONFIG, "scheduler": cluster.scheduler_address}
    assumed = plan(writer.path, tmp_path / "store", **options)
    assert "assumed" in assumed.rate_origin
    given = plan(writer.path, tmp_path / "store", rate=assumed.bytes_per_second / 10, **options)
    assert given.rate_origin == "as given"
    assert given.seconds > assumed.seconds
    monkeypatch.setattr(processing_module, "MIN_RATE_SECONDS", 0.0)
    process(writer.path, tmp_path / "store", **options)
    writer.iterations([200])
    measured = plan(writer.path, tmp_path / "store", **options)
    assert "measured by the last run" in measured.rate_origin
    assert measured.bytes_per_second > 0


class TestRefusals:
    """What cannot fit is refused before anything is written, with both numbers."""

    def test_a_worker_with_too_little_memory(self, writer, tmp_path):
        small = CONFIG.model_copy(update={"cluster": LocalSettings(workers=1, memory="300MiB")})
        forecast = plan(writer.path, tmp_path / "store", config=small)
        usable = int(300 * 2**20 * 0.95)
        expected = f"may hold {usable:,} bytes, less than the {forecast.worker_bytes:,} bytes"
        with pytest.raises(ConfigError, match=expected):
            process(writer.path, tmp_path / "store", config=small)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
    def test_a_disk_with_too_little_room(self, writer, tmp_path):
        disk = tmp_path / "disk"
        disk.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "deeptracker-test", disk], check=True
        )
        try:
            with pytest.raises(StoreError, match=r"has 2,097,152 bytes free, less than the \d"):
                process(writer.path, disk / "store", config=CONFIG, workers=1)
            assert list(disk.iterdir()) == []
        finally:
            subprocess.run(["umount", disk], check=True)


class TestTheCommand:
    """`deeptracker plan`, as a person types it."""

    def run(self, *arguments):
        command = [sys.executable, "-m", "deeptracker.cli", "plan", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_it_tells_what_a_run_would_do(self, writer, tmp_path):
        told = self.run(writer.path, "--store", tmp_path / "store", "--workers", "3")
        assert told.returncode == 0, told.stderr
        assert f"{WEIGHTS:,} weights" in told.stdout
        assert "3 workers with 1 thread each" in told.stdout
        assert not (tmp_path / "store").exists()

    def test_of_few_bytes_it_tells_the_threads_that_process_takes(self, writer, tmp_path):
        told = self.run(writer.path, "--store", tmp_path / "store", "--json")
        found = json.loads(told.stdout)
        assert (found["workers"], found["threads"]) == (1, os.cpu_count())
        told = self.run(writer.path, "--store", tmp_path / "store")
        assert "1 worker with " in told.stdout
        assert " each" not in told.stdout

    def test_as_json_it_has_every_number(self, writer, tmp_path):
        told = self.run(writer.path, "--store", tmp_path / "store", "--rate", "2", "--json")
        found = json.loads(told.stdout)
        assert found["bytes_per_second"] == 2e9
        assert found["written_bytes"] > found["objects"] > found["tasks"] > 0

    def test_what_does_not_fit_ends_with_one_line_and_code_one(self, writer, tmp_path):
        config = tmp_path / "small.yaml"
        config.write_text("cluster: {workers: 1, memory: 300MiB}\n")
        told = self.run(writer.path, "--store", tmp_path / "store", "--config", config)
        assert told.returncode == 1
        assert "a worker may hold" in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1


def test_many_small_parameters_are_foreseen_to_take_as_long_as_their_bytes(tmp_path, cluster):
    def foreseen(parameters):
        shape = (2**16 // parameters // 64, 64)
        shapes = {f"layer{number}.weight": shape for number in range(parameters)}
        writer = LogWriter(tmp_path / str(parameters), shapes=shapes).iterations([0, 100])
        scheduler = cluster.scheduler_address
        return plan(writer.path, tmp_path / "store", config=CONFIG, scheduler=scheduler)

    one, many = foreseen(1), foreseen(256)
    assert one.read_bytes == many.read_bytes
    assert many.seconds == pytest.approx(one.seconds, abs=0.1)
