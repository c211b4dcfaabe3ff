"""The compiler turns the innermost loops into vector instructions: read from what it wrote."""

import platform
import re

import numpy as np
import pytest

from deeptracker.pipeline.kernels.measuring import pyramid_rows, span
from deeptracker.pipeline.kernels.measuring.filter_sums import SUMS
from deeptracker.pipeline.kernels.measuring.tile_arguments import Results
from deeptracker.pipeline.kernels.vector import llvm_arithmetic

X86 = platform.machine().lower() in {"x86_64", "amd64"}

# By loop: packed instructions without which it would go weight by weight. A leading v is that of
# AVX, which most machines have; without it the same are named as for SSE.
PACKED = {
    "all_finite": r"v?p(or|ternlog)[dq]?",
    "count_nonzeros": r"v?(cmp(neq|eq)?ps|cmpneq\w*ps)",
    "count_changes_of_four": r"v?cmp\w*ps",
    "add_sums": r"v?addps|vfmadd\d+ps",
    "add_changes": r"v?(addps|fmadd\d+ps|mulps)",
    "extremes": r"v?minps",
    "rows_of": r"v?minps",
    "round_rows": r"v?padd[dq]",
    "coarsen_full": r"v?minps",
    "fused_span": r"v?(addps|fmadd\d+ps|cmp\w*ps)",
}


def compiled(name):
    """The assembly of a loop over float32, as it is compiled for this machine."""
    w = np.linspace(-1, 1, span.SPAN, dtype=np.float32)
    rows = tuple(np.zeros(len(w) // llvm_arithmetic.ROW, np.float32) for _ in range(4))
    arguments = {
        "all_finite": (w,),
        "count_nonzeros": (w,),
        "count_changes_of_four": (w, w, np.ones(4, np.float32), np.zeros(4, np.int64)),
        "add_sums": (w, np.zeros(SUMS)),
        "add_changes": (w, w, np.zeros(SUMS)),
        "extremes": (w,),
        "rows_of": (w, *rows),
        "round_rows": (w, np.zeros(len(w), np.uint32)),
        "fused_span": (
            *(w, w, w, True, (0, len(w)), np.ones(4, np.float32)),
            Results(
                np.zeros(2**14, np.uint32),
                np.zeros((1, SUMS)),
                np.zeros(span.COUNTS, np.int64),
                np.zeros(2),
                np.zeros(4, np.int64),
            ),
            (np.zeros(64, np.uint32), np.zeros(6)),
        ),
        "coarsen_full": (rows, tuple(row[: len(row) // 4] for row in rows), np.float32(64)),
    }[name]
    loop = getattr(span, name, None) or getattr(pyramid_rows, name)
    fresh = type(loop)(loop.py_func, targetoptions=loop.targetoptions)
    fresh(*arguments)
    return "\n".join(fresh.inspect_asm().values())


@pytest.mark.skipif(not X86, reason="reads x86-64 assembly")
@pytest.mark.parametrize("name", PACKED)
def test_the_innermost_loops_are_vector_instructions(name):
    packed = re.compile(rf"^\s*({PACKED[name]})\s+.*%[xyz]mm", re.MULTILINE)
    assert len(packed.findall(compiled(name))) >= 2


@pytest.mark.skipif(not X86, reason="reads x86-64 assembly")
def test_the_check_can_fail():
    from numba import njit

    @njit
    def weight_by_weight(w):
        total = np.float32(0)
        for i in range(w.size):  # without fast arithmetic the order of adding is fixed
            total += w[i]
        return total

    weight_by_weight(np.ones(2048, np.float32))
    assembly = "\n".join(weight_by_weight.inspect_asm().values())
    assert not re.search(r"^\s*v?addps\s", assembly, re.MULTILINE)
