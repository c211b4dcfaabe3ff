"""Fixtures that every room's tests share: the shipped log, and its store, processed once."""

import os
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import settings
from objectstorage import CREDENTIALS, Bucket, Proxy, s3_server
from objectstore.ceph import ceph_server

SERVER = "DEEPTRACKER_TEST_S3"  # the S3 server that tests run against: moto, or ceph
DIGITS = Path(__file__).parents[1] / "examples" / "digits"

SHOWN = ("panel", "bokeh", "holoviews", "datashader", "numpy", "zarr", "icechunk", "xarray", "dask")

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_report_header():
    """Say what the tests ran with."""
    return ", ".join(f"{name} {version(name)}" for name in SHOWN)


@pytest.fixture(scope="session")
def digits_log() -> Path:
    """The shipped training log; copy it before changing it."""
    return DIGITS


@pytest.fixture(scope="session")
def digits_store(tmp_path_factory, digits_log) -> Path:
    """The shipped log's store, made once; tests read it only."""
    from deeptracker.pipeline import process

    store = tmp_path_factory.mktemp("stores") / "digits.dtstore"
    process(digits_log, store, workers=1)
    return store


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory):
    """A real S3 server in processes of its own: moto's, or Ceph's where the environment says so."""
    server = ceph_server if os.environ.get(SERVER) == "ceph" else s3_server
    with server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def bucket(s3_endpoint, monkeypatch):
    """An empty bucket, with everything that reaches it in the environment, as a user sets it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    return Bucket(s3_endpoint)


@pytest.fixture
def proxy(s3_endpoint, bucket, monkeypatch):
    """A proxy before the server, which the environment names instead of it."""
    proxy = Proxy(s3_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.close()
