"""Reading elements of a tensor by byte range, into a reusable buffer."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np

from deeptracker.errors import LogError
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.manifest import ByteRange
from deeptracker.pipeline.sources.read_ahead import ReadAhead, ended
from deeptracker.pipeline.sources.strided_reading import read_strided

__all__ = [
    "MOST_OPEN_FILES",
    "RAW_DTYPES",
    "LocalFiles",
    "Reader",
    "read_values",
    "reading",
    "to_float",
    "unreadable",
]

Reader = Callable[[ByteRange, int, int, np.ndarray], np.ndarray]

# Limit of one task; a process may open about a thousand.
MOST_OPEN_FILES = 128

# BF16 has no NumPy dtype: its 16 bits are the upper half of a float32.
RAW_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("<i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("<u1"),
    "BOOL": np.dtype("?"),
}


def read_values(
    ref: ByteRange, start: int = 0, stop: int | None = None, out: np.ndarray | None = None
) -> np.ndarray:
    """Read elements [start, stop) of a tensor as they are stored.

    Parameters
    ----------
    ref : ByteRange
        The tensor.
    start, stop : int
        Element range in C order; `stop` defaults to the tensor's end.
    out : numpy.ndarray, optional
        A buffer of the raw dtype, large enough; its beginning is filled and returned.

    Returns
    -------
    numpy.ndarray
        Raw elements [stop - start]: BF16 as uint16, the others in their own dtype.
    """
    stop = ref.size if stop is None else stop
    dtype = RAW_DTYPES[ref.dtype]
    values = np.empty(stop - start, dtype) if out is None else out[: stop - start]
    if ref.access is not None:
        with ReadAhead([Request.of(ref, start, stop)]) as ahead:
            return ahead.read(ref, start, stop, values)
    with LocalFiles() as files:
        return files.read(ref, start, stop, values)


class LocalFiles:
    """Reads ranges of files on disk and keeps the files open: a task reads many ranges of each.

    Attributes
    ----------
    closed : int
        Number of files closed so that others could be opened.
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self.closed = 0

    def read(self, ref: ByteRange, start: int, stop: int, out: np.ndarray) -> np.ndarray:
        """Read elements [start, stop) of a tensor into the beginning of a buffer, and return them.

        Raises
        ------
        LogError
            When the file ends before `stop`, or cannot be read.
        """
        values = out[: stop - start]
        if ref.strides is not None:
            return read_strided(self.fill, ref, start, stop, values)
        self.fill(Request.of(ref, start, stop), values.view(np.uint8))
        return values

    def fill(self, wanted: Request, out: np.ndarray) -> None:
        """Read a range into a buffer of its length: uint8 [byte]. It raises as `read` does."""
        content = memoryview(out)  # type: ignore[arg-type]  # has a buffer
        done = 0
        descriptor = self.descriptor(wanted.path)
        try:
            while done < len(content):
                count = os.preadv(descriptor, [content[done:]], wanted.first + done)
                if not count:
                    raise LogError(ended(wanted.path))
                done += count
        except OSError as error:
            raise unreadable(wanted.path, error) from error

    def descriptor(self, path: str) -> int:
        """Give the descriptor of an open file, valid until `MOST_OPEN_FILES` others are requested.

        Raises
        ------
        LogError
            When the file cannot be opened.
        """
        descriptor = self._open.pop(path, None)
        if descriptor is None:
            if len(self._open) >= MOST_OPEN_FILES:
                os.close(self._open.pop(next(iter(self._open))))
                self.closed += 1
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise unreadable(path, error) from error
        # Most recent file last: the first in the dict is the least recently used, and is closed.
        self._open[path] = descriptor
        return descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            os.close(self._open.popitem()[1])


@contextmanager
def reading(requests: Iterable[Request]) -> Iterator[Reader]:
    """Give a function that reads as `read_values` does, in the order of the requests.

    Files on disk are read on demand; objects in buckets are fetched ahead.

    Parameters
    ----------
    requests : iterable of Request
        In the order in which they will be read; all on disk, or all in buckets.
    """
    coming = iter(requests)
    first = next(coming, None)
    if first is None or first.access is None:
        with LocalFiles() as files:
            yield files.read
        return
    with ReadAhead([first, *coming]) as ahead:
        yield ahead.read


def to_float(raw: np.ndarray, dtype: str) -> np.ndarray:
    """Turn raw elements into numbers: float64 for F64, else float32.

    Parameters
    ----------
    raw : numpy.ndarray
        Elements from `read_values`.
    dtype : str
        The safetensors code.
    """
    if dtype == "BF16":
        return (raw.astype(np.uint32) << 16).view(np.float32)
    if dtype == "F64":
        return raw
    return raw.astype(np.float32, copy=False)


def unreadable(path: str, error: OSError) -> LogError:
    """Give the error of a file that cannot be read."""
    return LogError(
        f"{path}: could not be read ({error.strerror}); it was there when processing began. "
        "Process again"
    )
