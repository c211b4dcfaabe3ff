"""LZ4 blocks of bit planes."""

import numpy as np

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.packing.bit_moves import (
    AGAIN,
    BYTES,
    HALF_BITS,
    HEADER,
    HEADER_BYTES,
    LANES,
    LEAST_MATCH,
    LITERAL_WORDS,
    ONES,
    RUNS,
    WORDS_TOGETHER,
    copy_bytes,
    high_bytes,
    low_bytes,
    move_bits,
    quick,
)

__all__ = [
    "end_of",
    "mark",
    "move_block",
    "next_start",
    "pack_chunk",
    "pack_lz4",
    "put_word",
    "write_length",
    "write_planes",
    "write_sequence",
    "write_zeros",
]


@kernel()
def pack_lz4(values, block, column_words, room, out, ends):
    """Write the chunks one after the other, and the end of each to `ends`.

    Parameters
    ----------
    values : uint16 [chunk, value]
    block : int
        Values a block, a multiple of 64.
    column_words : int
        Words per column in a plane; 0 if columns do not fill whole words.
    room : uint64 [word], the same memory as uint8, and twice uint8 [word]
        Scratch memory for a block's planes and their marks.
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
    """Write all blocks after the space for the header; return the total size."""
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
    """Move a block's bits to its planes, one cache line per plane at a time.

    Planes lie a power of two apart: word by word they would evict each other from the cache.
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

    `back` is the number of words per column; 0 turns references to columns off.
    """
    planes, plane_bytes, marks, starts = room
    total = HALF_BITS * words
    last = total - LITERAL_WORDS
    mark(planes[:total], back, last, marks, starts)
    marked, started = marks.view(np.uint64), starts.view(np.uint64)
    begin = 0  # first byte of the pending literals
    word = next_start(started, 0, last)
    while word < last:
        kind = starts[word]
        run = end_of(marks, marked, word, kind & RUNS) if kind & RUNS else word
        again = end_of(marks, marked, word, AGAIN) if kind & AGAIN else word
        if run >= again:
            # The run's first byte is a literal, unless already written; the rest repeats it.
            first = max(begin, 8 * word + 1)
            at = write_sequence(out, at, plane_bytes, begin, first, 1, 8 * run - first)
            word = run
            begin = 8 * word
        else:
            # Words equal to the column before, and the adjacent bytes that are equal too.
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
    """Mark words that are all zeros, all ones, or equal to the word `back` words before.

    `starts` has only marks that the next word shares: one word is too short for a sequence.
    Words from `last` on are not marked.
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
    """Find the next word with a mark, from `word` on; `last` or more if there is none."""
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
    """Find the first word without the mark `kind`; the last words have no mark."""
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
    """Write the rest of a length beyond the token's 15: a byte per 255, then the remainder."""
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
