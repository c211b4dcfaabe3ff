"""Pyramid chunks in the compressed form that any reader of Blosc understands, made quickly.

What is stored is rounded to bfloat16 and read as float32: the lower half of every value is zero.
Blosc's *bitshuffle* puts bit 0 of all values first, then bit 1 of all, and so on; LZ4 follows. Here
only the 16 planes of the upper half are moved, 64 values at a time, and the LZ4 stream is written
directly: a run for the zeros, runs where a plane stays equal, back references to the column before
where it was the same, and the rest (mostly the mantissa, which nothing compresses) as it is.

Formats: c-blosc's README_CHUNK_FORMAT.rst (version 1) and LZ4's lz4_Block_format.md.
"""

import itertools
import threading

import numpy as np
from llvmlite import ir
from ml_dtypes import bfloat16
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from pipeline.kernels.compiling import inner, kernel

__all__ = ["LANES", "packed", "upper_halves"]

LANES = 64  # values that are moved together: a bit of each makes a word
HALF_BITS = 16
BLOCK = 32_768  # values: 8 columns of a chunk, each but the first with one to refer to
HEADER_BYTES = 16
# Version of the format and of LZ4's; LZ4, bitshuffled, a block not split by bytes; bytes a value.
HEADER = (2, 1, 0x20 | 0x10 | 0x04, 4)
LEAST_MATCH = 4  # bytes of a back reference
# Marks of a word: all zeros or all ones, and the same a column before.
RUNS, AGAIN = np.uint8(1 | 2), np.uint8(4)
ONES, BYTES = np.uint64(2**64 - 1), np.uint64(0x0101010101010101)
LITERAL_WORDS = 2  # LZ4 wants a block to end in literals
WORDS_TOGETHER = 8

quick = inner()


@intrinsic
def move_bits(typingctx, values, first, planes, words):  # noqa: ARG001  # Numba's signature
    """Move the bits of 64 values into a word of each of 16 planes.

    Parameters
    ----------
    values : uint16 [value], contiguous
        Those from `first` on, a multiple of 64, are taken; there must be 64.
    planes : uint64 [plane * words], contiguous
        Word ``first / 64`` of each plane is written.
    words : int
        Of a plane.
    """

    def generate(context, builder, signature, arguments):
        byte, word = ir.IntType(8), ir.IntType(64)
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        target = context.make_array(signature.args[2])(context, builder, arguments[2])
        place = cgutils.gep_inbounds(builder, source.data, arguments[1])
        halves = ir.VectorType(ir.IntType(HALF_BITS), LANES)
        loaded = builder.load(builder.bitcast(place, halves.as_pointer()))
        loaded.align = 2
        index = builder.lshr(arguments[1], ir.Constant(arguments[1].type, 6))
        for upper in (False, True):
            part = builder.lshr(loaded, ir.Constant(halves, [8] * LANES)) if upper else loaded
            part = builder.trunc(part, ir.VectorType(byte, LANES))
            for bit in reversed(range(8)):
                signs = builder.icmp_signed("<", part, ir.Constant(part.type, [0] * LANES))
                plane = ir.Constant(index.type, 8 * upper + bit)
                place = builder.add(builder.mul(plane, arguments[3]), index)
                slot = cgutils.gep_inbounds(builder, target.data, place)
                builder.store(builder.bitcast(signs, word), slot)
                part = builder.add(part, part)
        return context.get_dummy_value()

    return types.void(values, types.intp, planes, types.intp), generate


@intrinsic
def copy_bytes(typingctx, source, start, target, at, count):  # noqa: ARG001
    """Copy `count` bytes from source[start] to target[at]; both are uint8, contiguous."""

    def generate(context, builder, signature, arguments):
        arrays = [
            context.make_array(signature.args[place])(context, builder, arguments[place])
            for place in (0, 2)
        ]
        cgutils.raw_memcpy(
            builder,
            cgutils.gep_inbounds(builder, arrays[1].data, arguments[3]),
            cgutils.gep_inbounds(builder, arrays[0].data, arguments[1]),
            arguments[4],
            ir.Constant(arguments[4].type, 1),
        )
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp, types.intp), generate


def _equal_bytes(name):
    """Count bytes from one end of a word: those before the first bit that is set."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word, ir.IntType(1)])
        count = builder.module.declare_intrinsic(name, [word], kind)
        bits = builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 0)])
        return builder.lshr(bits, ir.Constant(word, 3))

    return types.int64(types.uint64), generate


@intrinsic
def low_bytes(typingctx, difference):  # noqa: ARG001
    """Count the zero bytes at the low end of a word, 8 of them where all are."""
    return _equal_bytes("llvm.cttz")


@intrinsic
def high_bytes(typingctx, difference):  # noqa: ARG001
    """Count the zero bytes at the high end of a word."""
    return _equal_bytes("llvm.ctlz")


def upper_halves(chunk: np.ndarray) -> np.ndarray | None:
    """Give values as they can be `packed`.

    Returns
    -------
    numpy.ndarray or None
        uint16 [value], of bfloat16, or of float32 whose lower halves are all zero; None where
        these are not, or the number of values is not a multiple of 64.
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


