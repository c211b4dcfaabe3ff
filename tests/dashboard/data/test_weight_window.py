"""A window of weights is what NumPy makes of the log, at every zoom."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import _joined, read_window, shape_of

LARGE = "layer3.0.conv2.weight"
RELATIVE_ERROR = 2.0**-8


def levels(run):
    """Levels that the large parameter takes part in."""
    return (np.flatnonzero(run.parameters["rows"][:, run.parameter(LARGE)]) + 1).tolist()


@pytest.fixture(scope="module")
def matrix(recorded):
    return recorded(LARGE)


@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_single_weights_are_the_logs_own(run, matrix, data):
    size, columns = matrix.shape
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first + 1, min(size, first + 60)))
    begin = data.draw(st.integers(0, columns - 1))
    end = data.draw(st.integers(begin + 1, columns))
    window = read_window(run, LARGE, (first, last), (begin, end), height=400, width=800)
    assert (window.level, window.weights_per_row, window.first_weight) == (0, 1, first)
    np.testing.assert_array_equal(window.values, matrix[first:last, begin:end])


@pytest.mark.parametrize("statistic", ["mean", "min", "max", "range"])
def test_a_low_view_shows_a_pyramid_level_that_summarises_the_log(run, matrix, statistic):
    size = len(matrix)
    window = read_window(
        run, LARGE, (0, size), (0, 10**6), height=20, width=800, statistic=statistic
    )
    assert window.level >= 1
    rows = np.array_split(matrix, range(window.weights_per_row, size, window.weights_per_row))
    low = np.stack([row.min(axis=0) for row in rows])
    high = np.stack([row.max(axis=0) for row in rows])
    mean = np.stack([row.mean(axis=0, dtype=np.float64) for row in rows])
    expected = {"mean": mean, "min": low, "max": high, "range": high - low}[statistic]
    # Each stored value is within the error; a range of two of them within twice the larger.
    scale = np.maximum(np.abs(low), np.abs(high)) if statistic == "range" else np.abs(expected)
    allowed = RELATIVE_ERROR * scale * (2 if statistic == "range" else 1) + 1e-7
    assert window.values.shape == expected.shape
    assert (np.abs(window.values - expected) <= allowed).all()


def test_what_a_window_reads_is_bounded_by_its_pixels(run):
    size = int(np.prod(shape_of(run, LARGE)))
    coarsest = levels(run)[-1]
    for height in (8, 20, 40, 80):
        window = read_window(run, LARGE, (0, size), (0, 200), height=height, width=100)
        assert window.level == coarsest or len(window.values) <= 16 * height
        assert len(window.values) < size


def test_a_window_beyond_the_matrix_is_clipped(run, matrix):
    size, columns = matrix.shape
    window = read_window(run, LARGE, (-50, size + 50), (-9, columns + 9), height=4000, width=800)
    np.testing.assert_array_equal(window.values, matrix)


def test_gradients_have_windows_of_their_own(run, recorded):
    window = read_window(run, LARGE, (3, 9), (0, 141), height=400, width=800, gradient=True)
    expected = recorded(f"grad/{LARGE}")[3:9]
    np.testing.assert_array_equal(window.values, expected)


def test_without_its_log_a_run_shows_the_finest_level_and_says_so(digits_log, tmp_path):
    from deeptracker.pipeline import process

    log = tmp_path / "log"
    shutil.copytree(digits_log, log)
    for path in sorted((log / "snapshots").iterdir())[12:]:
        path.unlink()
    process(log, tmp_path / "store")
    log.rename(tmp_path / "gone")
    run = Run(str(tmp_path / "store"))
    window = read_window(run, LARGE, (0, 64), (0, 12), height=400, width=800)
    assert window.level == levels(run)[0]
    assert "finest stored level" in window.note
    assert str(log) in window.note


@given(
    st.lists(
        st.lists(st.floats(-9, 9, width=32) | st.just(np.nan), min_size=7, max_size=7),
        min_size=1,
        max_size=4,
    ),
    st.integers(2, 9),
)
def test_columns_that_share_a_pixel_are_summarised_not_skipped(values, step):
    values = np.array(values, np.float32)
    for statistic, reference in (("min", np.nanmin), ("max", np.nanmax), ("mean", np.nanmean)):
        joined = _joined(values, step, statistic)
        for place in range(joined.shape[1]):
            group = values[:, place * step : (place + 1) * step]
            for row, known in enumerate(group):
                if np.isnan(known).all():
                    assert np.isnan(joined[row, place])
                else:
                    expected = reference(known.astype(np.float64))
                    np.testing.assert_allclose(joined[row, place], expected, atol=1e-5)
