"""Small checkpoints that the real PyTorch wrote, read without it, and what it read of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from deeptracker.errors import LogError
from deeptracker.pipeline.sources import open_source, read_values, to_float

RECORDED = Path(__file__).parent / "recorded"
EXPECTED = json.loads((RECORDED / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["lightning", "trainer"])
def test_every_parameter_is_read_as_the_framework_read_it(kind):
    source = open_source(RECORDED / kind)
    assert source.iterations == (10, 20)
    assert source.problems == ()
    for step in source.iterations:
        expected = EXPECTED[kind][str(step)]
        assert {p.name for p in source.parameters_at(step)} == set(expected)
        for name, wanted in expected.items():
            ref = source.locate(name, step)
            read = to_float(read_values(ref), ref.dtype).astype(np.float64)
            np.testing.assert_allclose([read.mean(), read.min(), read.max()], wanted, rtol=1e-6)
    assert "1 tensor of I64 (1.num_batches_tracked): not measured" in source.reading.left_out


def test_tied_and_turned_tensors_are_told_apart():
    source = open_source(RECORDED / "lightning")
    tied, own = source.locate("tied.weight", 10), source.locate("2.weight", 10)
    assert (tied.offset, tied.strides) == (own.offset, None)
    assert source.locate("turned.weight", 10).strides == (1, 3)
    assert source.locate("0.weight", 10).strides == (8, 1, 4, 2)
    assert any("not in C order" in note for note in source.reading.notes)


def test_the_format_of_before_is_named_with_a_remedy():
    with pytest.raises(LogError, match=r"before version 1.6.*torch.save\(torch.load"):
        open_source(RECORDED / "legacy")
