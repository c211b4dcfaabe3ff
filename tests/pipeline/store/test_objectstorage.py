"""Logs and stores in buckets of a real S3 server: the same values as on disk, whatever it does."""

import itertools
import os
import shutil
import socket

import numpy as np
import obstore
import pytest
import zarr
from distributed import LocalCluster
from logs import LogWriter
from stores import assert_equal

from deeptracker.errors import ConfigError, LogError, StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.running.progress import SilentProgress
from deeptracker.pipeline.sources import open_source, read_values
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.tensor_reading import reading
from deeptracker.pipeline.store.repository import open_repository
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION, open_writer

CONFIG = Config(columns_per_chunk=4)
IMPATIENT = Config(columns_per_chunk=4, storage=StorageConfig(tries=2, timeout_seconds=5))


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log") / "log"
    return LogWriter(folder, images=30, gradients=True).iterations(range(0, 40, 5))


@pytest.fixture
def tiny(tmp_path):
    shapes = {"a.weight": (6, 5, 4), "b.weight": (300, 70)}
    return LogWriter(tmp_path / "tiny", shapes=shapes, images=20).iterations([0, 10, 20, 30])


@pytest.fixture(scope="module")
def scheduler():
    """Workers in this process, so that they share its environment."""
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def on_disk(log, scheduler, tmp_path_factory):
    path = tmp_path_factory.mktemp("on_disk") / "store"
    process(log.path, path, config=CONFIG, scheduler=scheduler)
    return path


def test_log_and_store_in_a_bucket_give_what_they_give_on_disk(log, on_disk, bucket):
    place = bucket.upload(log.path, "runs/small")
    summary = process(place, config=CONFIG, workers=2)
    assert summary.store == bucket.url("runs/small.dtstore")
    assert summary.problems == ()
    assert_equal(summary.store, on_disk)
    assert not [key for key in bucket.listed() if key.endswith(".lock")]


def test_a_rerun_appends_what_was_uploaded_since(
    log, on_disk, bucket, scheduler, tmp_path, monkeypatch
):
    small = tmp_path / "log"
    shutil.copytree(log.path, small)
    late = sorted((small / "snapshots").iterdir())[5:] + sorted((small / "outcomes").iterdir())[5:]
    for path in late:
        path.unlink()
    place = bucket.upload(small, "log")
    store = bucket.url("store")
    # The config alone says where the server is, to the workers too.
    settings = StorageConfig(endpoint_url=bucket.endpoint, allow_http=True, region="eu-west-1")
    config = CONFIG.model_copy(update={"storage": settings})
    with monkeypatch.context() as bare:
        bare.delenv("AWS_ENDPOINT_URL")
        bare.delenv("AWS_ALLOW_HTTP")
        assert process(place, store, config=config, scheduler=scheduler).snapshots == 5
        assert process(place, store, config=config, scheduler=scheduler).action == "unchanged"
        bucket.upload(log.path, "log")
        summary = process(place, store, config=config, scheduler=scheduler)
    assert (summary.action, summary.snapshots) == ("appended", 3)
    assert_equal(store, on_disk)


def test_checkpoints_in_a_bucket_are_a_source_too(log, bucket):
    place = bucket.upload(log.path / "snapshots", "some/checkpoints")
    source = open_source(place)
    assert source.network == "checkpoints"
    assert source.iterations == tuple(range(0, 40, 5))
    values = read_values(source.locate("stem.weight", 15))
    np.testing.assert_array_equal(values, log.values(15)["stem.weight"].ravel())


def test_neighbouring_tensors_come_with_one_request_and_in_any_order(log, bucket, proxy):
    source = open_source(bucket.upload(log.path, "log"))
    names = list(log.shapes)
    refs = [source.locate(name, iteration) for name in names for iteration in source.iterations]
    proxy.passed.clear()
    with reading([Request.of(ref, 0, ref.size) for ref in refs]) as read:
        for ref in reversed(refs):
            found = read(ref, 0, ref.size, np.empty(ref.size, np.float32))
            np.testing.assert_array_equal(found, read_values(ref))
            iteration = int(ref.path.split("/")[-1].removesuffix(".safetensors"))
            [name] = [n for n in names if source.locate(n, iteration).offset == ref.offset]
            np.testing.assert_array_equal(found, log.values(iteration)[name].ravel())
    ahead = len(proxy.passed) - len(refs)  # every range was read once more by itself
    assert ahead == len(source.iterations)


