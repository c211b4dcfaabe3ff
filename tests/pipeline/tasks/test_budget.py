"""Memory is bounded by the budget of a task, whatever the size of a tensor."""

import json

import numpy as np
import pytest
from distributed import LocalCluster
from logs import LogWriter
from stores import assert_equal

from deeptracker.pipeline import plan, process
from deeptracker.pipeline.clusters import LocalSettings
from deeptracker.pipeline.config import Config
from deeptracker.record.tensor_file import write_tensors

MIB = 2**20
ONE = LocalSettings(workers=1, processes=True)
SMALL = Config(columns_per_chunk=4, block_bytes=128 * MIB, cluster=ONE)
LARGE = Config(columns_per_chunk=4, block_bytes=1024 * MIB)
# 160 MB a snapshot in one tensor; its filters of 1,000 weights do not begin where parts do.
ROWS, WIDTH = 40_000, 1000


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    log = LogWriter(tmp_path_factory.mktemp("log") / "log", images=20)
    weights = np.random.default_rng(0).standard_normal((ROWS, WIDTH), np.float32)
    (log.path / "snapshots").mkdir()
    for iteration in (0, 10, 20):
        weights *= 1.01
        tensors = {"embedding.weight": weights, "head.weight": weights[:10, :40].copy()}
        write_tensors(log.path / "snapshots" / f"{iteration}.safetensors", tensors)
        log.outcomes(iteration)
    return log.path


def most_memory(tasks):
    lines = [json.loads(line) for line in tasks.read_text().splitlines()]
    return max(line["memory_bytes"] for line in lines if line["event"] == "ended")


@pytest.mark.slow
def test_a_tensor_larger_than_the_budget_is_measured_in_parts_within_it(log, tmp_path):
    tiny = LogWriter(tmp_path / "tiny", images=20).iterations([0, 10, 20]).path
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, silence_logs=50,
    ) as cluster:  # fmt: skip

        def held(source, store):
            process(
                source, store, config=SMALL, scheduler=cluster.scheduler_address,
                task_log=tmp_path / f"{store.name}.jsonl",
            )  # fmt: skip
            return most_memory(tmp_path / f"{store.name}.jsonl")

        alone = held(tiny, tmp_path / "of-tiny")  # libraries, kernels and next to no weights
        whole = held(log, tmp_path / "store")
    assert whole - alone <= SMALL.block_bytes
    tasks = [json.loads(line) for line in (tmp_path / "store.jsonl").read_text().splitlines()]
    parts = [line for line in tasks if line["task"] == "measure"]
    assert len(parts) > 1
    assert all(line["bytes"] < 3 * 160e6 for line in parts)
    foreseen = plan(log, tmp_path / "never", config=SMALL)
    assert whole <= foreseen.worker_bytes
    process(log, tmp_path / "at-once", config=LARGE, workers=1)
    assert_equal(tmp_path / "store", tmp_path / "at-once")
