"""Files as torch.save writes them, made without torch: byte by byte, so that each may be wrong."""

import struct
import zipfile

import numpy as np

__all__ = ["pickled", "tensor", "text", "torch_file"]

STORAGES = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long"}


def text(value):
    """A text in a pickle."""
    content = value.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def number(value):
    """A whole number in a pickle."""
    if abs(value) < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key, elements, shape, strides, offset=0, kind="Float", rebuild="_rebuild_tensor_v2"):
    """A tensor in a pickle, a view of a storage."""
    storage = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"Storage\n" + text(key)
    storage += text("cpu") + number(elements) + b"tQ"
    call = b"ctorch._utils\n" + rebuild.encode() + b"\n("
    return (
        call + storage + number(offset) + numbers(shape) + numbers(strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


def pickled(items):
    """The pickle of a dict of texts to pieces of pickles."""
    body = b"".join(text(name) + piece for name, piece in items.items())
    return b"\x80\x02}(" + body + b"u."


def torch_file(path, arrays=None, data=None, more=None, method=zipfile.ZIP_STORED):
    """Write a checkpoint: a state dict of arrays, or a pickle with some storages.

    Parameters
    ----------
    arrays : dict of str to array
        The values, in C order.
    data : bytes, optional
        The pickle instead.
    more : dict of str to bytes, optional
        Further entries, or storages ``data/0`` of a pickle that is given.
    """
    entries = {}
    if data is None:
        items = {}
        for key, (name, array) in enumerate(arrays.items()):
            values = np.ascontiguousarray(array)
            strides = tuple(step // values.itemsize for step in values.strides)
            kind = STORAGES[values.dtype.str[1:]]
            items[name] = tensor(str(key), values.size, values.shape, strides, kind=kind)
            entries[f"data/{key}"] = values.tobytes()
        data = pickled(items)
    entries = {"data.pkl": data, "byteorder": b"little"} | entries | (more or {})
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)