def test_a_large_tensor_is_fetched_in_pieces(bucket, proxy, monkeypatch, tmp_path):
    from deeptracker.pipeline.sources import read_ahead

    monkeypatch.setattr(read_ahead, "LARGEST_PIECE", 10_000)
    monkeypatch.setattr(read_ahead, "WINDOW_BYTES", 50_000)
    log = LogWriter(tmp_path / "log", shapes={"w": (200, 300)}, images=4).iterations([0, 1])
    source = open_source(bucket.upload(log.path, "log"))
    ref = source.locate("w", 1)
    proxy.passed.clear()
    np.testing.assert_array_equal(read_values(ref, 7, 59_000), log.values(1)["w"].ravel()[7:59_000])
    assert len(proxy.passed) == 24


def test_a_truncated_object_is_named_and_left_out(log, bucket, scheduler):
    place = bucket.upload(log.path, "log")
    key = "log/snapshots/000000015.safetensors"
    whole = obstore.get(bucket.store, key).bytes().to_bytes()
    obstore.put(bucket.store, key, whole[:-9])
    summary = process(place, bucket.url("store"), config=CONFIG, scheduler=scheduler)
    assert summary.snapshots == 7
    [problem] = summary.problems
    assert problem.startswith(bucket.url(key))
    assert "truncated" in problem


def test_an_object_that_shrinks_while_it_is_read_is_one_error(log, bucket):
    source = open_source(bucket.upload(log.path, "log"))
    key = "log/snapshots/000000015.safetensors"
    ref = source.locate("head.weight", 15)
    whole = obstore.get(bucket.store, key).bytes().to_bytes()
    for length in (ref.offset + 100, ref.offset - 8):
        obstore.put(bucket.store, key, whole[:length])
        with pytest.raises(LogError, match="ended while it was read") as caught:
            read_values(ref)
        assert bucket.url(key) in str(caught.value)
    obstore.delete(bucket.store, key)
    with pytest.raises(LogError, match="is gone"):
        read_values(ref)


def test_an_object_replaced_while_it_is_processed_ends_the_run(tiny, bucket, scheduler):
    place = bucket.upload(tiny.path, "log")
    key = "log/snapshots/000000010.safetensors"
    other = obstore.get(bucket.store, key.replace("10.", "20.")).bytes().to_bytes()

    class Meanwhile(SilentProgress):
        def stage(self, name):
            if name == "measuring":
                obstore.put(bucket.store, key, other)

    options = {"config": CONFIG, "scheduler": scheduler}
    with pytest.raises(LogError, match="was rewritten") as caught:
        process(place, bucket.url("store"), progress=Meanwhile(), **options)
    assert str(caught.value).startswith(bucket.url(key))
    assert process(place, bucket.url("store"), **options).action == "created"


@pytest.mark.slow
def test_a_server_that_fails_for_a_while_costs_time_only(tiny, bucket, proxy, scheduler, tmp_path):
    place = bucket.upload(tiny.path, "log")
    turn = itertools.count()
    # Every third request of any kind fails, one way or the other.
    proxy.refuse = lambda method, path, headers: [None, None, 503, None, None, 500][next(turn) % 6]
    process(place, bucket.url("store"), config=CONFIG, scheduler=scheduler)
    assert proxy.refused > 20
    proxy.refuse = lambda method, path, headers: None
    process(tiny.path, tmp_path / "store", config=CONFIG, scheduler=scheduler)
    assert_equal(bucket.url("store"), tmp_path / "store")


@pytest.mark.slow
def test_a_server_that_goes_on_failing_is_named_and_what_was_committed_stays(
    tiny, bucket, proxy, scheduler, tmp_path
):
    place, store = bucket.upload(tiny.path, "log"), bucket.url("store")
    committed = process(place, store, config=CONFIG, scheduler=scheduler).commit
    tiny.iterations([40, 50])
    bucket.upload(tiny.path, "log")
    written = []

    def fail_once_it_writes(method, path, headers):
        if method == "PUT" and "/chunks/" in path:
            written.append(path)
        return 503 if written and "store" in path else None

    proxy.refuse = fail_once_it_writes
    with pytest.raises(StoreError, match="503 Service Unavailable") as caught:
        process(place, store, config=IMPATIENT, scheduler=scheduler)
    assert written
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(store)
    assert "committed before is intact" in str(caught.value)
    proxy.refuse = lambda method, path, headers: 503 if "log" in path else None
    with pytest.raises(LogError, match="503 Service Unavailable"):
        process(place, store, config=IMPATIENT, scheduler=scheduler)
    proxy.refuse = lambda method, path, headers: None
    assert open_store(store).snapshot_id == committed
    # The lease that the failed run could not give back is known to be nobody's.
    process(place, store, config=CONFIG, scheduler=scheduler)
    process(tiny.path, tmp_path / "store", config=CONFIG, scheduler=scheduler)
    assert_equal(store, tmp_path / "store")


