"""Tensors that do not lie in C order: what is read is what NumPy gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.pipeline.sources import read_values, strided_reading
from deeptracker.pipeline.sources.manifest import ByteRange

NAMES = {2: "F16", 4: "F32", 8: "F64"}


@st.composite
def views(draw):
    """A view of a small storage: some axes in another order, some steps larger than one."""
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    item = draw(st.sampled_from([2, 4, 8]))
    whole = np.arange(np.prod(shape)).astype(f"f{item}").reshape(shape)
    view = whole.transpose(draw(st.permutations(range(len(shape)))))
    return whole, view[tuple(slice(None, None, draw(st.integers(1, 3))) for _ in shape)]


@given(views(), st.data())
def test_any_range_of_any_view_is_read_as_numpy_reads_it(tmp_path_factory, pair, data):
    whole, view = pair
    path = tmp_path_factory.mktemp("strided") / "storage"
    path.write_bytes(b"header" + whole.tobytes())
    strides = tuple(step // whole.itemsize for step in view.strides)
    ref = ByteRange(str(path), 6, NAMES[whole.itemsize], view.shape, None, strides)
    start = data.draw(st.integers(0, view.size))
    stop = data.draw(st.integers(start, view.size))
    np.testing.assert_array_equal(read_values(ref, start, stop), view.ravel()[start:stop])


@pytest.mark.parametrize("small", [64, strided_reading.SMALL_COVER])
def test_a_transposed_matrix_is_read_within_bounded_memory(tmp_path, monkeypatch, small):
    monkeypatch.setattr(strided_reading, "SMALL_COVER", small)
    whole = np.random.default_rng(0).standard_normal((300, 500), dtype=np.float32)
    (tmp_path / "storage").write_bytes(whole.tobytes())
    ref = ByteRange(str(tmp_path / "storage"), 0, "F32", (500, 300), None, (1, 500))
    read = [
        read_values(ref, start, min(start + 4096, 150_000)) for start in range(0, 150_000, 4096)
    ]
    np.testing.assert_array_equal(np.concatenate(read), whole.T.ravel())
