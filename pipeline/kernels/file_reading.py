"""Reading a file from compiled code: into a buffer that stays in the processor's cache.

A tile is measured right after it was read, so that the copy costs little more than loading the
bytes into the cache. No Python runs between tiles.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from deeptracker.pipeline.kernels.compiling import inner

__all__ = ["raw_at", "read_at"]

# pread(2) of the C library: descriptor, address, bytes, offset in the file.
_pread: Any = types.ExternalFunction(
    "pread", types.intp(types.intc, types.voidptr, types.uintp, types.int64)
)
careful = inner(error_model="numpy")


@intrinsic
def pointer_to(typingctx, place):  # noqa: ARG001  # Numba's signature
    """Turn an address into a pointer."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(place), generate


@careful
def raw_at(place, size, like):
    """Give the `size` raw values at an address, of the dtype of another array."""
    return carray(pointer_to(place), (size,), like.dtype)


@careful
def read_at(descriptor, offset, address, nbytes):
    """Read bytes [offset, offset + nbytes) of a file to an address.

    Returns
    -------
    bool
        Whether all bytes were read; False if the file ends before, or the read failed.
    """
    done = np.int64(0)
    file = np.int32(descriptor)
    while done < nbytes:
        left = np.uint64(nbytes - done)
        count = _pread(file, pointer_to(address + done), left, offset + done)
        if count <= 0:
            return False
        done += count
    return True
