"""Classes in groups, filtered and ordered, on the digits run and against loops."""

import numpy as np
import pytest

from deeptracker.dashboard.data.class_series import (
    ClassHistories,
    Listing,
    class_histories,
    given_groups,
    listed_classes,
    similar_groups,
)


@pytest.fixture
def histories(run):
    return class_histories(run, "left", 5)


def names_listed(run, **chosen):
    histories = class_histories(run, "left", 5)
    return [
        f"[{entry.group.label}]" if entry.group else histories.names[entry.number]
        for entry in listed_classes(run, Listing(**chosen), histories)
    ]


def test_error_of_classes_together_is_the_share_of_their_images(run, histories):
    label, correct = run.array("images/label"), run.array("images/correct")
    for members in ([3], [0, 4, 9], list(range(10))):
        images = np.isin(label, members)
        wrong = (correct[images] == 0).mean(axis=0)
        np.testing.assert_allclose(histories.error_of(np.array(members)), wrong, atol=1e-6)


def test_final_error_is_the_last_that_was_recorded():
    error = np.array([[0.5, 0.25, np.nan], [np.nan] * 3, [0.1, 0.2, 0.3]], np.float32)
    histories = ClassHistories("abc", np.ones(3, int), error, np.zeros((3, 3), np.int32))
    np.testing.assert_allclose(histories.final_error(), [0.25, -1, 0.3], rtol=1e-6)


def test_orders_sort_by_what_they_say(run, histories):
    assert names_listed(run) == [str(digit) for digit in range(10)]
    final = [histories.error[int(name), -1] for name in names_listed(run, order="error")]
    assert final == sorted(final, reverse=True)
    counts = [histories.counts[int(name)].sum() for name in names_listed(run, order="anomaly")]
    assert counts == sorted(counts, reverse=True)
    alike = names_listed(run, order="similarity")
    assert sorted(alike) == [str(digit) for digit in range(10)]
    assert [int(name) for name in alike] == histories.similarity().order.tolist()


def test_search_and_least_marks_keep_what_they_say(run, histories):
    assert names_listed(run, search="3, 7") == ["3", "7"]
    for threshold in (1, 4):
        marks = (histories.counts >= threshold).sum(axis=1)
        least = int(np.median(marks)) + 1
        wanted = [str(digit) for digit in range(10) if marks[digit] >= least]
        assert names_listed(run, threshold=threshold, least_marks=least) == wanted


def test_natural_order_puts_ten_behind_nine(run):
    names = ["class 10", "class 9", "Alpha"]
    nothing = np.zeros((3, 4))
    histories = ClassHistories(names, np.ones(3, int), nothing, nothing.astype(int))
    listed = listed_classes(run, Listing(), histories)
    assert [names[entry.number] for entry in listed] == ["Alpha", "class 9", "class 10"]


def test_clusters_hold_every_class_once_and_open_into_their_own(run, histories):
    chosen = {"grouping": "similarity", "clusters": 4}
    groups = similar_groups(histories, 4)
    assert sorted(np.concatenate([group.members for group in groups])) == list(range(10))
    assert len(names_listed(run, **chosen)) == len(groups) == 4
    shown = names_listed(run, **chosen, open_groups=[groups[1].key])
    place = shown.index(f"[{groups[1].label}]")
    inside = shown[place + 1 : place + 1 + len(groups[1].members)]
    assert sorted(map(int, inside)) == sorted(groups[1].members)


def test_a_search_unfolds_the_groups_of_what_it_finds(run):
    shown = names_listed(run, grouping="similarity", clusters=4, search="7")
    assert len(shown) == 2
    assert shown[1] == "7"


def test_class_names_that_are_paths_make_groups_in_groups():
    names = ["animal/dog/poodle", "animal/dog/terrier", "animal/cat", "tool/saw", "thing"]
    animal, tool = given_groups(names, {})
    assert animal.label == "animal"
    assert animal.members.tolist() == [0, 1, 2]
    assert [part.label for part in animal.parts] == ["dog"]
    assert animal.parts[0].members.tolist() == [0, 1]
    assert animal.direct_members().tolist() == [2]
    assert tool.members.tolist() == [3]


def test_recorded_groups_go_before_names():
    recorded = {"class_groups": {"round": ["0", "6", "9"], "other": {"straight": ["1", "7"]}}}
    groups = given_groups([str(digit) for digit in range(10)], recorded)
    assert {group.label: group.members.tolist() for group in groups} == {
        "round": [0, 6, 9],
        "other": [1, 7],
    }
    assert groups[1].parts[0].label == "straight"


def test_plain_names_have_no_given_groups():
    assert given_groups(["tench, Tinca tinca", "goldfish"], {"batch": 64}) == ()
