"""Counts, scores and correlations against loops that say what they mean."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lengths import examples
from scipy.stats import false_discovery_control, spearmanr

from deeptracker.pipeline.measures.association import associate, co_occurrence
from deeptracker.pipeline.measures.filter_anomalies import anomaly_scores
from deeptracker.pipeline.measures.outcomes import MISSING, anomalies, anomaly_counts, correctness
from deeptracker.pipeline.measures.ranking import iteration_score


def outcomes_of(seed, images, columns, missing):
    random = np.random.default_rng(seed)
    # Long runs of equal outcomes, as a training has them.
    flips = random.random((images, columns)) < random.random()
    correct = (np.cumsum(flips, axis=1) % 2).astype(np.uint8)
    if missing:
        correct[random.random(correct.shape) < 0.2] = MISSING
    return correct


def marked(line, rule, window):
    """Places of one image that are anomalous, by the rule's words alone."""
    known = [(t, value) for t, value in enumerate(line) if value != MISSING]
    found = set()
    for place, (t, value) in enumerate(known):
        before = [v for _, v in known[max(0, place - window) : place]]
        after = [v for _, v in known[place + 1 : place + 1 + window]]
        left = len(before) == window and set(before) == {1 - value}
        right = len(after) == window and set(after) == {1 - value}
        if {"left": left, "right": right, "full": left and right}[rule]:
            found.add(t)
    return found


@settings(max_examples=examples(60), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    images=st.integers(1, 12),
    columns=st.integers(1, 60),
    missing=st.booleans(),
)
def test_anomalies_of_every_rule_and_window_are_those_of_the_rules_words(
    seed, images, columns, missing
):
    correct = outcomes_of(seed, images, columns, missing)
    classes = np.arange(images) % 3
    counts = anomaly_counts(correct, classes, 3)
    for rule in ("left", "right", "full"):
        counted = getattr(counts, rule)
        assert counted.shape == (50, 3, columns)
        for window in (1, 2, 3, 7, 50):
            expected = np.zeros((3, columns), int)
            marks = anomalies(correct, rule, window)
            for image, line in enumerate(correct):
                places = marked(line, rule, window)
                assert set(np.flatnonzero(marks[image]).tolist()) == places
                for t in places:
                    expected[classes[image], t] += 1
            np.testing.assert_array_equal(counted[window - 1], expected)


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 2**32), images=st.integers(1, 12), columns=st.integers(1, 40))
def test_errors_and_flips_skip_what_was_not_recorded(seed, images, columns):
    correct = outcomes_of(seed, images, columns, missing=True)
    classes = np.arange(images) % 2
    counts = anomaly_counts(correct, classes, 2)
    flips = np.zeros((2, columns), int)
    for image, line in enumerate(correct):
        known = [(t, v) for t, v in enumerate(line) if v != MISSING]
        changed = [t for (_, a), (t, b) in itertools.pairwise(known) if a != b]
        assert counts.image_flips[image] == len(changed)
        for t in changed:
            flips[classes[image], t] += 1
    np.testing.assert_array_equal(counts.flips, flips)
    for number in (0, 1):
        for t in range(columns):
            seen = [v for v in correct[classes == number, t] if v != MISSING]
            expected = np.nan if not seen else seen.count(0) / len(seen)
            np.testing.assert_allclose(counts.error[number, t], expected, rtol=1e-6)


def test_a_negative_prediction_was_not_recorded():
    found = correctness(np.array([2, 1, -1]), np.array([2, 2, 2]))
    assert found.tolist() == [1, 0, MISSING]


@settings(max_examples=examples(50), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    filters=st.integers(1, 18),
    columns=st.integers(1, 50),
    window=st.integers(8, 25),
    spaced=st.booleans(),
    together=st.booleans(),
    digits=st.sampled_from([2, 9]),
)
def test_filter_scores_are_robust_z_scores_of_their_own_history(
    seed, filters, columns, window, spaced, together, digits
):
    random = np.random.default_rng(seed)
    changes = np.round(random.gamma(2.0, 0.01, (filters, columns)), digits) + 0.001
    # Columns without a snapshot; and filters that have no change there, for being all zeros.
    changes[:, random.random(columns) < 0.1] = np.nan
    if not together:
        changes[random.random(changes.shape) < 0.1] = np.nan
    gaps = random.integers(1, 30, columns) if spaced else None
    found = anomaly_scores(changes, window, gaps)
    steady = changes / np.sqrt(gaps) if spaced else changes
    for row in range(filters):
        for column in range(columns):
            history = steady[row, :column][~np.isnan(steady[row, :column])][-window:]
            if len(history) < 8 or np.isnan(steady[row, column]):
                assert np.isnan(found[row, column])
                continue
            median = np.median(history)
            spread = 1.4826 * np.median(np.abs(history - median))
            usual = np.nanmedian(steady[:, column])
            spread = max(spread, 0.05 * median, 0.05 * usual)
            score = (steady[row, column] - median) / spread
            np.testing.assert_allclose(found[row, column], score, rtol=1e-4, atol=1e-5)


