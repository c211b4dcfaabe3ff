"""How far values lie from their own past: as a plain loop says, whatever is missing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deeptracker.pipeline.measures.incidents.deviation import deviation_of


def plainly(values, gaps):
    """Give z of one row: median and MAD of the up to 20 columns before, of which 8 are known."""
    logs = np.array([np.log(v) if np.isfinite(v) and v > 0 else np.nan for v in values])
    found = []
    for column in range(len(logs)):
        zs = []
        for share in (0.5, 1.0) if len(set(gaps[1:])) > 1 else (0.0,):
            steady = logs - share * np.log(gaps)
            past = steady[max(0, column - 20) : column]
            past = past[~np.isnan(past)]
            if len(past) < 8 or np.isnan(steady[column]):
                zs.append(0.0)
                continue
            middle = np.median(past)
            spread = max(1.4826 * np.median(np.abs(past - middle)), 0.1)
            zs.append((steady[column] - middle) / spread)
        found.append(min(zs, key=abs) if min(zs) * max(zs) > 0 else 0.0)
    return np.array(found)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.sampled_from([0.0, 0.1]),
    st.booleans(),
)
def test_it_is_as_a_plain_loop_says(seed, columns, missing, uneven):
    random = np.random.default_rng(seed)
    values = np.exp(random.normal(0, 0.3, (3, columns)))
    values[random.random(values.shape) < 0.05] *= 30
    values[random.random(values.shape) < missing] = np.nan
    gaps = random.choice([5, 25], columns) if uneven else np.full(columns, 5)
    found = deviation_of(values, gaps)
    for row in range(3):
        expected = plainly(values[row], gaps)
        expected[np.abs(expected) < 4] = 0
        np.testing.assert_allclose(found.z[row], expected, rtol=1e-9)


def test_a_value_below_zero_or_not_finite_is_unknown():
    values = np.ones((1, 12))
    values[0, 9:] = [0.0, -1.0, np.inf]
    assert deviation_of(values).z.tolist() == np.zeros((1, 12)).tolist()