def packed(values: np.ndarray, column_values: int, chunks: int = 1) -> list[memoryview]:
    """Compress values as Blosc would: bitshuffled in blocks, then LZ4.

    Parameters
    ----------
    values : numpy.ndarray
        uint16 [value], contiguous: the upper halves of float32, one chunk after the other. In each
        as many as a multiple of 64.
    column_values : int
        Values of one column of a chunk; one that equals the one before it costs next to nothing.
    chunks : int
        Into how many equal chunks the values fall.

    Returns
    -------
    list of memoryview
        A chunk each; of one buffer, which lives as long as one of them.
    """
    size = values.size // chunks
    assert size * chunks == values.size
    assert size % LANES == 0
    even = column_values % (LANES * WORDS_TOGETHER) == 0 and column_values <= BLOCK // 2
    block = min(BLOCK // column_values * column_values if even else BLOCK, size)
    blocks = -(-size // block)
    # Literals, and the lengths of runs and literals, a byte for each 255.
    most = HEADER_BYTES + 2 * size + size // 32 + 64 * blocks
    out = _scratch(chunks * most)
    words = HALF_BITS * block // LANES
    planes, marks = np.empty(words, np.uint64), np.empty((2, words), np.uint8)
    column_words = column_values // LANES if even else 0
    ends = np.empty(chunks, np.int64)
    room = planes, planes.view(np.uint8), marks[0], marks[1]
    pack(values.reshape(chunks, size), block, column_words, room, out, ends)
    found = memoryview(out[: ends[-1]].tobytes())
    return [found[begin:end] for begin, end in itertools.pairwise([0, *ends.tolist()])]


_room = threading.local()


def _scratch(nbytes: int) -> np.ndarray:
    """Give uint8 [byte], the thread's own, used again and again: so much is written to it first."""
    if not hasattr(_room, "out") or _room.out.size < nbytes:
        _room.out = np.empty(nbytes, np.uint8)
    return _room.out


@kernel()
def pack(values, block, column_words, room, out, ends):
    """Write the chunks one after the other, and where each ends to `ends`.

    Parameters
    ----------
    values : uint16 [chunk, value]
    block : int
        Values a block, a multiple of 64.
    column_words : int
        Words of a plane that are one column; 0 where columns do not fill whole words.
    room : uint64 [word], the same memory as uint8, and twice uint8 [word]
        For a block's planes, and what is marked of them.
    out : uint8 [byte]
    """
    begin = 0
    for chunk in range(values.shape[0]):
        line = out[begin:]
        size = pack_chunk(values[chunk], block, column_words, room, line)
        for i in range(4):
            line[i] = HEADER[i]
        put_word(line, 4, 4 * values.shape[1])
        put_word(line, 8, 4 * block)
        put_word(line, 12, size)
        begin += size
        ends[chunk] = begin


@quick
def pack_chunk(values, block, column_words, room, out):
    """Write all blocks behind the header's place; return the size of the whole."""
    blocks = -(-values.size // block)
    lines = np.empty(HALF_BITS * WORDS_TOGETHER, np.uint64)
    at = HEADER_BYTES + 4 * blocks
    for number in range(blocks):
        part = values[number * block : (number + 1) * block]
        words = part.size // LANES
        move_block(part, words, lines, room[0])
        put_word(out, HEADER_BYTES + 4 * number, at)
        start = at + 4
        at = write_zeros(out, start, 2 * part.size)
        at = write_planes(room, words, column_words, out, at)
        put_word(out, start - 4, at - start)
    return at


@quick
def move_block(part, words, lines, planes):
    """Move a block's bits to its planes, a cache line of each at a time.

    Planes lie a power of two apart: word by word they would drive each other out of the cache.
    """
    together = WORDS_TOGETHER * LANES
    whole = part.size // together
    for line in range(whole):
        some = part[line * together : (line + 1) * together]
        for word in range(WORDS_TOGETHER):
            move_bits(some, word * LANES, lines, WORDS_TOGETHER)
        for plane in range(HALF_BITS):
            target = plane * words + line * WORDS_TOGETHER
            for word in range(WORDS_TOGETHER):
                planes[target + word] = lines[plane * WORDS_TOGETHER + word]
    for first in range(whole * together, part.size, LANES):
        move_bits(part, first, planes, words)


@quick
def write_planes(room, words, back, out, at):
    """Write the 16 planes of a block as LZ4 sequences; return where they end.

    `back` are the words of a column, 0 where columns are not looked at.
    """
    planes, plane_bytes, marks, starts = room
    total = HALF_BITS * words
    last = total - LITERAL_WORDS
    mark(planes[:total], back, last, marks, starts)
    marked, started = marks.view(np.uint64), starts.view(np.uint64)
    begin = 0  # of the literals, in bytes
    word = next_start(started, 0, last)
    while word < last:
        kind = starts[word]
        run = end_of(marks, marked, word, kind & RUNS) if kind & RUNS else word
        again = end_of(marks, marked, word, AGAIN) if kind & AGAIN else word
        if run >= again:
            # The run's first byte stands for itself, unless it is known, and is repeated.
            first = max(begin, 8 * word + 1)
            at = write_sequence(out, at, plane_bytes, begin, first, 1, 8 * run - first)
            word = run
            begin = 8 * word
        else:
            # What stood a column before, and the bytes beside it that did as well.
            step = 8 * back
            first, end = 8 * word, 8 * again
            if word > back:
                first -= high_bytes(planes[word - 1] ^ planes[word - 1 - back])
            first = max(first, begin)
            if again < last:
                end += low_bytes(planes[again] ^ planes[again - back])
            at = write_sequence(out, at, plane_bytes, begin, first, step, end - first)
            word = again
            begin = end
        word = next_start(started, word, last)
    return write_sequence(out, at, plane_bytes, begin, 8 * total, 0, 0)


@quick
def mark(planes, back, last, marks, starts):
    """Mark the words that are all zeros, all ones, or those `back` words before.

    In `starts`, only those whose next has the same mark: single words are not worth a sequence.
    Words from `last` on have none.
    """
    for word in range(planes.size):
        bits = planes[word]
        marks[word] = np.uint8(bits == np.uint64(0)) | np.uint8(bits == ONES) << np.uint8(1)
    if back:
        now, before, known = planes[back:], planes[:-back], marks[back:]
        for word in range(now.size):
            known[word] |= np.uint8(now[word] == before[word]) << np.uint8(2)
    marks[last : planes.size] = 0
    for word in range(planes.size - 1):
        starts[word] = marks[word] & marks[word + 1]
    starts[planes.size - 1] = 0


@quick
def next_start(started, word, last):
    """Find the next word with a mark, from this one on; `last` or more where there is none."""
    if word >= last:
        return word
    place = word // WORDS_TOGETHER
    ahead = started[place] >> np.uint64(8 * (word % WORDS_TOGETHER))
    if ahead:
        return word + low_bytes(ahead)
    places = -(-last // WORDS_TOGETHER)
    place += 1
    while place < places and started[place] == 0:
        place += 1
    if place == places:
        return last
    return place * WORDS_TOGETHER + low_bytes(started[place])


@quick
def end_of(marks, marked, word, kind):
    """Find where words stop being marked so; those behind the last are not."""
    every = np.uint64(kind) * BYTES
    while word % WORDS_TOGETHER:
        if not marks[word] & kind:
            return word
        word += 1
    place = word // WORDS_TOGETHER
    missing = ~marked[place] & every
    while missing == 0:
        place += 1
        missing = ~marked[place] & every
    return place * WORDS_TOGETHER + low_bytes(missing)


@quick
def write_zeros(out, at, count):
    """Write a zero and a back reference that repeats it: `count` zeros, more than 19."""
    out[at] = 0x1F
    out[at + 1] = 0
    out[at + 2] = 1
    out[at + 3] = 0
    return write_length(out, at + 4, count - 1 - LEAST_MATCH - 15)


@quick
def write_sequence(out, at, source, begin, end, offset, length):
    """Write literal bytes source[begin:end] and a back reference; none where `length` is 0."""
    token = at
    literals, match = end - begin, length - LEAST_MATCH
    at += 1
    if literals >= 15:
        at = write_length(out, at, literals - 15)
    copy_bytes(source, begin, out, at, literals)
    at += literals
    if length:
        out[at] = offset & 0xFF
        out[at + 1] = offset >> 8
        at += 2
        if match >= 15:
            at = write_length(out, at, match - 15)
    out[token] = min(literals, 15) << 4 | (min(match, 15) if length else 0)
    return at


@quick
def write_length(out, at, rest):
    """Write what of a length is beyond the token's 15, a byte for each 255 and one more."""
    while rest >= 255:
        out[at] = 255
        at += 1
        rest -= 255
    out[at] = rest
    return at + 1


@quick
def put_word(out, at, value):
    """Write 32 bits, little-endian."""
    for i in range(4):
        out[at + i] = (value >> (8 * i)) & 0xFF
