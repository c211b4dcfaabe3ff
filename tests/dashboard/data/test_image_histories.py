"""Forgetting events, lists and neighbours, against loops over single outcomes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deeptracker.dashboard.data.image_histories import (
    MISSING,
    forgetting_of,
    image_forgetting,
    image_list,
    images_of_class,
    neighbours,
)

OUTCOMES = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 6), st.integers(1, 12)),
    elements=st.sampled_from([0, 1, MISSING]),
)


def told(outcomes):
    """(events, first right, share right) of one image, outcome by outcome."""
    events, first, last, right, recorded = 0, -1, None, 0, 0
    for column, outcome in enumerate(outcomes):
        if outcome == MISSING:
            continue
        recorded += 1
        right += outcome == 1
        events += last == 1 and outcome == 0
        if outcome == 1 and first < 0:
            first = column
        last = outcome
    return events, first, right / recorded if recorded else None


@given(OUTCOMES)
def test_forgetting_events_are_those_of_a_walk_over_the_outcomes(correct):
    found = forgetting_of(correct)
    for image, outcomes in enumerate(correct):
        events, first, share = told(outcomes)
        assert found.events[image] == events
        assert found.first_right[image] == first
        if share is None:
            assert np.isnan(found.share_right[image])
        else:
            assert found.share_right[image] == pytest.approx(share)


@given(OUTCOMES)
def test_every_recorded_image_is_forgotten_never_learned_or_unforgettable(correct):
    found = forgetting_of(correct)
    lists = {name: set(image_list(name, found)) for name in ("forgotten", "never", "unforgettable")}
    recorded = {i for i, outcomes in enumerate(correct) if (outcomes != MISSING).any()}
    assert set.union(*lists.values()) == recorded
    assert sum(map(len, lists.values())) == len(recorded)
    for image in lists["unforgettable"]:
        known = correct[image][correct[image] != MISSING]
        assert 1 in known
        assert (known[known.argmax() :] == 1).all()


def test_the_lists_of_the_digits_are_ordered_by_what_they_tell(run):
    found = image_forgetting(run)
    forgotten = image_list("forgotten", found)
    assert (np.diff(found.events[forgotten]) <= 0).all()
    assert found.events[forgotten[0]] == found.events.max()
    unforgettable = image_list("unforgettable", found)
    assert (np.diff(found.first_right[unforgettable]) >= 0).all()
    assert len(forgotten) + len(unforgettable) + len(image_list("never", found)) == 597


def test_neighbours_are_the_nearest_by_differing_outcomes(run):
    correct = run.array("images/correct").astype(int)
    label = run.array("images/label")
    for image in (0, 44, 596):
        differing = (correct != correct[image]).sum(axis=1)
        others = [i for i in range(len(correct)) if i != image]
        wanted = sorted(others, key=lambda i: (differing[i], label[i] != label[image], i))[:8]
        found = neighbours(run, image)
        assert [entry.image for entry in found] == wanted
        assert [entry.differing for entry in found] == [differing[i] for i in wanted]


def test_images_of_a_class_come_in_each_order(run):
    label = run.array("images/label")
    own = np.flatnonzero(label == 3)
    assert images_of_class(run, 3, "index").tolist() == own.tolist()
    by_forgetting = images_of_class(run, 3, "forgetting")
    assert sorted(by_forgetting) == own.tolist()
    assert (np.diff(image_forgetting(run).events[by_forgetting]) <= 0).all()
    alike = images_of_class(run, 3, "similarity")
    assert sorted(alike) == own.tolist()
    correct = run.array("images/correct").astype(int)
    steps = [np.abs(np.diff(correct[order], axis=0)).sum() for order in (alike, own)]
    assert steps[0] < steps[1]
