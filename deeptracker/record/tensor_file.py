"""safetensors files: headers read without the tensors, and files written atomically."""

import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deeptracker.errors import LogError
from deeptracker.record.framework_arrays import Payload, to_payload

__all__ = [
    "TEMPORARY_SUFFIX",
    "TensorEntry",
    "parse_header",
    "read_header",
    "read_tensor",
    "write_tensors",
]

TEMPORARY_SUFFIX = ".partial"
# The safetensors library's own limit: a longer header is an attack or garbage.
LARGEST_HEADER = 100_000_000

ITEM_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2}
ITEM_BYTES |= {"I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}
# Valid codes that this module cannot read as arrays.
OTHER_ITEM_BITS = {"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8}
OTHER_ITEM_BITS |= {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64}
ITEM_BITS = {code: 8 * item for code, item in ITEM_BYTES.items()} | OTHER_ITEM_BITS
NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
NUMPY_TYPES |= {"I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1"}
NUMPY_TYPES |= {"BOOL": "?"}


class TensorEntry(NamedTuple):
    """The position of one tensor in its file.

    Attributes
    ----------
    dtype : str
        A safetensors code: ``"F32"``, ``"BF16"``, …
    shape : tuple of int
    offset : int
        The first byte, counted from the file's beginning.
    nbytes : int
        Length of its elements in bytes.
    file : int
        Which file, where a snapshot has several.
    strides : tuple of int or None
        Elements from one to the next along each axis; None in C order.
    """

    dtype: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int
    file: int = 0
    strides: tuple[int, ...] | None = None


def read_header(path: str | Path) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Read the positions of a file's tensors, without reading the tensors.

    Parameters
    ----------
    path : str or Path
        A safetensors file.

    Returns
    -------
    entries : dict of str to TensorEntry
    metadata : dict of str to str
        The header's ``__metadata__``.

    Raises
    ------
    LogError
        When the file is missing, truncated or not a safetensors file, or its header places a
        tensor outside the file.
    """
    try:
        with Path(path).open("rb") as file:

            def read(start: int, stop: int) -> bytes:
                file.seek(start)
                return file.read(stop - start)

            return parse_header(str(path), os.fstat(file.fileno()).st_size, read)
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror or error})") from error


def parse_header(
    path: str, file_bytes: int, read: Callable[[int, int], bytes]
) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Read the positions of a file's tensors, from a disk or a bucket.

    Parameters
    ----------
    path : str
        The file's name in errors.
    file_bytes : int
        The file's length.
    read : callable
        Gives the bytes [start, stop) of the file; called first for 8 bytes, then for the header.

    Raises
    ------
    LogError
        As `read_header` does.
    """
    length = _header_length(path, read(0, 8), file_bytes)
    try:
        fields = json.loads(read(8, 8 + length))
    except (ValueError, RecursionError) as error:
        raise LogError(
            f"{path}: its header is not JSON, so it is not an intact safetensors file; "
            "copy or record it again"
        ) from error
    if not isinstance(fields, dict):
        raise LogError(f"{path}: its header is not a JSON object; record it again")
    metadata = fields.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise LogError(f"{path}: its __metadata__ is not a JSON object; record it again")
    for name in fields:
        if not _is_text(name):
            raise LogError(
                f"{path}: holds a tensor whose name {name!r} is not text (half a surrogate pair); "
                "rename it"
            )
    entries = {
        name: _entry(path, name, field, 8 + length, file_bytes) for name, field in fields.items()
    }
    return entries, {str(key): str(value) for key, value in metadata.items()}


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _header_length(path: str, prefix: bytes, file_bytes: int) -> int:
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else None
    if length is None or 8 + length > file_bytes:
        raise LogError(
            f"{path}: is truncated ({file_bytes:,} bytes, shorter than its header); "
            "copy or record it again"
        )
    if length > LARGEST_HEADER:
        raise LogError(f"{path}: its header claims {length:,} bytes; it is not a safetensors file")
    return int(length)


def _entry(path: str, name: str, field: Any, data_start: int, file_bytes: int) -> TensorEntry:
    try:
        dtype, shape = field["dtype"], field["shape"]
        begin, end = field["data_offsets"]
        numbers = (*shape, begin, end)
        sound = (
            {*map(type, numbers)} == {int}
            and min(numbers) >= 0
            and dtype in ITEM_BITS
            and 8 * (end - begin) == math.prod(shape) * ITEM_BITS[dtype]
        )
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise LogError(
            f"{path}: the header's entry for {name!r} is malformed or of an unknown dtype; "
            "record the file again"
        )
    if data_start + end > file_bytes:
        raise LogError(
            f"{path}: is truncated ({file_bytes:,} bytes; {name!r} ends at byte "
            f"{data_start + end:,}); copy or record it again"
        )
    return TensorEntry(dtype, tuple(shape), data_start + begin, end - begin)


def read_tensor(
    path: str | Path, entry: TensorEntry, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Read elements [start, stop) of a tensor, in C order; bfloat16 is returned as float32.

    Raises
    ------
    LogError
        When the file ends within the tensor, or NumPy lacks its dtype.
    """
    if entry.dtype not in ITEM_BYTES:
        raise LogError(f"{path}: a tensor is {entry.dtype}, which cannot be read; convert it")
    item = ITEM_BYTES[entry.dtype]
    stop = math.prod(entry.shape) if stop is None else stop
    try:
        with Path(path).open("rb") as file:
            file.seek(entry.offset + start * item)
            data = file.read((stop - start) * item)
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(data) < (stop - start) * item:
        raise LogError(f"{path}: ends within a tensor; copy or record it again")
    values = np.frombuffer(data, dtype=NUMPY_TYPES[entry.dtype])
    if entry.dtype == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def write_tensors(
    path: str | Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> int:
    """Write tensors to a safetensors file, whole or not at all.

    The file is written under a temporary name in the same folder, flushed to disk and renamed.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.
    tensors : mapping of str to array-like
        Torch tensors (bfloat16 too), NumPy arrays, anything with ``__array__`` or DLPack.
    metadata : mapping of str to str, optional

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    LogError
        When a value is not an array, or the file cannot be written (disk full, read-only).
    """
    path = Path(path)
    payloads = {
        name: value if isinstance(value, Payload) else to_payload(value, name)
        for name, value in tensors.items()
    }
    # Largest item sizes first keeps every tensor aligned; equal sizes keep the network's order.
    ordered = sorted(payloads.items(), key=lambda item: -ITEM_BYTES[item[1].code])
    fields: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, payload in ordered:
        begin, end = end, end + payload.nbytes
        fields[name] = {
            "dtype": payload.code,
            "shape": list(payload.shape),
            "data_offsets": [begin, end],
        }
    header = json.dumps(fields, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    data = (payload.data.data.cast("B") for _, payload in ordered if payload.nbytes)
    replace_file(path, [struct.pack("<Q", len(header)), header, *data])
    return 8 + len(header) + end


def replace_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Replace a file in one step, so that a reader never sees half of it.

    Raises
    ------
    LogError
        When the file cannot be written; the earlier file stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LogError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "free space or choose another folder. Earlier recordings are intact"
        ) from error
