"""The arrays of a store: as many whatever the parameters are called, and however many they are."""

import dataclasses

import pytest
from logs import LogWriter

from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.sources.manifest import Parameter
from deeptracker.pipeline.store.names import scalar_paths
from deeptracker.pipeline.store.network_tree import architecture_of
from deeptracker.pipeline.store.run_shape import RunShape
from deeptracker.pipeline.store.schema import Schema

THREADS = {"kind": "local", "processes": False}
SIZES = RunShape(8, 8, 2**20, thresholds=4, bins=8)


def test_parameters_may_be_called_as_they_like(tmp_path):
    shapes = {"statistic": (4, 9), "": (4, 3), "..": (6,), "zarr.json": (3, 3), "a/b": (2, 7)}
    shapes |= {"iteration": (3, 2), "name": (5, 5), "a.b": (7,)}
    log = LogWriter(tmp_path / "log", shapes=shapes).iterations([0, 10])
    process(log.path, tmp_path / "store", config=Config(cluster=THREADS))
    tree = open_store(tmp_path / "store").tree()
    table = tree["parameters"].to_dataset().set_index(parameter="name")
    assert set(table["parameter"].values) == set(shapes)
    for name in shapes:
        own = table.sel(parameter=name)
        first, rows = (int(own[what].sel(level=1)) for what in ("first_row", "rows"))
        stored = tree["weights/1"]["weight"].isel(row=slice(first, first + rows))
        greatest = float(stored.sel(statistic="max", iteration=10).max())
        assert greatest == pytest.approx(log.values(10)[name].max(), rel=2**-8)


def test_the_same_weights_have_the_same_groups_and_arrays_however_they_are_cut():
    found = []
    for count in (1, 16, 1024):
        parameters = [
            Parameter(f"p{i}.weight", (2**20 // count // 64, 64), "F32", has_gradient=True)
            for i in range(count)
        ]
        schema = Schema(architecture_of(parameters, "net", {}), SIZES)
        found.append([spec.path for spec in (*schema.arrays(), *schema.axes())])
    assert found[0] == found[1] == found[2]
    assert len(found[0]) < 80


def test_objects_of_long_axes_are_wide_in_rows_and_short_in_iterations():
    parameters = [Parameter("w", (50_000, 512), "F32")]
    sizes = dataclasses.replace(SIZES, iterations=200, columns_per_chunk=64, split_weights=2**22)
    schema = Schema(architecture_of(parameters, "net", {}), sizes)
    assert schema.weights(0).shards == (3, 32 * 4096, 8)
    assert schema.weights(0).chunks == (1, 4096, 8)
    assert schema.filters().stored == (8, 1024, 16)


def test_a_scalar_is_not_called_as_the_file_that_describes_its_group():
    assert scalar_paths(["zarr.json"]) == {"zarr.json": "scalars/zarr.json."}
