"""Fast packing of pyramid chunks in a compressed form that any Blosc reader understands.

Values are rounded to bfloat16 and stored as float32: the lower half of every value is zero. Blosc's
*bitshuffle* puts bit 0 of all values first, then bit 1 of all, and so on; then it applies LZ4. Here
only the 16 planes of the upper half are moved, 64 values at a time, and the LZ4 stream is written
directly: one run for the zeros, a run where a plane stays equal, a back reference where a column
equals the one before, and literals for the rest (mostly the mantissa, which does not compress).

Chunks of ResNet-50's pyramids are packed 2.5 times as fast as by numcodecs' Blosc, and Blosc's are
1.23 times as large (``python benchmarks/packing.py``).

Formats: c-blosc's README_CHUNK_FORMAT.rst (version 1) and LZ4's lz4_Block_format.md.
"""

import itertools
import threading

import numpy as np
from ml_dtypes import bfloat16

from deeptracker.pipeline.kernels.packing.bit_moves import (
    BLOCK,
    HALF_BITS,
    HEADER_BYTES,
    LANES,
    WORDS_TOGETHER,
)
from deeptracker.pipeline.kernels.packing.lz4_block import pack_lz4

__all__ = ["packed_planes", "upper_halves"]


def upper_halves(chunk: np.ndarray) -> np.ndarray | None:
    """Convert values to the form that `packed_planes` takes.

    Returns
    -------
    numpy.ndarray or None
        uint16 [value], from bfloat16, or from float32 with all lower halves zero. None if a lower
        half is not zero, or the number of values is not a multiple of 64.
    """
    if chunk.size == 0 or chunk.size % LANES:
        return None
    if chunk.dtype == bfloat16:
        return np.ascontiguousarray(chunk).view(np.uint16).ravel()
    if chunk.dtype != np.float32:
        return None
    bits = np.ascontiguousarray(chunk).view(np.uint32).ravel()
    if np.bitwise_or.reduce(bits) & 0xFFFF:
        return None
    return (bits >> 16).astype(np.uint16)


def packed_planes(values: np.ndarray, column_values: int, chunks: int = 1) -> list[memoryview]:
    """Compress values as Blosc would: bitshuffled in blocks, then LZ4.

    Parameters
    ----------
    values : numpy.ndarray
        uint16 [value], contiguous: the upper halves of float32, one chunk after the other. A
        chunk's number of values is a multiple of 64.
    column_values : int
        Values in one column of a chunk; a column equal to the one before takes few bytes.
    chunks : int
        Number of equal chunks in the values.

    Returns
    -------
    list of memoryview
        One view per chunk, all of one buffer, which lives as long as any view.
    """
    size = values.size // chunks
    assert size * chunks == values.size
    assert size % LANES == 0
    even = column_values % (LANES * WORDS_TOGETHER) == 0 and column_values <= BLOCK // 2
    block = min(BLOCK // column_values * column_values if even else BLOCK, size)
    blocks = -(-size // block)
    # Literals, and the lengths of runs and literals: a byte per 255.
    most = HEADER_BYTES + 2 * size + size // 32 + 64 * blocks
    out = _scratch(chunks * most)
    words = HALF_BITS * block // LANES
    planes, marks = np.empty(words, np.uint64), np.empty((2, words), np.uint8)
    column_words = column_values // LANES if even else 0
    ends = np.empty(chunks, np.int64)
    room = planes, planes.view(np.uint8), marks[0], marks[1]
    pack_lz4(values.reshape(chunks, size), block, column_words, room, out, ends)
    found = memoryview(out[: ends[-1]].tobytes())
    return [found[begin:end] for begin, end in itertools.pairwise([0, *ends.tolist()])]


_room = threading.local()


def _scratch(nbytes: int) -> np.ndarray:
    """Give the thread's reused buffer, uint8 [byte]; callers overwrite it before they read."""
    if not hasattr(_room, "out") or _room.out.size < nbytes:
        _room.out = np.empty(nbytes, np.uint8)
    return _room.out
