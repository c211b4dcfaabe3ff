"""Reading from buckets: ranges are fetched before they are needed, neighbours together.

A request to a bucket takes milliseconds even for a few bytes. So one request fetches neighbouring
tensors of an object, parallel requests fetch a large tensor, and the next window is fetched while
the last one is measured. One request per tensor took 12 times as long for two snapshots of
ResNet-50 on moto's server.

`obstore.get_ranges` joins neighbours too, but is not used here for two reasons: it panics when an
object has become shorter than a joined range (obstore 0.12), and it joins again the pieces that
were cut to be fetched in parallel.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import numpy as np
import obstore

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.object_store import REQUEST_ERRORS, Access, ObjectURL, bucket_at
from deeptracker.pipeline.locations.refusals import cause_of
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.manifest import ByteRange
from deeptracker.pipeline.sources.strided_reading import read_strided

__all__ = ["ReadAhead", "ended"]

# A window is fetched while the one before is consumed: two are held at a time.
WINDOW_BYTES = 32 * 2**20
# Most bytes of one request; a larger range is cut into pieces that are fetched in parallel.
LARGEST_PIECE = 8 * 2**20
# Reading a gap up to this size is cheaper than a second request.
LARGEST_GAP = 2**18
PARALLEL_REQUESTS = 16


@dataclass
class _Window:
    """Requests that are fetched together.

    Attributes
    ----------
    pieces : dict of str to list
        By object: (first byte, byte after the last, its content to come), ascending.
    """

    requests: Sequence[Request]
    left: int
    pieces: dict[str, list[tuple[int, int, Future[Any]]]] = field(default_factory=dict)

    def fetch(self) -> None:
        """Begin to fetch, unless it has begun."""
        if self.pieces:
            return
        ordered = sorted(self.requests, key=lambda request: request.key)
        for path, group in groupby(ordered, key=lambda request: request.path):
            access = next(r.access for r in self.requests if r.path == path)
            assert access is not None
            self.pieces[path] = [
                (first, last, _pool().submit(_fetch, path, first, last, access))
                for first, last in _pieces([(r.first, r.last) for r in group])
            ]

    def cancel(self) -> None:
        """Cancel the requests that have not begun."""
        for pieces in self.pieces.values():
            for _, _, future in pieces:
                future.cancel()


class ReadAhead:
    """Reads ranges of objects in a stated order.

    Other ranges can be read too, but are not fetched ahead.

    Parameters
    ----------
    requests : sequence of Request
        In the order in which they will be read.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        some = [request for request in requests if request.first < request.last]
        self._windows = [_Window(group, len(group)) for group in _grouped(some)]
        self._place = {
            request.key: index
            for index, window in enumerate(self._windows)
            for request in window.requests
        }

    def read(self, ref: ByteRange, start: int, stop: int, out: np.ndarray) -> np.ndarray:
        """Read elements [start, stop) of a tensor into the beginning of a buffer.

        Returns
        -------
        numpy.ndarray
            Raw elements [stop - start].

        Raises
        ------
        LogError
            When the object ends before `stop`, or cannot be read.
        """
        values = out[: stop - start]
        if ref.strides is not None:
            return read_strided(self.fill, ref, start, stop, values)
        self.fill(Request.of(ref, start, stop), values.view(np.uint8))
        return values

    def fill(self, wanted: Request, out: np.ndarray) -> None:
        """Read a range into a buffer of its length: uint8 [byte]. It raises as `read` does."""
        content = memoryview(out)  # type: ignore[arg-type]  # has a buffer
        index = self._place.pop(wanted.key, None)
        window = self._windows[index] if index is not None else _Window([wanted], 1)
        window.fetch()
        if index is not None and index + 1 < len(self._windows):
            self._windows[index + 1].fetch()
        _copy(window.pieces[wanted.path], wanted.first, wanted.last, content)
        window.left -= 1
        if not window.left:
            window.pieces = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for window in self._windows:
            window.cancel()


def _grouped(requests: Sequence[Request]) -> Iterator[list[Request]]:
    group: list[Request] = []
    total = 0
    for request in requests:
        nbytes = request.last - request.first
        if group and total + nbytes > WINDOW_BYTES:
            yield group
            group, total = [], 0
        group.append(request)
        total += nbytes
    if group:
        yield group


def _pieces(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join neighbouring ranges of one object, given in ascending order; cut ranges too large."""
    first, last = ranges[0]
    joined = []
    for begin, end in ranges[1:]:
        if begin - last <= LARGEST_GAP:
            last = max(last, end)
        else:
            joined.append((first, last))
            first, last = begin, end
    for begin, end in [*joined, (first, last)]:
        for cut in range(begin, end, LARGEST_PIECE):
            yield cut, min(cut + LARGEST_PIECE, end)


def _copy(
    pieces: Sequence[tuple[int, int, Future[Any]]], first: int, last: int, content: memoryview
) -> None:
    """Fill a buffer with the bytes [first, last) of an object."""
    for begin, end, future in pieces:
        low, high = max(first, begin), min(last, end)
        if low < high:
            content[low - first : high - first] = future.result()[low - begin : high - begin]


def _fetch(path: str, first: int, last: int, access: Access) -> memoryview:
    url = ObjectURL.parse(path)
    try:
        found = obstore.get_range(bucket_at(url.bucket, access), url.key, start=first, end=last)
    except FileNotFoundError:
        raise LogError(
            f"{path}: is gone; it was there when processing began. Process again"
        ) from None
    except REQUEST_ERRORS as error:
        cause = cause_of(error)
        if cause.startswith("the server answers 416"):
            raise LogError(ended(path)) from None
        raise LogError(f"{path}: could not be read: {cause}. Process again") from None
    content = memoryview(found)
    if len(content) < last - first:
        raise LogError(ended(path))
    return content


def ended(path: str) -> str:
    """Give the message for a file or an object that has become shorter."""
    return (
        f"{path}: ended while it was read; a snapshot must not change once it is written. Process "
        "again to leave it out or to read it again"
    )


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PARALLEL_REQUESTS, thread_name_prefix="deeptracker-read")
