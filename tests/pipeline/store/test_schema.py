"""Chunks of filter measures: as large as parts allow that write them without each other."""

import numpy as np
import pytest
from logs import LogWriter

from deeptracker.errors import LogError
from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.blocks import Columns, plan_blocks
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.names import scalar_paths
from deeptracker.pipeline.store.network_tree import architecture_of
from deeptracker.pipeline.store.schema import RunShape, Schema

MIB = 2**20
THREADS = {"kind": "local", "processes": False}
SIZES = RunShape(8, 8, 2**20, thresholds=4, bins=8)


@pytest.mark.parametrize(
    ("shape", "chunk"),
    [((4_000_000, 256), 4096), ((4_000_000, 300), 512), ((512, 64), 512), ((64, 2**20), 4)],
)
def test_parts_that_end_between_filters_write_larger_chunks_of_their_own(shape, chunk):
    parameter = Parameter("table.weight", shape, "F32")
    columns = Columns(0, 8)
    plan = plan_blocks([parameter], columns, block_bytes=1024 * MIB, columns_per_chunk=8, workers=2)
    sizes = RunShape(8, 8, plan.split_weights, thresholds=4, bins=8)
    schema = Schema(architecture_of([parameter], "net", {}), sizes)
    assert schema.filter_chunk(parameter) == chunk
    if chunk != 512:
        for block in plan.blocks:
            for part in block.parts:
                assert part.start % (chunk * parameter.filter_size) == 0


def test_parameters_may_be_called_as_the_coordinates_beside_them(tmp_path):
    shapes = {"statistic": (4, 9), "measure": (5, 3), "meaning": (7,), "iteration": (3, 2)}
    log = LogWriter(tmp_path / "log", shapes=shapes).iterations([0, 10])
    process(log.path, tmp_path / "store")
    tree = open_store(tmp_path / "store").tree()
    assert list(tree["weights"]["statistic"].values) == ["mean", "min", "max"]
    for name in shapes:
        group = tree[f"weights/{name}."]
        assert group.attrs["parameter"] == name
        stored = group["1"]["weight"].sel(statistic="max", iteration=10).max()
        assert float(stored) == pytest.approx(log.values(10)[name].max(), rel=2**-8)
    norms = tree["filters/measure."]["measures"].sel(measure="norm2", iteration=10)
    expected = np.linalg.norm(log.values(10)["measure"].astype(float), axis=1)
    np.testing.assert_allclose(norms, expected, rtol=1e-5)


def test_parameters_may_be_called_as_no_folder_can_be(tmp_path):
    shapes = {"": (4, 3), ".": (2, 5), "..": (6,), "zarr.json": (3, 3)}
    log = LogWriter(tmp_path / "log", shapes=shapes).iterations([0, 10])
    process(log.path, tmp_path / "store", config=Config(cluster=THREADS))
    weights = open_store(tmp_path / "store").tree()["weights"]
    assert {group.attrs["parameter"] for group in weights.children.values()} == set(shapes)


def test_a_scalar_is_not_called_as_the_file_that_describes_its_group():
    assert scalar_paths(["zarr.json"]) == {"zarr.json": "scalars/zarr.json."}


@pytest.mark.parametrize("names", [("a/b", "a.b"), ("measure", "measure.")])
def test_parameters_that_would_share_a_group_are_named(names):
    parameters = [Parameter(name, (3, 4), "F32") for name in names]
    with pytest.raises(LogError, match=f"'{names[0]}' and '{names[1]}' would share a group"):
        Schema(architecture_of(parameters, "net", {}), SIZES)
