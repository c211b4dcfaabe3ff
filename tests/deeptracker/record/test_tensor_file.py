"""What is written is plain safetensors, and no damaged file is read as numbers."""

import json
import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from lengths import examples
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from deeptracker.errors import LogError
from deeptracker.record.tensor_file import read_header, read_tensor, write_tensors

DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
TENSORS = st.dictionaries(st.text(min_size=1, max_size=20), ARRAYS, min_size=1, max_size=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tensors")


@settings(max_examples=examples(60), deadline=None)
@given(tensors=TENSORS)
def test_the_safetensors_library_reads_what_we_write(folder, tensors):
    tensors.pop("__metadata__", None)
    path = folder / "ours.safetensors"
    write_tensors(path, tensors, {"who": "us"})
    read = load_file(path)
    assert read.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(read[name], values, strict=True)
    with safe_open(path, "np") as file:
        assert file.metadata() == {"who": "us"}


@settings(max_examples=examples(60), deadline=None)
@given(tensors=TENSORS)
def test_we_read_what_the_safetensors_library_writes(folder, tensors):
    tensors.pop("__metadata__", None)
    path = folder / "theirs.safetensors"
    save_file(tensors, path)
    entries, _ = read_header(path)
    for name, values in tensors.items():
        assert entries[name].shape == values.shape
        np.testing.assert_array_equal(read_tensor(path, entries[name]), values.ravel())


def test_bfloat16_is_kept_to_the_bit(folder):
    values = np.array([[1.5, -3.25], [1e-30, np.inf]], ml_dtypes.bfloat16)
    path = folder / "bf16.safetensors"
    write_tensors(path, {"w": values})
    entries, _ = read_header(path)
    assert entries["w"].dtype == "BF16"
    np.testing.assert_array_equal(read_tensor(path, entries["w"]), values.astype("f4").ravel())
    assert path.read_bytes()[-8:] == values.tobytes()


def test_a_range_of_elements_is_read_alone(folder):
    path = folder / "range.safetensors"
    write_tensors(path, {"a": np.arange(10.0), "b": np.arange(100, dtype="i4")})
    entries, _ = read_header(path)
    np.testing.assert_array_equal(read_tensor(path, entries["b"], 17, 23), np.arange(17, 23))


@settings(max_examples=examples(80), deadline=None)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused_by_name(folder, cut):
    path = folder / "cut.safetensors"
    write_tensors(path, {"a": np.arange(50.0), "b": np.arange(7, dtype="i2")})
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(LogError, match=r"cut\.safetensors"):
        read_header(path)


@settings(max_examples=examples(150), deadline=None)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_garbled_header_is_refused_or_still_lies_within_the_file(folder, place, byte):
    path = folder / "garbled.safetensors"
    write_tensors(path, {"a": np.arange(50.0), "b": np.arange(7, dtype="i2")})
    content = bytearray(path.read_bytes())
    length = 8 + struct.unpack("<Q", content[:8])[0]
    content[place % length] = byte
    path.write_bytes(content)
    try:
        entries, _ = read_header(path)
    except LogError:
        return
    for entry in entries.values():
        assert entry.offset + entry.nbytes <= len(content)
        assert len(read_tensor(path, entry)) == np.prod(entry.shape)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]},
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 1]},
        {"dtype": "F32", "shape": "ab", "data_offsets": [0, 4]},
        ["F32"],
    ],
)
def test_a_malicious_entry_is_refused(folder, entry):
    header = json.dumps({"w": entry}).encode()
    path = folder / "malicious.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(LogError, match=r"malicious\.safetensors"):
        read_header(path)


def test_a_header_that_claims_gigabytes_is_not_read(folder):
    path = folder / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")
    with pytest.raises(LogError, match="truncated"):
        read_header(path)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "kept.safetensors"
    write_tensors(path, {"a": np.ones(3)})
    with pytest.raises(LogError, match="nothing"):
        write_tensors(path, {"nothing": object()})
    np.testing.assert_array_equal(load_file(path)["a"], np.ones(3))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not __import__("os").path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_error_that_names_the_file(tmp_path, monkeypatch):
    # The temporary file is opened onto a device that is always full.
    from deeptracker.record import tensor_file

    class Full(type(tmp_path)):
        def with_name(self, _name):
            return type(tmp_path)("/dev/full")

    monkeypatch.setattr(type(tmp_path), "unlink", lambda *_a, **_k: None)
    with pytest.raises(LogError, match=r"w\.safetensors: cannot be written \(No space left"):
        tensor_file.replace_file(Full(tmp_path / "w.safetensors"), [bytes(10**6)])


def test_a_name_that_is_no_text_is_one_error(tmp_path):
    header = json.dumps({"\ud800": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(LogError, match=r"a tensor whose name '\\ud800' is not text"):
        read_header(path)


def test_a_tensor_of_eight_bits_has_its_place_and_no_values(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"q": np.ones((2, 3), ml_dtypes.float8_e5m2), "w": np.ones(2, np.float32)}, path)
    entries, _ = read_header(path)
    assert (entries["q"].dtype, entries["q"].shape, entries["q"].nbytes) == ("F8_E5M2", (2, 3), 6)
    np.testing.assert_array_equal(read_tensor(path, entries["w"]), [1, 1])
    with pytest.raises(LogError, match="F8_E5M2, which cannot be read"):
        read_tensor(path, entries["q"])
