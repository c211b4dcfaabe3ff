"""Kinds of cluster: shipped configs load, wrong ones are named, what cannot be had is one line."""

import gc
import os
import resource
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from distributed import get_worker

from deeptracker.errors import ConfigError
from deeptracker.pipeline.clusters import (
    AddressSettings,
    LocalSettings,
    connect,
    overridden,
    size_of,
)
from deeptracker.pipeline.clusters.kubernetes import KubernetesSettings, cluster_spec
from deeptracker.pipeline.clusters.slurm import SlurmSettings
from deeptracker.pipeline.clusters.worker_process import PROFILER_MAY_DEADLOCK
from deeptracker.pipeline.config import Config, load_config

TOP = Path(__file__).parents[3]
CONFIGS = sorted((TOP / "configs").glob("*.yaml"))
GIB = 2**30


def loaded(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_loads(path):
    assert isinstance(load_config(path), Config)


def test_there_is_a_config_for_every_kind_of_cluster():
    kinds = {load_config(path).cluster.kind for path in CONFIGS}
    assert kinds == {"local", "address", "slurm", "kubernetes"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cluster: {kind: address}", "key 'cluster.address': is missing; give the scheduler, as"),
        ("cluster: {kind: address, address: here}", "key 'cluster.address': given 'here'"),
        ("cluster: {kind: slurm, que: a}", "unknown key 'cluster.que' (did you mean 'queue'?)"),
        ("cluster: {kind: kubernetes}", "key 'cluster.image': is missing; give image with"),
        ("cluster: {address: tcp://a:1}", "unknown key 'cluster.address'"),
        ("cluster: {timeout_seconds: 5}", "key 'cluster.timeout_seconds': given 5, allowed: gr"),
        ("cluster: {adaptive: {minimum: 1}}", "key 'cluster.adaptive.maximum': is missing"),
        ("cluster: {adaptive: {maxim: 1}}", "unknown key 'cluster.adaptive.maxim' (did you"),
    ],
)
def test_a_wrong_cluster_is_answered_with_the_key(tmp_path, text, expected):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert expected in str(caught.value)


@pytest.mark.parametrize("kind", ["local", "slurm", "kubernetes"])
def test_a_memory_that_is_no_size_is_answered_with_the_key(tmp_path, kind):
    image = ", image: i" if kind == "kubernetes" else ""
    with pytest.raises(ConfigError, match=r"key 'cluster.memory': given 'much', allowed: a size"):
        loaded(tmp_path, f"cluster: {{kind: {kind}, memory: much{image}}}")


def test_the_size_of_a_cluster_follows_from_its_settings():
    assert size_of(LocalSettings(workers=3, threads=2, memory="2GiB")).tasks == 6
    slurm = SlurmSettings(kind="slurm", jobs=4, cores=8, processes=4, memory="16GiB")
    assert (size_of(slurm).workers, size_of(slurm).threads) == (16, 2)
    assert size_of(slurm).memory == 4 * GIB
    adaptive = {"minimum": 1, "maximum": 7}
    pods = KubernetesSettings(kind="kubernetes", image="i", memory="2GiB", adaptive=adaptive)
    assert (size_of(pods).workers, size_of(pods).memory) == (7, 2 * GIB)


def test_worker_processes_leave_what_they_loaded_out_of_the_search_for_garbage():
    with connect(LocalSettings(workers=1)) as client:
        [frozen] = client.run(gc.get_freeze_count).values()
    assert frozen > 100_000
    # Not a process of somebody's own.
    before = gc.get_freeze_count()
    with connect(LocalSettings(processes=False)) as client:
        client.run(int)
    assert gc.get_freeze_count() == before


def test_the_scheduler_gives_a_silent_worker_up_after_the_time_of_the_settings():
    with connect(LocalSettings(workers=1, worker_ttl_seconds=17)) as client:
        assert client.cluster.scheduler.worker_ttl == 17


