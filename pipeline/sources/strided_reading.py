"""Reading a tensor whose elements do not lie in C order: transposed, or with gaps between them.

What is asked for is cut into boxes along the axes. A box is read with what lies between its
elements if that is little, else it is cut along the axis of the largest stride.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.manifest import ITEM_BYTES, ByteRange

__all__ = ["read_strided"]

# A box that covers at most so many bytes is read whole.
SMALL_COVER = 2**18
# So is one that covers at most this many times its own bytes, up to a limit of memory.
LARGEST_SHARE = 8
LARGEST_COVER = 32 * 2**20


def read_strided(
    fill: Callable[[Request, np.ndarray], None],
    ref: ByteRange,
    start: int,
    stop: int,
    out: np.ndarray,
) -> np.ndarray:
    """Read elements [start, stop) of a tensor, counted in C order.

    Parameters
    ----------
    fill : callable
        Reads a range of bytes into a buffer of its length.
    ref : ByteRange
        With strides.
    out : numpy.ndarray
        Raw elements [stop - start]; it is filled and returned.
    """
    done = 0
    for box in _boxes(ref.shape, start, stop):
        shape = tuple(last - first for first, last in box)
        count = math.prod(shape)
        begin = sum(first * step for (first, _), step in zip(box, ref.strides or (), strict=True))
        _read_box(fill, ref, begin, out[done : done + count].reshape(shape))
        done += count
    return out


def _boxes(shape: Sequence[int], start: int, stop: int) -> Iterator[list[tuple[int, int]]]:
    """Cut elements [start, stop) in C order into boxes: (first, last) along each axis."""
    if start >= stop:
        return
    if not shape:
        yield []
        return
    row = math.prod(shape[1:])
    whole = [(0, side) for side in shape[1:]]
    first, into = divmod(start, row)
    last, past = divmod(stop, row)
    if first == last:
        yield from ([(first, first + 1), *box] for box in _boxes(shape[1:], into, past))
        return
    if into:
        yield from ([(first, first + 1), *box] for box in _boxes(shape[1:], into, row))
        first += 1
    if first < last:
        yield [(first, last), *whole]
    yield from ([(last, last + 1), *box] for box in _boxes(shape[1:], 0, past))


def _read_box(
    fill: Callable[[Request, np.ndarray], None], ref: ByteRange, begin: int, out: np.ndarray
) -> None:
    """Read a box whose first element is the storage's `begin`-th from the tensor's first."""
    strides, item = ref.strides or (), ITEM_BYTES[ref.dtype]
    covered = 1 + sum((side - 1) * step for side, step in zip(out.shape, strides, strict=True))
    share = min(LARGEST_SHARE * out.nbytes, LARGEST_COVER)
    if covered * item <= max(SMALL_COVER, share):
        raw = np.empty(covered * item, np.uint8)
        first = ref.offset + begin * item
        fill(Request(ref.path, first, first + len(raw), ref.access), raw)
        apart = tuple(step * item for step in strides)
        out[...] = np.lib.stride_tricks.as_strided(raw.view(out.dtype), out.shape, apart)
        return
    reach = [(side - 1) * step for side, step in zip(out.shape, strides, strict=True)]
    axis = reach.index(max(reach))
    half = out.shape[axis] // 2
    low, high = np.split(out, [half], axis=axis)
    _read_box(fill, ref, begin, low)
    _read_box(fill, ref, begin + half * strides[axis], high)
