"""Moves of bits and bytes by whole registers."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deeptracker.pipeline.kernels.compiling import inner

__all__ = [
    "AGAIN",
    "BLOCK",
    "BYTES",
    "HALF_BITS",
    "HEADER",
    "HEADER_BYTES",
    "LANES",
    "LEAST_MATCH",
    "LITERAL_WORDS",
    "ONES",
    "RUNS",
    "WORDS_TOGETHER",
    "copy_bytes",
    "high_bytes",
    "low_bytes",
    "move_bits",
    "quick",
]

LANES = 64  # values that are moved together: one bit of each fills a word
HALF_BITS = 16
BLOCK = 32_768  # values: 8 columns of a chunk; all but the first can refer to the one before
HEADER_BYTES = 16
# Version of the format and of LZ4's; LZ4, bitshuffled, a block not split by bytes; bytes a value.
HEADER = (2, 1, 0x20 | 0x10 | 0x04, 4)
LEAST_MATCH = 4  # bytes of a back reference
# Marks of a word: all zeros or all ones; equal to the word one column before.
RUNS, AGAIN = np.uint8(1 | 2), np.uint8(4)
ONES, BYTES = np.uint64(2**64 - 1), np.uint64(0x0101010101010101)
LITERAL_WORDS = 2  # LZ4 requires a block to end in literals
WORDS_TOGETHER = 8
quick = inner()


@intrinsic
def move_bits(typingctx, values, first, planes, words):  # noqa: ARG001  # Numba's signature
    """Move the bits of 64 values into a word of each of 16 planes.

    Parameters
    ----------
    values : uint16 [value], contiguous
        The 64 values from `first` on, a multiple of 64, are moved.
    planes : uint64 [plane * words], contiguous
        Word ``first / 64`` of each plane is written.
    words : int
        Words of a plane.
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
    """Count the zero bytes of a word, from one end to the first set bit."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word, ir.IntType(1)])
        count = builder.module.declare_intrinsic(name, [word], kind)
        bits = builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 0)])
        return builder.lshr(bits, ir.Constant(word, 3))

    return types.int64(types.uint64), generate


@intrinsic
def low_bytes(typingctx, difference):  # noqa: ARG001
    """Count the zero bytes at the low end of a word; 8 if the word is 0."""
    return _equal_bytes("llvm.cttz")


@intrinsic
def high_bytes(typingctx, difference):  # noqa: ARG001
    """Count the zero bytes at the high end of a word."""
    return _equal_bytes("llvm.ctlz")
