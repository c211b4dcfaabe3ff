"""Chunks encoded together are those that are encoded one by one, or none are."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from ml_dtypes import bfloat16
from zarr.storage import MemoryStore

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, create_arrays
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_region


@given(
    quantities=st.integers(1, 3),
    together=st.booleans(),
    rows=st.sampled_from([1, 2, 5, 16, 50, 64]),
    columns=st.sampled_from([1, 4, 8, 32]),
    lines=st.integers(1, 3),
    data=st.data(),
)
@settings(max_examples=examples(150), deadline=None)
def test_a_region_reads_back_whatever_the_sizes_of_its_chunks(
    quantities, together, rows, columns, lines, data
):
    height = rows * data.draw(st.integers(1, 2)) + data.draw(st.integers(0, rows - 1))
    width = columns * lines - data.draw(st.integers(0, columns - 1))
    spec = ArraySpec(
        "w",
        "float32",
        (quantities, height, width),
        (quantities if together else 1, rows, columns),
        ("statistic", "row", "iteration"),
        "weights",
        quick=True,
        shards=(quantities, rows, columns * lines),
    )
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    # As kernels give them: column by column.
    values = random.normal(size=(quantities, width, height)).astype(bfloat16).swapaxes(1, 2)
    if data.draw(st.booleans()):
        values[..., : min(columns, width)] = np.nan
    store = MemoryStore()
    create_arrays(store, {}, [spec])
    writer = ChunkWriter(store)
    for first in range(0, height, rows):
        writer.write(spec, (0, first, 0), values[:, first : first + rows])
    writer.flush()
    whole = tuple(slice(0, side) for side in spec.shape)
    np.testing.assert_array_equal(read_region(store, spec, whole), values.astype(np.float32))


def test_chunks_that_lie_one_after_the_other_are_encoded_together():
    spec = ArraySpec("w", "float32", (3, 64, 16), (1, 64, 8), ("s", "r", "i"), "w", quick=True)
    values = np.random.default_rng(0).normal(size=(3, 16, 64)).astype(bfloat16).swapaxes(1, 2)
    parts = [values[s : s + 1, :, c : c + 8] for s in range(3) for c in (0, 8)]
    assert spec.encode_run(values) == [spec.encode(part) for part in parts]
    # Not where rows lie side by side, or a chunk is cut off.
    assert spec.encode_run(np.ascontiguousarray(values)) is None
    assert spec.encode_run(values[:, :, :12]) is None
    assert math.prod(spec.chunks) % 64 == 0
    odd = ArraySpec("w", "float32", (1, 5, 8), (1, 5, 8), ("s", "r", "i"), "w", quick=True)
    assert odd.encode_run(values[:1, :5, :8]) is None


NUMBERS = itertools.product(["int64", "float32", "bfloat16"], [None, (12, 4)], [False, True])


# Text is stored in plain chunks.
@pytest.mark.parametrize(("dtype", "shards", "quick"), [("str", None, False), *NUMBERS])
def test_an_array_is_described_as_zarr_does(dtype, shards, quick):
    fill = {"str": "", "int64": 0}.get(dtype, float("nan"))
    spec = ArraySpec(
        "a/b", "float32" if dtype == "bfloat16" else dtype, (30, 9), (6, 4), ("row", "iteration"),
        "what it is", "m", fill=fill, attributes={"x": [1]}, quick=quick, shards=shards,
    )  # fmt: skip
    assert json.dumps(spec.document()) == json.dumps(spec.metadata().to_dict())
    again = replace(spec, shape=(2, 3), chunks=(2, 3), shards=None)
    assert json.dumps(again.document()) == json.dumps(again.metadata().to_dict())