def test_a_reader_outlives_a_server_that_is_gone_for_a_while(bucket, proxy):
    def publish(value):
        with open_writer(bucket.url("store")) as writer:
            writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION, "value": value})
            writer.publish(f"value {value}")

    publish(0)
    reader = open_store(bucket.url("store"))
    assert not reader.refresh()
    publish(1)
    proxy.refuse = lambda method, path, headers: 503
    assert not reader.refresh()
    assert proxy.refused == 1
    proxy.refuse = lambda method, path, headers: None
    assert reader.root().attrs["value"] == 0
    assert reader.refresh()
    assert reader.root().attrs["value"] == 1
    proxy.passed.clear()
    assert not reader.refresh()
    assert len(proxy.passed) == 1


def test_a_second_writer_is_told_who_writes(bucket):
    store = bucket.url("store")
    me = f"written by process {os.getpid()} on {socket.gethostname()} since 20"
    with (
        open_writer(store),
        pytest.raises(StoreError, match=me),
        open_writer(store),
    ):
        pass
    with open_writer(store):
        pass


def test_a_silent_owners_lease_is_taken_over_and_its_run_publishes_nothing(bucket):
    store = bucket.url("store")
    with open_writer(store) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION, "value": 0})
        writer.publish("value 0")
    with pytest.raises(StoreError), open_writer(store) as old:  # noqa: PT012
        old.root().attrs.update({"value": 1})
        # What a machine that was suspended, or cut off, finds when it comes back.
        old._lock._ended.set()
        obstore.delete(bucket.store, ".store.lock")
        with open_writer(store) as new:
            new.root().attrs.update({"value": 2})
            new.publish("value 2")
        old.publish("value 1")
    reader = open_store(store)
    assert reader.root().attrs["value"] == 2
    assert reader.history() == ["value 2", "value 0"]


def test_of_two_runs_that_both_believe_to_write_one_is_refused(bucket):
    """Without any lease: the branch moves only from where a run found it."""
    store = bucket.url("store")
    with open_writer(store) as writer:
        writer.root().attrs.update({"deeptracker_schema": SCHEMA_VERSION, "value": 0})
        writer.publish("value 0")
    with open_writer(store) as slow:
        slow.root().attrs.update({"value": 1})
        repository = open_repository(store)
        session = repository.writable_session("main")
        zarr.open_group(session.store, mode="a").attrs.update({"value": 2})
        session.commit("value 2", metadata={"published": True})
        with pytest.raises(StoreError, match="another process has written it"):
            slow.publish("value 1")
    assert open_store(store).root().attrs["value"] == 2


@pytest.mark.parametrize(
    ("location", "error", "expected"),
    [
        ("s3://nonesuch/log", LogError, "no such bucket"),
        ("s3://{bucket}/nothing", LogError, "the prefix is empty"),
        ("s3:///log", ConfigError, "names no bucket"),
        ("gopher://host/log", ConfigError, "s3://BUCKET/PREFIX"),
    ],
)
def test_a_place_that_is_not_there_is_named(bucket, location, error, expected):
    location = location.format(bucket=bucket.name)
    with pytest.raises(error, match=expected) as caught:
        open_source(location)
    assert location in str(caught.value)


@pytest.mark.parametrize(
    ("location", "expected"),
    [("s3://nonesuch/store", "no such bucket"), ("s3://{bucket}/nothing", "is not a store")],
)
def test_a_store_that_is_not_there_is_named(bucket, location, expected):
    location = location.format(bucket=bucket.name)
    with pytest.raises(StoreError, match=expected) as caught:
        open_store(location)
    assert location in str(caught.value)


def test_an_unencrypted_endpoint_must_be_allowed(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(ConfigError, match="not encrypted"):
        open_source(bucket.url("log"))
    settings = StorageConfig(allow_http=True)
    with pytest.raises(LogError, match="the prefix is empty"):
        open_source(bucket.url("log"), storage=settings)


def test_settings_of_the_config_come_before_those_of_the_environment(bucket, log, monkeypatch):
    place = bucket.upload(log.path, "log")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings = StorageConfig(endpoint_url=bucket.endpoint)
    assert open_source(place, storage=settings).iterations == tuple(range(0, 40, 5))
    with pytest.raises(LogError, match="cannot be reached"):
        open_source(place, storage=StorageConfig(tries=1))
