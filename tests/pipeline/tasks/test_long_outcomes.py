"""Outcomes of a long training: an append counts its end anew, and nothing that cannot change."""

import numpy as np
import pytest
from logs import LogWriter
from stores import assert_equal

from deeptracker.pipeline import open_store, process
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.store.schema import ITERATION_CHUNK, WINDOWS
from deeptracker.record.tensor_file import write_tensors

# The first new outcomes change counts of the chunk before them, or of their own alone.
NEAR, FAR = ITERATION_CHUNK + 20, ITERATION_CHUNK + WINDOWS + 20
NEW = 25
CONFIG = Config(columns_per_chunk=64)


class LongLog(LogWriter):
    """One snapshot, and outcomes of which long runs are as frequent as short ones."""

    def predicted(self, iteration):
        image = np.arange(len(self.labels))
        # Images flip every 1, 2, 4, … 64 iterations, each at its own time.
        wrong = ((iteration + 5 * image) >> (image % 7)) % 2
        return np.where(wrong, (self.labels + 1) % self.classes, self.labels).astype(np.int32)


@pytest.mark.parametrize(("old", "missing"), [(NEAR, False), (FAR, False), (FAR, True)])
def test_an_append_far_into_a_training_ends_where_counting_everything_does(
    scheduler, tmp_path, old, missing
):
    log = LongLog(tmp_path / "log", shapes={"a.weight": (4, 6)}, images=30, classes=20)
    log.iteration(0)
    for iteration in range(1, old):
        log.outcomes(iteration)
    if missing:
        predicted = log.predicted(old - 30)
        predicted[3:9] = -1
        path = log.path / "outcomes" / f"{old - 30:09d}.safetensors"
        write_tensors(path, {"predicted": predicted, "loss": np.zeros(30, np.float32)})
    process(log.path, tmp_path / "grown", config=CONFIG, scheduler=scheduler)
    for iteration in range(old, old + NEW):
        log.outcomes(iteration)
    added = process(log.path, tmp_path / "grown", config=CONFIG, scheduler=scheduler)
    assert added.action == "appended"
    process(log.path, tmp_path / "whole", config=CONFIG, scheduler=scheduler)
    assert_equal(tmp_path / "grown", tmp_path / "whole")
    root = open_store(tmp_path / "grown").root()
    assert root["classes/left"][WINDOWS - 1].any()
    assert root["images/flips"][...].min() > 0