def test_the_floor_of_a_filters_spread_follows_from_its_own_parameter_alone():
    random = np.random.default_rng(4)
    steady = np.full((6, 30), 0.01) + random.normal(0, 1e-6, (6, 30))
    lively = random.uniform(5, 10, (40, 30))
    steady[2, 20] *= 3
    alone = anomaly_scores(steady)
    owners = np.repeat([3, 7], [6, 40])
    together = anomaly_scores(np.concatenate([steady, lively]), owners=owners)
    np.testing.assert_array_equal(together[:6], alone)
    np.testing.assert_array_equal(together[6:], anomaly_scores(lively))
    assert alone[2, 20] > 30


def test_a_wider_spacing_is_no_incident_and_a_leap_is():
    random = np.random.default_rng(0)
    gaps = np.repeat([5, 25], 30)
    changes = 0.01 * np.sqrt(gaps) * random.uniform(0.9, 1.1, (8, 60))
    changes[3, 45] *= 20
    found = anomaly_scores(changes, 20, gaps)
    assert np.nanmax(np.delete(found, 45, axis=1)) < 6
    assert np.argmax(found[:, 45]) == 3
    assert found[3, 45] > 50


@settings(max_examples=examples(40), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    classes=st.integers(1, 5),
    layers=st.integers(1, 5),
    columns=st.integers(3, 40),
)
def test_association_is_spearmans_with_p_values_of_all_circular_shifts(
    seed, classes, layers, columns
):
    random = np.random.default_rng(seed)
    a = random.poisson(2.0, (classes, columns)).astype(float)
    b = random.poisson(2.0, (layers, columns)).astype(float)
    b[0] += a[0]
    found = associate(a, b)
    p_values = np.empty((classes, layers))
    for i in range(classes):
        for j in range(layers):
            if np.ptp(a[i]) == 0 or np.ptp(b[j]) == 0:
                assert found.correlation[i, j] == 0
                assert found.p_value[i, j] == 1
                p_values[i, j] = 1
                continue
            rho = spearmanr(a[i], b[j]).statistic
            np.testing.assert_allclose(found.correlation[i, j], rho, atol=1e-5)
            shifted = [spearmanr(a[i], np.roll(b[j], s)).statistic for s in range(columns)]
            p_values[i, j] = np.mean(np.abs(shifted) >= abs(rho) - 1e-9)
            np.testing.assert_allclose(found.p_value[i, j], p_values[i, j], atol=1e-6)
    corrected = false_discovery_control(p_values.ravel()).reshape(p_values.shape)
    np.testing.assert_allclose(found.q_value, corrected, atol=1e-6)


def test_association_of_a_layer_is_over_the_columns_that_have_it():
    random = np.random.default_rng(3)
    classes, layers = random.random((3, 40)), random.random((4, 40))
    known = np.ones((4, 40), bool)
    known[1, :25] = known[2, 10:30] = known[3] = False
    found = associate(classes, np.where(known, layers, 0.0), known)
    for layer in range(3):
        columns = known[layer]
        alone = associate(classes[:, columns], layers[layer : layer + 1, columns])
        np.testing.assert_array_equal(found.correlation[:, layer], alone.correlation[:, 0])
        np.testing.assert_array_equal(found.p_value[:, layer], alone.p_value[:, 0])
    assert not found.correlation[:, 3].any()
    assert (found.p_value[:, 3] == 1).all()


@given(seed=st.integers(0, 2**32))
def test_co_occurrence_sums_filters_where_the_class_is_anomalous(seed):
    random = np.random.default_rng(seed)
    images, filters = random.poisson(0.5, (3, 12)), random.poisson(1.0, (4, 12))
    found = co_occurrence(images, filters)
    for class_ in range(3):
        for layer in range(4):
            expected = sum(filters[layer, t] for t in range(12) if images[class_, t])
            assert found[class_, layer] == expected


@pytest.mark.parametrize("which", ["images", "filters", "one filter"])
def test_whatever_stands_out_brings_its_iteration_to_the_top(which):
    random = np.random.default_rng(1)
    images, filters = random.poisson(3, 50).astype(float), random.poisson(1, 50).astype(float)
    highest = random.uniform(1, 4, 50)
    series = {"images": images, "filters": filters, "one filter": highest}[which]
    series[31] += 200
    score = iteration_score(images, filters, highest)
    assert int(np.argmax(score)) == 31
    assert (score >= 0).all()


def test_a_series_that_was_never_recorded_scores_nothing():
    nothing = np.zeros(10)
    assert (iteration_score(nothing, nothing, nothing * np.nan) == 0).all()
