"""Chunks of filter measures: as large as parts allow that write them without each other."""

import pytest

from pipeline.architecture import architecture_of
from pipeline.blocks import Columns, plan_blocks
from pipeline.schema import RunShape, Schema
from pipeline.sources.manifest import Parameter

MIB = 2**20


@pytest.mark.parametrize(
    ("shape", "chunk"),
    [((4_000_000, 256), 4096), ((4_000_000, 300), 512), ((512, 64), 512), ((64, 2**20), 4)],
)
def test_parts_that_end_between_filters_write_larger_chunks_of_their_own(shape, chunk):
    parameter = Parameter("table.weight", shape, "F32")
    columns = Columns(0, 8)
    plan = plan_blocks([parameter], columns, block_bytes=1024 * MIB, columns_per_chunk=8, workers=2)
    sizes = RunShape(8, 8, plan.split_weights, thresholds=4, bins=8)
    schema = Schema(architecture_of([parameter], "net", {}), sizes)
    assert schema.filter_chunk(parameter) == chunk
    if chunk != 512:
        for block in plan.blocks:
            for part in block.parts:
                assert part.start % (chunk * parameter.filter_size) == 0
