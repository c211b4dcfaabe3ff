"""Iterations from names: series as teams name them, and names that leave the choice open."""

import pytest

from deeptracker.errors import LogError
from deeptracker.pipeline.sources.iteration_numbers import iterations_of
from deeptracker.pipeline.sources.name_numbers import number_of
from deeptracker.pipeline.sources.settings import SourceConfig

PYTHIA = [0, *(2**power for power in range(10)), *range(1000, 144000, 1000)]
HOLES = [step for step in PYTHIA if step not in (4000, 77000)]


def read(names, **settings):
    return iterations_of(names, "/log", SourceConfig(**settings))


def values(names, **settings):
    found = read(names, **settings).iterations
    return [found.get(name) for name in names]


SERIES = {
    "powers of two, then thousands, with holes": ([f"step{step}" for step in HOLES], HOLES),
    "bare numbers": ([str(step) for step in PYTHIA], PYTHIA),
    "steps and tokens": (
        [f"step{step}-tokens{step // 250}B" for step in (1000, 2000, 99000)],
        [1000, 2000, 99000],
    ),
    "counted in saves": ([f"ckpt_{save:03d}" for save in range(359)], list(range(359))),
    "word before and behind": (["iter-040000-ckpt", "iter-080000-ckpt"], [40000, 80000]),
    "Trainer": (["checkpoint-500", "checkpoint-1000"], [500, 1000]),
    "LeRobot": (["000500/pretrained_model", "001000/pretrained_model"], [500, 1000]),
    "Lightning": (
        ["epoch=0-step=100", "epoch=1-step=200", "epoch=1-step=250-v1"],
        [100, 200, 250],
    ),
    "epochs and a measure": (
        ["epoch=0-val_loss=0.31", "epoch=1-val_loss=0.29", "epoch=12-val_loss=0.3"],
        [0, 1, 12],
    ),
    "Keras": (["weights.01-0.55", "weights.02-0.45"], [1, 2]),
    "Composer": (["ep0-ba100-rank0", "ep1-ba200-rank0"], [100, 200]),
    "DeepSpeed": (["global_step9000/mp_rank_00", "global_step9500/mp_rank_00"], [9000, 9500]),
    "Megatron": (["iter_0002000", "iter_0004000"], [2000, 4000]),
    "word behind": (["rl_model_10000_steps", "rl_model_20000_steps"], [10000, 20000]),
    "dates and times": (
        ["run-2024-01-31_12-30-59-step_5", "run-2024-02-01_01-02-03-step_6"],
        [5, 6],
    ),
    "sizes, versions, precisions": (
        ["llama-7b-v1.1-fp8-300", "llama-7b-v1.1-bf16-600"],
        [300, 600],
    ),
    "factors": (["model_10k", "model_200K", "model_1.5M"], [10_000, 200_000, 1_500_000]),
    "shards' totals": (["step-5-00001-of-00003", "step-6-00001-of-00003"], [5, 6]),
    "a number that stays": (["resnet50-100", "resnet50-20", "resnet50-3"], [100, 20, 3]),
    "seeds": (["seed1-7", "seed2-8"], [7, 8]),
    "some without": (["step-3", "last", "best"], [3, None, None]),
    "a date alone": (["20240131-123456", "20240201"], [None, None]),
    "a version alone": (["model_v1", "model_v2"], [None, None]),
}


@pytest.mark.parametrize("series", SERIES)
def test_a_series_is_read_by_its_names(series):
    names, expected = SERIES[series]
    assert values(names) == expected


def test_stages_whose_steps_begin_again_stay_in_order():
    names = [
        "stage1-step1000-tokens3B",
        "stage1-step928646-tokens3896B",
        "stage2-ingredient1-step1000-tokens5B",
        "stage2-ingredient1-step11931-tokens50B",
    ]
    found = read(names)
    assert values(names) == [1000, 928_646, 929_646, 940_577]
    assert "begin again at each stage" in found.how
    going_on = ["stage1-step10", "stage1-step20", "stage2-step30"]
    assert values(going_on) == [10, 20, 30]
    assert values(["stage1-step0", "stage1-step10", "stage2-step0"]) == [0, 10, 11]


def test_steps_that_begin_again_at_each_epoch_stay_in_order():
    names = ["epoch_1_step_50", "epoch_1_step_100", "epoch_2_step_50"]
    assert values(names) == [50, 100, 150]
    assert "each epoch" in read(names).how


def test_numbers_that_no_word_decides_stop_with_the_choices():
    with pytest.raises(LogError) as stopped:
        read(["net_1_2", "net_2_5", "net_3_9", "net_4_12"])
    told = str(stopped.value)
    assert "several numbers change" in told
    choices = dict(part.split("' gives the iterations ") for part in told.split("--pattern '")[1:])
    assert [given.removesuffix("; or ") for given in choices.values()] == [
        "1, 2, 3, … 4",
        "2, 5, 9, … 12",
    ]
    # What it offers can be given back as it stands.
    names = ["net_1_2", "net_2_5", "net_3_9", "net_4_12"]
    assert [values(names, pattern=pattern) for pattern in choices] == [[1, 2, 3, 4], [2, 5, 9, 12]]


def test_a_word_decides_where_it_stands_and_is_said():
    assert read(["checkpoint_5_0.91", "checkpoint_10_0.95"]).how == (
        "the number after 'checkpoint' in the names"
    )
    assert values(["ckpt1-epoch=3", "ckpt1-epoch=4"]) == [3, 4]


def test_a_pattern_has_groups_and_may_multiply():
    names = ["a2-x5", "a1-x20", "a1-x10", "b"]
    by_stage = {"pattern": r"a(?P<stage>\d+)-x(?P<step>\d+)"}
    assert values(names, **by_stage) == [25, 20, 10, None]
    assert values(["m-4B", "m-8B"], pattern=r"m-(?P<tokens>\d+B)") == [4 * 10**9, 8 * 10**9]
    assert values(["ckpt_1", "ckpt_2"], multiply=1000) == [1000, 2000]
    # In quarter steps: what is no whole step has no iteration.
    assert values(["ckpt_4", "ckpt_6", "ckpt_8"], multiply=0.25) == [1, None, 2]
    assert "times 1000" in read(["ckpt_1"], multiply=1000).how


def test_a_number_is_read_with_its_factor():
    assert number_of("10k") == 10_000
    assert number_of("1.5M") == 1_500_000
    assert number_of("0.31") is None
    assert number_of("9" * 2000) is None
    assert number_of("x") is None
