"""Fixtures that every room's tests share: the shipped log, its store, a server of buckets.

Several processes may share the tests, a module at a time; this page orders the modules for them.
"""

import os
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import kept
import pytest
from hypothesis import settings
from lengths import IS_LONG, examples
from objectstorage import CREDENTIALS, Bucket, Proxy, s3_server
from objectstore.ceph import ceph_server

SERVER = "DEEPTRACKER_TEST_S3"  # the S3 server that tests run against: moto, or ceph
BROWSER = Path(__file__).parent / "browser"

SHOWN = ("panel", "bokeh", "holoviews", "datashader", "numpy", "zarr", "icechunk", "xarray", "dask")

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("any machine", deadline=None, max_examples=examples(100))
settings.load_profile("any machine")


def pytest_report_header():
    """Say what the tests ran with."""
    return ", ".join(f"{name} {version(name)}" for name in SHOWN)


def pytest_collection_modifyitems(config, items):
    """Order the modules: those with a browser last, and the longest of each kind first.

    Tests marked `thorough` are left to `make test-long`, and to whoever asks for the marker.

    The driver of a browser keeps an event loop running in its thread, which processing cannot
    share. Where the longest begin first, processes that share the tests end at the same time.
    """
    if not IS_LONG and "thorough" not in config.option.markexpr:
        left = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]
    modules = defaultdict(list)
    for item in items:
        if item.path.parent == BROWSER:
            item.add_marker(pytest.mark.browser)
        modules[item.path].append(item)

    def place(path):
        slow = sum(item.get_closest_marker("slow") is not None for item in modules[path])
        return path.parent == BROWSER, -slow, -len(modules[path])

    items[:] = [item for path in sorted(modules, key=place) for item in modules[path]]


@pytest.fixture(scope="session")
def digits_log() -> Path:
    """The shipped training log; copy it before changing it."""
    return kept.DIGITS


@pytest.fixture(scope="session")
def digits_store():
    """The shipped log's store; copy it before changing it."""
    with kept.untouched(kept.digits()) as store:
        yield store


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
