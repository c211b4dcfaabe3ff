"""Every command reaches a bucket by a config file alone, but for the credentials."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import yaml
from logs import LogWriter

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import read_window
from deeptracker.errors import ConfigError, StoreError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config, load_config
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.record.tensor_file import write_tensors

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "deeptracker.cli"]
SHAPES = {"a.weight": (6, 40)}


@pytest.fixture
def log(tmp_path):
    return LogWriter(tmp_path / "log", shapes=SHAPES, images=20).iterations([0, 10, 20])


@pytest.fixture
def settings(bucket, monkeypatch, tmp_path):
    """The config file, once the environment says nothing of the server any more."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = tmp_path / "config.yaml"
    storage = {"endpoint_url": bucket.endpoint, "allow_http": True, "tries": 2}
    path.write_text(yaml.safe_dump({"storage": storage}), encoding="utf-8")
    return path


@pytest.fixture
def store(log, bucket, settings):
    """A store in a bucket, and behind it a log in the bucket."""
    return process(bucket.upload(log.path, "log"), config=load_config(settings)).store


def run(*arguments):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_info_and_compact_reach_a_bucket_by_the_config_alone(store, settings):
    found = run("info", store, "--config", str(settings), "--json")
    assert json.loads(found.stdout)["iterations"] == 3, found.stderr
    freed = run("compact", store, "--config", str(settings), "--grace-hours", "1", "--json")
    assert json.loads(freed.stdout)["kept"] == 1, freed.stderr


def test_a_config_that_is_wrong_is_named_by_every_command(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("storage: {endpoint: here}\n")
    for command in (["info"], ["compact"], ["serve", "--no-browser"]):
        ended = run(*command, "s3://runs/today.dtstore", "--config", str(wrong))
        assert ended.returncode == 1
        assert f"{wrong}: unknown key 'storage.endpoint'" in ended.stderr


def once_it_listens(address):
    deadline = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(address, timeout=60).read().decode()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.slow
def test_a_store_in_a_bucket_is_served_by_the_config_alone(store, settings):
    command = [*COMMAND, "serve", store, "--config", str(settings), "--port", "0", "--no-browser"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}
    )
    try:
        first = server.stdout.readline()
        address = next((word for word in first.split() if word.startswith("http://")), None)
        assert address, first + server.stdout.read()
        page = once_it_listens(address)
        assert "cannot be shown" not in page
        assert "docs_json" in page
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def test_single_weights_are_read_from_a_log_in_a_bucket_by_the_config_alone(store, log, settings):
    storage = load_config(settings).storage
    shown = read_window(Run(store, storage), "a.weight", (3, 9), (0, 3), height=400, width=400)
    assert (shown.level, shown.note) == (0, "")
    expected = [log.values(iteration)["a.weight"].ravel()[3:9] for iteration in (0, 10, 20)]
    np.testing.assert_array_equal(shown.values, np.transpose(expected))
    assert len(open_store(store, storage).history()) == 1
    with pytest.raises((StoreError, ConfigError)):
        Run(store)


def test_single_weights_are_found_in_checkpoints_that_the_config_has_a_pattern_for(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    values = np.random.default_rng(0).standard_normal((3, 5, 8)).astype(np.float32)
    for number in range(3):
        name = f"of-9-epoch-{number}-by-7.safetensors"
        write_tensors(folder / name, {"a.weight": values[number]})
    config = Config(source=SourceConfig(pattern=r"epoch-(\d+)"))
    store = process(folder, config=config).store
    shown = read_window(Run(store), "a.weight", (0, 8), (0, 3), height=400, width=400)
    assert (shown.level, shown.note) == (0, "")
    np.testing.assert_array_equal(shown.values, values[:, 0].T)
