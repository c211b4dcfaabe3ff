"""What the pickle of a PyTorch checkpoint holds: its tensors as places in storages, nothing run."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from deeptracker.errors import LogError
from deeptracker.pipeline.sources.pickle_values import (
    MOST_STEPS,
    Global,
    Opaque,
    PickleError,
    PickleValue,
    read_pickle,
)

__all__ = ["ITEM_BYTES", "Storage", "Tensor", "read_torch_pickle"]

# Bytes of an element, by safetensors' codes and by ours for what it has no code for.
ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1}
ITEM_BYTES |= {"U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "C64": 8, "C128": 16}
ITEM_BYTES |= {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1}
STORAGES = {"Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "Long": "I64"}
STORAGES |= {"Int": "I32", "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL"}
STORAGES |= {"ComplexFloat": "C64", "ComplexDouble": "C128"}
CODES = {f"torch.{name}Storage": code for name, code in STORAGES.items()}
UNTYPED = {"torch.storage.UntypedStorage", "torch.UntypedStorage"}
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
DTYPES |= {f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)}
DTYPES |= {f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)}
DTYPES |= {"bool": "BOOL", "complex64": "C64", "complex128": "C128"}
DTYPES |= {"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0"}
DTYPES |= {"float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ"}
DICTS = {"collections.OrderedDict", "collections.defaultdict", "collections.Counter"}
DICTS |= {"builtins.dict", "__builtin__.dict"}
# Modules and functions that are in a pickle only so that loading it runs something.
EXECUTING = re.compile(
    r"(?:os|posix|nt|sys|subprocess|commands|shutil|importlib|runpy|pty|socket|ctypes|marshal"
    r"|pickle|_pickle|dill|cloudpickle|joblib|code|codeop|timeit|pdb|bdb|trace|profile|cProfile"
    r"|multiprocessing|threading|_thread|asyncio|signal|webbrowser|http|urllib|requests|httpx"
    r"|ftplib|smtplib|pip|setuptools|distutils|ensurepip|doctest|torch\.hub|torch\.jit"
    r"|torch\.utils\.cpp_extension|numpy\.testing|posixpath|ntpath)\..*"
    r"|(?:builtins|__builtin__)\.(?:eval|exec|execfile|compile|__import__|open|input|breakpoint"
    r"|globals|locals|apply|file|exit|quit)"
    r"|types\.(?:FunctionType|CodeType|LambdaType)|torch\.load|numpy\.load|pandas\.read_pickle"
    r"|operator\.(?:methodcaller|attrgetter)|functools\.reduce"
)
# Of the modules above: what is harmless there and found in checkpoints.
HARMLESS = re.compile(
    r"(?:dill\._dill\._(?:load_type|create_type|create_namedtuple)|torch\.jit\._pickle\..*"
    r"|signal\.Signals|http\.HTTPStatus)"
)


class Storage(NamedTuple):
    """A storage: numbers that tensors share.

    Attributes
    ----------
    key : str
        Its file's name in the archive.
    dtype : str
        A code of `ITEM_BYTES`; empty where it is bytes.
    elements : int
    """

    key: str
    dtype: str
    elements: int


class Tensor(NamedTuple):
    """A tensor as a view of a storage; offset and strides count elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_pickle(
    location: str, data: bytes, watched: frozenset[str] = frozenset()
) -> PickleValue:
    """Read the value of a checkpoint's pickle, with `Tensor` for tensors.

    Parameters
    ----------
    location : str
        The file's name in errors.
    watched : frozenset of str
        As of `read_pickle`.

    Raises
    ------
    LogError
        When it is malformed, or names what runs code.
    """
    reading = _Reading(location)
    try:
        return read_pickle(data, reading.made, reading.named, reading.stored, watched)
    except PickleError as error:
        raise LogError(
            f"{location}: its data.pkl {error}; copy it again, or save it again with torch.save"
        ) from error


@dataclass
class _Reading:
    """Gives what names, calls and persistent ids of a pickle stand for."""

    location: str
    copied: int = 0

    def named(self, name: str) -> None:
        """Refuse what runs code."""
        if EXECUTING.fullmatch(name) and not HARMLESS.fullmatch(name):
            raise LogError(
                f"{self.location}: names {name}, which would run code when it is loaded with "
                "pickle; refused, and nothing of it was run. Do not load this file; ask whoever "
                "wrote it for safetensors"
            )

    def stored(self, identity: Any) -> Any:
        """Give the storage of a persistent id."""
        if type(identity) is not tuple or len(identity) < 5 or identity[0] != "storage":
            return Opaque("persistent id")
        _, kind, key, _, elements = identity[:5]
        name = kind.name if type(kind) is Global else ""
        if name not in CODES and name not in UNTYPED:
            return Opaque(name or "storage")
        if type(key) is not str or not _is_count(elements):
            raise PickleError("has a malformed storage")
        return Storage(key, CODES.get(name, ""), elements)

    def made(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Give what a call stands for."""
        if name in DICTS:
            return self._dict(arguments)
        if name in ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"):
            return _tensor(arguments, "")
        if name == "torch._utils._rebuild_tensor_v3":
            dtype = arguments[6] if len(arguments) > 6 else None
            code = dtype.name.removeprefix("torch.") if type(dtype) is Global else ""
            return _tensor(arguments, DTYPES.get(code, code or "?"))
        if name in (
            "torch._utils._rebuild_parameter",
            "torch._utils._rebuild_parameter_with_state",
            "torch.nn.parameter.Parameter",
        ):
            return arguments[0] if arguments else Opaque(name)
        if name == "torch._tensor._rebuild_from_type_v2" and len(arguments) == 4:
            function, _, given, _ = arguments
            if type(function) is Global and type(given) is tuple:
                return self._rebuilt(function.name, given)
        return Opaque(name)

    def _rebuilt(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Give the tensor below a subclass of it; what is nested deeper is not understood."""
        nested = "torch._tensor._rebuild_from_type_v2"
        return Opaque(name) if name == nested else self.made(name, arguments)

    def _dict(self, arguments: tuple[Any, ...]) -> dict[Any, Any]:
        """Give a dict; one of pairs, as old pickles write it, is copied."""
        pairs = arguments[0] if arguments else None
        found: dict[Any, Any] = {}
        if type(pairs) is not list:
            return found
        # One list may be given to many dicts.
        self.copied += len(pairs)
        if self.copied > MOST_STEPS:
            raise PickleError(f"takes more than {MOST_STEPS:,} steps")
        for pair in pairs:
            if type(pair) in (list, tuple) and len(pair) == 2 and type(pair[0]) is str:
                found[pair[0]] = pair[1]
        return found


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _tensor(arguments: tuple[Any, ...], dtype: str) -> Any:
    if len(arguments) < 4:
        raise PickleError("has a malformed tensor")
    storage, offset, shape, strides = arguments[:4]
    if type(storage) is not Storage:
        return Opaque("a tensor without storage")
    sound = type(shape) is tuple and type(strides) is tuple and len(shape) == len(strides)
    if not sound or not all(map(_is_count, (offset, *shape, *strides))) or len(shape) > 64:
        raise PickleError("has a malformed tensor")
    return Tensor(storage, dtype or storage.dtype or "U8", offset, shape, strides)
