"""Checkpoints in a bucket are read as those on a disk, by ranges."""

import numpy as np
import pytest
from sources.test_checkpoint_folders import STEPS, check, network, trainer
from torch_files import pickled, tensor, torch_file

from deeptracker.errors import LogError
from deeptracker.pipeline.sources import open_source, read_values
from deeptracker.pipeline.sources.file_listing import check_unchanged


@pytest.mark.parametrize(("shards", "suffix"), [(2, "safetensors"), (0, "bin"), (3, "bin")])
def test_a_folder_in_a_bucket_is_read_as_on_a_disk(tmp_path, bucket, shards, suffix):
    run = trainer(tmp_path / "run", shards=shards, suffix=suffix)
    source = open_source(bucket.upload(run, "runs/one"))
    check(source)
    assert source.scalars().iterations.tolist() == list(STEPS)
    on_disk = open_source(run)
    assert source.reading == on_disk.reading
    check_unchanged(source, STEPS)


def test_a_rewritten_shard_in_a_bucket_is_noticed(tmp_path, bucket):
    run = trainer(tmp_path / "run", shards=2)
    source = open_source(bucket.upload(run, "run"))
    trainer(tmp_path / "other", shards=2)
    place = tmp_path / "other" / "checkpoint-1000"
    changed = network(7)
    torch_file(place / "x.bin", changed)
    (place / "x.bin").rename(place / "model-00002-of-00002.safetensors")
    bucket.upload(tmp_path / "other", "run")
    with pytest.raises(LogError, match=r"00002-of-00002\.safetensors: was rewritten"):
        check_unchanged(source, STEPS)


def test_a_transposed_tensor_of_a_bucket_comes_out_right(tmp_path, bucket):
    whole = np.random.default_rng(0).standard_normal((70, 900), dtype=np.float32)
    data = pickled({"w": tensor("0", whole.size, (900, 70), (1, 900))})
    (tmp_path / "run").mkdir()
    torch_file(tmp_path / "run" / "step-3.pt", data=data, more={"data/0": whole.tobytes()})
    ref = open_source(bucket.upload(tmp_path / "run", "run")).locate("w", 3)
    np.testing.assert_array_equal(read_values(ref), whole.T.ravel())
    np.testing.assert_array_equal(read_values(ref, 1000, 4321), whole.T.ravel()[1000:4321])


def test_a_cut_file_in_a_bucket_is_one_problem(tmp_path, bucket):
    run = trainer(tmp_path / "run", shards=0, suffix="bin")
    path = run / "checkpoint-1000" / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-9])
    source = open_source(bucket.upload(run, "run"))
    check(source, (500, 1500))
    assert "checkpoint-1000/pytorch_model.bin" in source.problems[0].path
