"""What a pixel says of the iterations that share it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.dashboard.data.outcome_pixels import outcome_levels, predicted_pixels
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.look.theme import MISSING_LEVEL, RIGHT_LEVEL


def groups_of(row, step):
    return [row[at : at + step] for at in range(0, len(row), step)]


@given(
    st.lists(st.sampled_from([0, 1, 255]), min_size=1, max_size=40),
    st.integers(1, 7),
)
def test_a_level_is_the_share_of_right_outcomes_among_those_recorded(row, step):
    columns = PixelColumns(0, len(row) - 1, step)
    levels = outcome_levels(np.array([row], np.uint8), columns)[0]
    for level, group in zip(levels, groups_of(row, step), strict=True):
        known = [outcome for outcome in group if outcome != 255]
        share = sum(known) / len(known) if known else None
        assert level == (MISSING_LEVEL if share is None else np.rint(share * RIGHT_LEVEL))


@given(
    st.lists(st.integers(-1, 4), min_size=1, max_size=40),
    st.integers(1, 7),
    st.integers(0, 4),
)
def test_of_several_predictions_the_last_wrong_one_is_told(row, step, label):
    columns = PixelColumns(0, len(row) - 1, step)
    taken = predicted_pixels(np.array([row], np.int32), label, columns)[0]
    for told, group in zip(taken, groups_of(row, step), strict=True):
        wrong = [number for number in group if number >= 0 and number != label]
        assert told == (wrong[-1] if wrong else label if label in group else -1)