def faults_of_arrays_made_again():
    """Pages that the kernel has to clear for ten arrays of 16 MiB, each freed before the next."""
    np.ones(2 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.ones(2 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_worker_processes_keep_the_memory_of_freed_arrays_for_the_next():
    with connect(LocalSettings(workers=1)) as client:
        faults = client.submit(faults_of_arrays_made_again).result()
    pages_of_one = 16 * 2**20 // resource.getpagesize()
    # Ten times as many where each array's pages come from the kernel.
    assert faults < 3 * pages_of_one


def test_a_setting_of_memory_that_a_user_has_chosen_stays():
    program = (
        "import sys, dask, distributed\n"
        "from deeptracker.pipeline.clusters.worker_process import set_defaults\n"
        "name = 'distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_'\n"
        "dask.config.set({name: 7} if len(sys.argv) > 1 else {})\n"
        "set_defaults()\n"
        "print(dask.config.get(name))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program, *chosen], capture_output=True, text=True, check=True
        ).stdout.strip()
        for chosen in ((), ("chosen",))
    ]
    assert told == [str(256 * 2**20), "7"]


def profiled():
    """Whether Dask takes the frames of this worker's threads every few milliseconds."""
    return "profile" in get_worker().periodic_callbacks


@pytest.mark.parametrize("settings", [LocalSettings(workers=1), LocalSettings(processes=False)])
def test_no_worker_is_profiled_where_that_may_deadlock(settings):
    with connect(settings) as client:
        assert client.submit(profiled).result() is not PROFILER_MAY_DEADLOCK


def test_options_of_the_command_line_override_the_config():
    assert overridden(LocalSettings(), 5, None).workers == 5
    assert overridden(SlurmSettings(kind="slurm"), 5, None).jobs == 5
    moved = overridden(LocalSettings(straggler_seconds=7), None, "tcp://10.0.0.1:8786")
    assert isinstance(moved, AddressSettings)
    assert moved.straggler_seconds == 7
    with pytest.raises(ConfigError, match=r"--workers 5: the scheduler at tcp://a:1 has"):
        overridden(LocalSettings(), 5, "tcp://a:1")
    with pytest.raises(ConfigError, match=r"--scheduler: given 'here', allowed"):
        overridden(LocalSettings(), None, "here")


def test_a_scheduler_that_is_not_there_is_named():
    nobody = AddressSettings(kind="address", address="tcp://127.0.0.1:9", connect_seconds=0.5)
    with pytest.raises(ConfigError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        size_of(nobody)


@pytest.mark.parametrize(
    ("package", "kind", "remedy"),
    [
        ("dask_jobqueue", "{'kind': 'slurm'}", "pip install 'deeptracker[slurm]'"),
        (
            "dask_kubernetes",
            "{'kind': 'kubernetes', 'image': 'i'}",
            "pip install 'deeptracker[kubernetes]'",
        ),
    ],
)
def test_a_missing_package_is_one_line_with_the_command(package, kind, remedy):
    program = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from deeptracker.pipeline.config import Config\n"
        "from deeptracker.pipeline.clusters import connect\n"
        f"with connect(Config(cluster={kind}).cluster): pass"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=TOP
    )
    assert result.stderr.strip().splitlines()[-1].startswith("deeptracker.errors.ConfigError: kind")
    assert remedy in result.stderr


def test_without_sbatch_slurm_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    settings = SlurmSettings(kind="slurm", interface="lo", connect_seconds=5)
    with (
        pytest.raises(ConfigError, match="kind: slurm needs the command sbatch"),
        connect(settings),
    ):
        pass


def test_without_a_kubernetes_cluster_the_reason_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = KubernetesSettings(kind="kubernetes", image="i", connect_seconds=2)
    refused = pytest.raises(ConfigError, match="no cluster 'deeptracker' on Kubernetes: ")
    with refused as caught, connect(settings):
        pass
    assert "\n" not in str(caught.value)


def unknown_fields(value, schema, path=""):
    """Fields that a schema does not know; Kubernetes drops them without a word."""
    if isinstance(value, list):
        return [bad for item in value for bad in unknown_fields(item, schema["items"], path)]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = []
    for name, inner in value.items():
        if name in schema["properties"]:
            found += unknown_fields(inner, schema["properties"][name], f"{path}.{name}")
        else:
            found.append(f"{path}.{name}")
    return found


class TestTheKubernetesResource:
    """What is handed to the Dask operator, against the operator's own schema."""

    @pytest.fixture(scope="class")
    @staticmethod
    def schema():
        helm = files("dask_kubernetes") / "operator/deployment/helm/dask-kubernetes-operator"
        definition = yaml.safe_load((helm / "crds/daskcluster.yaml").read_text(encoding="utf-8"))
        return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def settings(self, **changed):
        path = TOP / "configs" / "kubernetes.yaml"
        return load_config(path).cluster.model_copy(update=changed)

    @pytest.mark.parametrize("claim", [None, "shared"])
    def test_it_satisfies_the_operators_schema(self, schema, claim):
        spec = cluster_spec(self.settings(volume_claim=claim))
        jsonschema.validate(spec, schema)
        assert (spec["apiVersion"], spec["kind"]) == ("kubernetes.dask.org/v1", "DaskCluster")

    def test_it_has_no_field_that_the_operator_would_drop(self, schema):
        spec = cluster_spec(self.settings(volume_claim="shared"))
        assert unknown_fields(spec["spec"], schema["properties"]["spec"]) == []

    def test_the_schema_refuses_what_the_operator_would(self, schema):
        spec = cluster_spec(self.settings())
        spec["spec"]["worker"]["replicas"] = "many"
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spec, schema)

    def test_workers_have_the_memory_that_their_pods_are_given(self):
        worker = cluster_spec(self.settings(memory="2GiB", threads=3))["spec"]["worker"]
        container = worker["spec"]["containers"][0]
        arguments = container["args"]
        assert arguments[arguments.index("--memory-limit") + 1] == str(2 * GIB)
        assert arguments[arguments.index("--nthreads") + 1] == "3"
        assert container["resources"]["limits"] == {"cpu": "3", "memory": str(2 * GIB)}
        assert worker["replicas"] == 8

    def test_time_limits_and_secrets_reach_the_pods(self):
        spec = cluster_spec(self.settings(worker_ttl_seconds=45))["spec"]
        for part in ("scheduler", "worker"):
            container = spec[part]["spec"]["containers"][0]
            variables = {entry["name"]: entry["value"] for entry in container["env"]}
            assert variables["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] == "45s"
            assert variables["AWS_REGION"] == "eu-central-1"
            assert container["envFrom"] == [{"secretRef": {"name": "object-storage"}}]

    def test_a_claim_is_mounted_where_it_is_said(self):
        settings = self.settings(volume_claim="shared", mount_path="/mnt/runs")
        pod = cluster_spec(settings)["spec"]["worker"]["spec"]
        assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "shared"}
        mount = pod["containers"][0]["volumeMounts"][0]
        assert (mount["name"], mount["mountPath"]) == (pod["volumes"][0]["name"], "/mnt/runs")


def test_a_script_without_its_guard_is_told_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from deeptracker.pipeline import process\n"
        f"process({str(TOP / 'examples' / 'digits')!r}, {str(tmp_path / 'store')!r}, workers=1)\n",
        encoding="utf-8",
    )
    ended = subprocess.run(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "a worker process imported the script" in ended.stderr
    assert ended.stderr.strip().endswith('under: if __name__ == "__main__":')
    assert "StoreBusyError" not in ended.stderr


def test_a_scheduler_that_cannot_start_says_why(tmp_path):
    command = [sys.executable, "-m", "deeptracker.cli", "process", TOP / "examples" / "digits"]
    ended = subprocess.run(
        [*command, "--store", tmp_path / "store", "--workers", "1"],
        env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__PRELOAD": '["no_such_module"]'},
        cwd=TOP, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "error: the scheduler and its workers did not start: No module named 'no_such_module'"
    )
