"""Arrays of any framework as safetensors payloads, without importing the framework."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeptracker.errors import LogError

__all__ = ["Payload", "float_bits_to_bfloat16", "to_numpy", "to_payload"]

CODES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}


@dataclass(frozen=True)
class Payload:
    """One tensor, ready to be written.

    Attributes
    ----------
    code : str
        The safetensors code of its dtype.
    shape : tuple of int
    data : numpy.ndarray
        Its elements in C order and little-endian; bfloat16 as uint16 bit patterns.
    """

    code: str
    shape: tuple[int, ...]
    data: np.ndarray

    @property
    def nbytes(self) -> int:
        """Length in bytes."""
        return int(self.data.nbytes)


def float_bits_to_bfloat16(values: np.ndarray) -> np.ndarray:
    """Round float32 to bfloat16 bit patterns (to nearest, ties to even), keeping NaN a NaN."""
    bits = np.ascontiguousarray(values, dtype="<f4").view(np.uint32)
    rounded = ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def to_payload(value: Any, name: str = "tensor", dtype: str | None = None) -> Payload:
    """Turn a torch tensor, NumPy array, or anything with ``__array__`` or DLPack into bytes.

    Parameters
    ----------
    value : array-like
        A torch tensor may be on any device and require a gradient.
    name : str
        Its name in errors.
    dtype : str, optional
        ``"float32"``, ``"float16"`` or ``"bfloat16"``: floating-point values are rounded to it.

    Raises
    ------
    LogError
        When the value is not an array, or safetensors has no code for its dtype.
    """
    array, code = _as_numpy(value, name)
    if dtype is not None and code in ("F64", "F32", "F16", "BF16") and CODES[dtype] != code:
        array, code = _cast(array, code, dtype)
    shape = tuple(int(length) for length in np.shape(array))
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1)
    return Payload(code, shape, little)


def to_numpy(value: Any, name: str = "tensor") -> np.ndarray:
    """Turn any framework's array into a NumPy array; bfloat16 becomes float32."""
    array, code = _as_numpy(value, name)
    return _widen(array) if code == "BF16" else array


def _widen(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _cast(array: np.ndarray, code: str, dtype: str) -> tuple[np.ndarray, str]:
    values = _widen(array) if code == "BF16" else array
    with np.errstate(over="ignore"):
        if dtype == "bfloat16":
            return float_bits_to_bfloat16(values.astype(np.float32)), "BF16"
        return values.astype(dtype), CODES[dtype]


def _as_numpy(value: Any, name: str) -> tuple[np.ndarray, str]:
    """Return (array, safetensors code); bfloat16 is returned as uint16 bit patterns."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")).endswith("bfloat16"):
            return _torch_bfloat16_bits(value), "BF16"
    array = _array_of(value, name)
    code = CODES.get(array.dtype.name)
    if code is None:
        raise LogError(
            f"{name}: the dtype {array.dtype} cannot be stored; give floats, integers or booleans"
        )
    return (array.view(np.uint16) if code == "BF16" else array), code


def _torch_bfloat16_bits(tensor: Any) -> np.ndarray:
    # NumPy has no bfloat16; torch gives the same bytes as 16-bit integers.
    shape = tuple(tensor.shape)
    bits = tensor.contiguous().view(-1).view(_int16_of(tensor)).numpy().view(np.uint16)
    return np.asarray(bits.reshape(shape))


def _int16_of(tensor: Any) -> Any:
    return sys.modules[type(tensor).__module__.split(".")[0]].int16


def _array_of(value: Any, name: str) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__array__") or isinstance(value, int | float | bool | list | tuple):
        array = np.asarray(value)
    elif hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    else:
        raise LogError(
            f"{name}: {type(value).__name__} is not an array; give a tensor, a NumPy array, or "
            "anything with __array__ or __dlpack__"
        )
    if array.dtype == object:
        raise LogError(f"{name}: holds Python objects, not numbers")
    return array
