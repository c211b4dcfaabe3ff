"""Packed chunks: what any reader of Blosc unpacks, and hardly larger than Blosc's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from ml_dtypes import bfloat16
from numcodecs import blosc

from deeptracker.pipeline.kernels.packing.bit_planes import packed_planes, upper_halves


def halves_of(values):
    return np.ascontiguousarray(values, np.float32).view(np.uint32).ravel() >> 16


def unpacked(data):
    return np.frombuffer(blosc.decompress(data), np.uint32)


# Runs of equal values, columns that repeat, single bits that differ, and noise.
PIECES = st.lists(
    st.tuples(st.sampled_from(["noise", "run", "repeat", "spark"]), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=examples(200), deadline=None)
@given(
    pieces=PIECES,
    column=st.sampled_from([64, 192, 512, 1000, 1024, 4096, 8192, 16384, 40000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_blosc_unpacks_what_was_packed(pieces, column, seed):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, 2**16, column, dtype=np.uint16)]
    for kind, number in pieces:
        if kind == "noise":
            columns.append(rng.integers(0, 2**16, column, dtype=np.uint16))
        elif kind == "run":
            columns.append(np.full(column, rng.integers(0, 2**16), np.uint16))
        elif kind == "repeat":
            columns += [columns[-1]] * number
        else:
            spark = columns[-1].copy()
            spark[rng.integers(0, column, number)] ^= np.uint16(1 << (number + 3))
            columns.append(spark)
    values = np.concatenate(columns)
    values = values[: values.size // 64 * 64]
    [data] = packed_planes(values, column)
    np.testing.assert_array_equal(unpacked(data), values.astype(np.uint32) << 16)


@pytest.mark.parametrize(("drift", "bound"), [(0.0001, 0.8), (0.001, 0.9), (0.03, 1.05)])
def test_a_chunk_takes_up_less_than_blosc_makes_it_the_slower_its_weights_change(drift, bound):
    rng = np.random.default_rng(0)
    start = rng.normal(0, 1, 4096)
    change = np.cumsum(rng.normal(0, drift, (8, 4096)), axis=0)
    values = (start + change).astype(bfloat16)
    [ours] = packed_planes(upper_halves(values), 4096)
    theirs = blosc.compress(values.astype(np.float32), b"lz4", 1, blosc.BITSHUFFLE, 0, 4)
    assert len(ours) <= bound * len(theirs)


@pytest.mark.parametrize("rows", [64, 100, 448])
def test_short_columns_are_hardly_larger_than_blosc_makes_them(rows):
    rng = np.random.default_rng(0)
    drift = np.cumsum(rng.normal(0, 0.001, (64, rows)), axis=0)
    values = (rng.normal(0, 0.02, rows) + drift).astype(bfloat16)
    [ours] = packed_planes(upper_halves(values), rows)
    theirs = blosc.compress(values.astype(np.float32), b"lz4", 1, blosc.BITSHUFFLE, 0, 4)
    assert len(ours) <= 1.1 * len(theirs)


def test_frozen_weights_take_up_next_to_nothing():
    frozen = np.tile(np.random.default_rng(0).normal(0, 0.02, 4096), (64, 1)).astype(bfloat16)
    assert len(packed_planes(upper_halves(frozen), 4096)[0]) < 0.16 * frozen.nbytes


@pytest.mark.parametrize(("rows", "columns"), [(4096, 8), (100, 16), (512, 64)])
def test_chunks_that_are_packed_together_are_each_as_if_packed_alone(rows, columns):
    values = np.random.default_rng(0).normal(0, 0.02, (3, columns, rows)).astype(bfloat16)
    values[1, 1:] = values[1, :1]
    together = packed_planes(upper_halves(values), rows, 3)
    assert together == [packed_planes(upper_halves(chunk), rows)[0] for chunk in values]


def test_only_rounded_values_are_packed():
    rounded = np.random.default_rng(0).standard_normal((64, 10)).astype(bfloat16)
    exact = rounded.astype(np.float32)
    np.testing.assert_array_equal(upper_halves(exact), halves_of(exact))
    np.testing.assert_array_equal(upper_halves(rounded), halves_of(exact))
    exact[3, 4] = np.nextafter(exact[3, 4], np.float32(9))
    assert upper_halves(exact) is None
    assert upper_halves(exact[:1]) is None
    assert upper_halves(exact.astype(np.float64)) is None
