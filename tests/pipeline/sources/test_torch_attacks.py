"""PyTorch files that are damaged or written to do harm: one `LogError`, and nothing is run."""

import os
import pickle
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch_files import pickled, tensor, text, torch_file

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.paths import open_folder
from deeptracker.pipeline.sources import open_source
from deeptracker.pipeline.sources.torch_checkpoints import TorchHeaders
from deeptracker.pipeline.sources.torch_pickle import read_torch_pickle

W = tensor("0", 6, (2, 3), (3, 1))
SIX = {"data/0": np.arange(6, dtype="f4").tobytes()}


def header_of(path):
    """The header of a file, or the error in reading it."""
    folder = open_folder(str(path.parent))
    [file] = [file for file in folder.files() if file.name == path.name]
    [header] = folder.parsed([file], TorchHeaders(None).read)
    return header


def refused(path):
    """The error of a file that is refused."""
    header = header_of(path)
    assert isinstance(header, LogError), header
    assert str(path) in str(header)
    return str(header)


class Runs:
    """Runs a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def harmful(tmp_path):
    """Calls that leave a file behind where they are run, in every way that pickles call."""
    mark = tmp_path / "was-run"
    command = f"touch {mark}"
    for protocol in range(6):
        yield pickle.dumps({"w": Runs(os.system, command)}, protocol)
        yield pickle.dumps({"w": Runs(eval, f"open({str(mark)!r}, 'w')")}, protocol)
    yield b"(S" + repr(command).encode() + b"\nios\nsystem\n."
    yield b"cos\nsystem\n(S" + repr(command).encode() + b"\ntR."
    yield b"(cos\nsystem\nS" + repr(command).encode() + b"\no."
    yield b"\x80\x04\x8c\x02os\x8c\x06system\x93" + text(command) + b"\x85R."
    yield b"\x80\x02csubprocess\nPopen\n" + text(command) + b"\x85\x81."
    yield b"\x80\x02cbuiltins\nexec\n" + text("x = 1") + b"\x85R."
    yield b"\x80\x02cimportlib\nimport_module\n" + text("antigravity") + b"\x85R."


def test_what_runs_code_is_refused_by_name_and_not_run(tmp_path):
    names = set()
    for content in harmful(tmp_path):
        torch_file(tmp_path / "a.pt", data=content)
        told = refused(tmp_path / "a.pt")
        assert "would run code" in told
        names.add(told.split("names ")[1].split(",")[0])
    assert names >= {"posix.system", "os.system", "builtins.eval", "subprocess.Popen"}
    assert not (tmp_path / "was-run").exists()


def test_harmless_objects_are_passed_over_without_being_made(tmp_path):
    import argparse
    import pathlib

    made = pickle.dumps(
        {
            "args": argparse.Namespace(lr=0.1),
            "path": pathlib.PurePosixPath("/a"),
            "n": np.arange(3),
        },
        2,
    )
    unknown = b"c__main__\nConfig\n)\x81}(" + text("lr") + b"K\x01ub"
    torch_file(tmp_path / "a.pt", data=pickled({"w": W, "config": unknown}), more=SIX)
    assert list(header_of(tmp_path / "a.pt").entries) == ["w"]
    torch_file(tmp_path / "b.pt", data=made)
    assert "holds no state dict" in refused(tmp_path / "b.pt")


def test_states_that_are_set_change_nothing_of_ours(tmp_path):
    build = b"ctorch._utils\n_rebuild_tensor_v2\n}(" + text("__defaults__") + b"K\x01ub0"
    data = b"\x80\x02" + build + pickled({"w": W})[2:]
    torch_file(tmp_path / "a.pt", data=data, more=SIX)
    assert header_of(tmp_path / "a.pt").entries["w"].shape == (2, 3)


TRICKS = {
    "memo at a huge place": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "eight gigabytes of bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**33) + b"x.",
    "a bytearray of eight gigabytes": b"\x80\x05\x96" + struct.pack("<Q", 2**33) + b"x.",
    "a text of four gigabytes": b"\x80\x02X\xff\xff\xff\xffx.",
    "a negative length": b"\x80\x02T\xff\xff\xff\xffx.",
    "a frame beyond the end": b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
    "nothing on the stack": b"\x80\x02R.",
    "no mark": b"\x80\x02NNt.",
    "an extension code": b"\x80\x02\x82\x01.",
    "no end": b"\x80\x02N",
    "empty": b"",
    "a long decimal": b"I" + b"9" * 10_000 + b"\n.",
    "half a surrogate pair as a name": b"\x80\x02}X\x03\x00\x00\x00\xed\xa0\x80N\x73.",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_pickle_that_asks_for_much_is_one_error(tmp_path, trick):
    torch_file(tmp_path / "a.pt", data=TRICKS[trick])
    refused(tmp_path / "a.pt")


def test_nested_tuples_are_no_keys_and_shared_values_no_endless_walk(tmp_path):
    # Each tuple holds the one before twice: hashing the last would take 2**60 steps.
    grow = b"Nq\x000" + b"h\x00h\x00\x86q\x000" * 60 + b"h\x00"
    torch_file(tmp_path / "a.pt", data=b"\x80\x02}" + grow + b"Ns.")
    assert "holds no state dict" in refused(tmp_path / "a.pt")
    torch_file(tmp_path / "b.pt", data=b"\x80\x02}" + text("model") + grow + b"s.")
    assert "refer to each other" in refused(tmp_path / "b.pt")
    wide = b"]q\x000" + (b"](" + b"h\x00" * 9 + b"eq\x000") * 20 + b"h\x00"
    torch_file(tmp_path / "d.pt", data=b"\x80\x02}" + text("model") + wide + b"s.")
    assert "refer to each other" in refused(tmp_path / "d.pt")
    itself = b"\x80\x02}q\x00" + text("model") + b"h\x00s."
    torch_file(tmp_path / "c.pt", data=itself)
    refused(tmp_path / "c.pt")


ODD_TENSORS = {
    "beyond its storage": tensor("0", 6, (2, 4), (4, 1)),
    "an offset beyond": tensor("0", 6, (2, 3), (3, 1), offset=1),
    "absurd sides": tensor("0", 6, (2**62, 2**62), (2**62, 1)),
    "a negative side": tensor("0", 6, (-2, 3), (3, 1)),
    "a negative stride": tensor("0", 6, (2, 3), (-3, 1)),
    "a missing storage": tensor("9", 6, (2, 3), (3, 1)),
    "a storage outside": tensor("../../../etc/passwd", 6, (2, 3), (3, 1)),
    "fewer strides than sides": tensor("0", 6, (2, 3), (1,)),
}


@pytest.mark.parametrize("odd", ODD_TENSORS)
def test_a_tensor_outside_its_storage_is_one_error(tmp_path, odd):
    torch_file(tmp_path / "a.pt", data=pickled({"w": ODD_TENSORS[odd]}), more=SIX)
    refused(tmp_path / "a.pt")


def test_an_expanded_tensor_is_left_out_and_said(tmp_path):
    huge = tensor("0", 6, (10**12,), (0,))
    torch_file(tmp_path / "a.pt", data=pickled({"w": W, "huge": huge}), more=SIX)
    header = header_of(tmp_path / "a.pt")
    assert list(header.entries) == ["w"]
    assert "1 tensor (huge): expanded" in header.left_out[0]


def test_compressed_encrypted_and_overlapping_entries_are_refused(tmp_path):
    path = tmp_path / "a.pt"
    torch_file(path, {"w": np.zeros(100_000, "f4")}, method=zipfile.ZIP_DEFLATED)
    assert "is compressed" in refused(path)
    torch_file(path, {"w": np.arange(6, dtype="f4"), "v": np.arange(6, dtype="f4")})
    content = path.read_bytes()
    first = content.rindex(b"archive/data/0") - 4
    second = content.rindex(b"archive/data/1") - 4
    path.write_bytes(content[:second] + content[first : first + 4] + content[second + 4 :])
    assert "is no whole ZIP archive" in refused(path)


def test_other_files_are_told_apart(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "not of torch.save" in refused(tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps({"w": 1}))
    assert "is no ZIP archive" in refused(tmp_path / "b.pt")
    torch_file(tmp_path / "c.pt", {"w": np.ones(2, "f4")}, more={"constants.pkl": b"N."})
    assert "TorchScript" in refused(tmp_path / "c.pt")
    torch_file(tmp_path / "d.pt", {"w": np.ones(2, "f4")}, more={"byteorder": b"big"})
    assert "big-endian" in refused(tmp_path / "d.pt")


def test_every_cut_of_a_file_is_one_error(tmp_path):
    path = tmp_path / "step-1.pt"
    torch_file(path, {"w": np.arange(40, dtype="f4"), "b": np.arange(7, dtype="f8")})
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 7):
        path.write_bytes(content[:length])
        refused(path)
    torch_file(tmp_path / "step-2.pt", {"w": np.arange(40, dtype="f4")})
    source = open_source(tmp_path)
    assert source.iterations == (2,)
    assert "step-1.pt" in str(source.problems[0])


# Where bytes are put in, which, and how many are taken out there.
DAMAGE = st.tuples(st.integers(0, 2000), st.binary(max_size=8), st.integers(0, 8))


@given(st.lists(DAMAGE, max_size=6))
def test_a_damaged_file_is_read_or_one_error(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("damaged") / "step-1.pt"
    nested = pickled({"state_dict": pickled({"w": W})[2:-1], "global_step": b"K\x05"})
    torch_file(path, data=nested, more=SIX)
    content = bytearray(path.read_bytes())
    for place, put, taken in changes:
        begin = place % len(content)
        content[begin : begin + taken] = put
    path.write_bytes(bytes(content))
    header = header_of(path)
    if not isinstance(header, LogError):
        for entry in header.entries.values():
            assert entry.offset + entry.nbytes <= len(content)


OPCODES = st.sampled_from([bytes([code]) for code in range(256)])
PIECES = st.one_of(
    OPCODES,
    st.binary(max_size=6),
    st.sampled_from([W, b"ccollections\nOrderedDict\n)R"]),
    st.text(max_size=4).map(text),
    st.integers(0, 255).map(lambda place: b"q" + bytes([place])),
    st.integers(0, 255).map(lambda place: b"h" + bytes([place])),
)


@given(st.lists(PIECES, max_size=60).map(b"".join))
def test_any_pickle_is_read_or_one_error(data):
    with suppress(LogError):
        read_torch_pickle("a.pt", data + b".")


def steps_of(folder, pieces, more=SIX):
    """What each of some checkpoints states, read one after the other by one reader."""
    folder.mkdir()
    reader = TorchHeaders(None)
    for number, piece in enumerate(pieces):
        torch_file(folder / f"{number}.pt", data=piece, more=more)
    opened = open_folder(str(folder))
    headers = list(opened.parsed(opened.files(), reader.read))
    found = [(each.iteration, each.entries["w"]) for each in headers]
    return [(iteration, entry.shape, entry.strides) for iteration, entry in found]


def test_checkpoints_that_differ_in_a_number_are_told_apart(tmp_path):
    def piece(step, shape=(2, 3), lr=b"\x00" * 8):
        more = {"global_step": b"K" + bytes([step]), "lr": b"G" + lr, "epoch": b"K" + bytes([step])}
        return pickled({"state_dict": pickled({"w": tensor("0", 6, shape, (3, 1))})[2:-1]} | more)

    pieces = [piece(1), piece(2), piece(3, (1, 3)), piece(4, (1, 3), b"\x3f" + b"\x00" * 7)]
    assert steps_of(tmp_path / "a", pieces) == [
        (1, (2, 3), None), (2, (2, 3), None), (3, (1, 3), None), (4, (1, 3), None),
    ]  # fmt: skip


def test_a_number_that_a_tensor_takes_from_elsewhere_is_no_free_one(tmp_path):
    def remembered(side):
        # The integer is an item of a dict and, by the memo or a copy, a side of the tensor too.
        view = W.replace(b"(J\x02\x00\x00\x00J\x03\x00\x00\x00t", b"(h\x07J\x03\x00\x00\x00t")
        assert view != W
        return (
            b"\x80\x02}(" + text("n") + b"K" + bytes([side]) + b"q\x07" + text("w") + view + b"u."
        )

    def tupled(side):
        view = W.replace(b"(J\x02\x00\x00\x00J\x03\x00\x00\x00t", b"h\x07")
        made = b"K" + bytes([side]) + b"K\x03\x86q\x07"
        return b"\x80\x02}(" + text("n") + made + text("w") + view + b"u."

    for number, way in enumerate((remembered, tupled)):
        pieces = [way(2), way(1), way(2)]
        found = steps_of(tmp_path / str(number), pieces)
        assert [shape for _, shape, _ in found] == [(2, 3), (1, 3), (2, 3)]
