"""The wheel installs one name, and works beside a user's own `pipeline.py` and `dashboard.py`."""

import os
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from contextlib import contextmanager
from pathlib import Path

import pytest
from logs import LogWriter
from ports import free_port
from shared_kernels import share_kernels

TOP = Path(__file__).parents[1]
RAISES = "raise RuntimeError('the module of a user, imported instead of ours')\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, TOP], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel; the libraries are those of this one, ours is not."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # What a .pth file names is searched for modules, but its own .pth files are not followed: the
    # editable installation of this checkout is out of reach.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    command = [*pip, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, timeout=300)
    share_kernels(packages / "deeptracker")
    return folder


@pytest.fixture(scope="module")
def users_folder(tmp_path_factory) -> Path:
    """A folder with a training log, and scripts of a user that are not to be imported."""
    folder = tmp_path_factory.mktemp("user")
    for name in ("pipeline.py", "dashboard.py"):
        (folder / name).write_text(RAISES)
    LogWriter(folder / "log", images=10).iterations(range(0, 40, 10))
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """No way to this checkout; kernels are kept where the other tests keep theirs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def run(installed, users_folder, environment):
    """Run a program of the new environment in the user's folder."""

    def run(*command):
        program, *arguments = command
        ended = subprocess.run(
            [installed / "bin" / program, *map(str, arguments)],
            cwd=users_folder, env=environment, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="module")
def store(run, users_folder) -> Path:
    run("deeptracker", "process", "log", "--store", "run.dtstore", "--workers", 1)
    return users_folder / "run.dtstore"


@contextmanager
def running(command, **options):
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answer_of(url: str, process: subprocess.Popen, seconds: float = 60) -> str:
    """What a server answers, once it does."""
    deadline = time.monotonic() + seconds
    while True:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return response.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_nothing_but_one_package_is_installed(installed):
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(installed)}))
    found = {path.name for path in packages.iterdir()} - {"libraries.pth"}
    (metadata,) = (name for name in found if name.endswith(".dist-info"))
    assert found == {"deeptracker", metadata}
    assert metadata.startswith("deeptracker-")
    links = [path for path in (packages / "deeptracker").rglob("*") if path.is_symlink()]
    assert links == []


def test_the_package_is_the_installed_one_and_the_folders_are_no_modules(run, installed):
    where = run("python", "-c", "import deeptracker.pipeline as found; print(found.__file__)")
    assert where.startswith(str(installed))
    program = "import importlib.util as u; print(u.find_spec('deeptracker.dashboard').origin)"
    assert str(installed) in run("python", "-c", program)


def test_a_log_is_processed_beside_a_users_own_modules(run, store):
    assert '"snapshots": 4' in run("deeptracker", "info", "run.dtstore", "--json")


def test_a_run_is_opened_beside_a_users_own_modules(run, store):
    program = "import deeptracker; print(len(deeptracker.open('run.dtstore').tree['nodes'].node))"
    assert int(run("python", "-c", program)) > 3


def test_a_page_is_served_beside_a_users_own_modules(installed, users_folder, environment, store):
    port = free_port()
    command = installed / "bin" / "deeptracker", "serve", store, "--port", port, "--no-browser"
    with running(command, cwd=users_folder, env=environment) as server:
        assert "DeepTracker" in answer_of(f"http://127.0.0.1:{port}/run", server)


def test_a_worker_started_by_hand_beside_a_users_own_modules_measures(
    run, installed, users_folder, environment
):
    """``python -m`` puts the worker's folder first on the path: the user's modules are there."""
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = installed / "bin" / "python", "-m"
    scheduler = [*dask, "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    worker = [*dask, "distributed.cli.dask_worker", address, "--no-dashboard", "--nthreads", 1]
    (users_folder / "scheduler.yaml").write_text(
        f"cluster: {{kind: address, address: '{address}', connect_seconds: 60}}\n"
    )
    options = {"cwd": users_folder, "env": environment}
    with running(scheduler, **options), running(worker, **options):
        config = "--config", "scheduler.yaml"
        run("deeptracker", "process", "log", "--store", "by-hand.dtstore", *config)
    assert '"snapshots": 4' in run("deeptracker", "info", "by-hand.dtstore", "--json")
