"""Clusters and orders of series."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import psutil
import pytest

from deeptracker.dashboard.data.leaf_order import leaf_order, spawned_leaf_order
from deeptracker.dashboard.data.similarity import MOST_INLINE, similarity_tree

# What a server does whose page asks for an order that takes many seconds.
SEARCHING = """
import threading, time
import numpy as np
from multiprocessing import active_children
from deeptracker.dashboard.data.leaf_order import spawned_leaf_order
from deeptracker.dashboard.data.similarity import similarity_tree
tree = similarity_tree(np.random.default_rng(3).standard_normal((700, 9)))
threading.Thread(target=spawned_leaf_order, args=(tree.linkage, tree.series)).start()
while not active_children():
    time.sleep(0.01)
print("begun", flush=True)
"""


def families(count, each, columns=30):
    """Series in families: members differ by little, families by much."""
    random = np.random.default_rng(5)
    centres = random.standard_normal((count, columns)) * 10
    family = random.permutation(np.repeat(np.arange(count), each))
    return centres[family] + random.standard_normal((len(family), columns)), family


def length(series, order):
    return sum(np.linalg.norm(series[a] - series[b]) for a, b in pairwise(order))


def test_clusters_are_the_families_that_the_series_were_made_from():
    series, family = families(7, 6)
    label = similarity_tree(series).clusters(7)
    assert len(set(zip(label, family, strict=True))) == 7
    assert set(label) == set(range(7))


@pytest.mark.parametrize("count", [2, 5, 9])
def test_a_cluster_stands_together_in_the_order(count):
    series, _ = families(6, 5)
    tree = similarity_tree(series)
    along = tree.clusters(count)[tree.order]
    assert len(set(along)) == count
    assert (np.diff(along) != 0).sum() == count - 1
    assert list(along) == sorted(along)


def test_the_optimal_order_is_no_longer_than_the_trees_own():
    from scipy.cluster.hierarchy import leaves_list

    series = np.random.default_rng(2).standard_normal((60, 12))
    tree = similarity_tree(series)
    assert sorted(tree.order) == list(range(60))
    assert length(series, tree.order) < length(series, leaves_list(tree.linkage))


def test_the_order_found_in_another_process_is_the_same():
    tree = similarity_tree(np.random.default_rng(3).standard_normal((40, 9)))
    here = leaf_order(tree.linkage, tree.series)
    assert spawned_leaf_order(tree.linkage, tree.series).tolist() == here.tolist()


def test_other_threads_go_on_while_another_process_searches():
    tree = similarity_tree(np.random.default_rng(3).standard_normal((600, 9)))
    beats = [time.monotonic()]
    with ThreadPoolExecutor(1) as threads:
        found = threads.submit(spawned_leaf_order, tree.linkage, tree.series)
        while not found.done():
            time.sleep(0.01)
            beats.append(time.monotonic())
    started = time.monotonic()
    leaf_order(tree.linkage, tree.series)
    assert max(np.diff(beats)) < time.monotonic() - started


def test_the_searching_process_ends_with_the_one_that_was_killed():
    with subprocess.Popen(
        [sys.executable, "-c", SEARCHING], stdout=subprocess.PIPE, text=True
    ) as searching:
        assert searching.stdout.readline() == "begun\n"
        processes = psutil.Process(searching.pid).children(recursive=True)
        assert any("spawn_main" in " ".join(process.cmdline()) for process in processes)
        searching.kill()
    _, left = psutil.wait_procs(processes, timeout=60)
    assert not left


def test_many_series_have_a_plain_order_until_the_optimal_one_is_found():
    series = np.random.default_rng(4).standard_normal((MOST_INLINE + 20, 6))
    tree = similarity_tree(series)
    assert not tree.has_optimal_order
    plain = tree.order
    found = tree.find_optimal_order()
    assert similarity_tree(series).has_optimal_order
    assert similarity_tree(series).order.tolist() == found.tolist()
    assert length(series, found) < length(series, plain)


def test_columns_beyond_the_compared_ones_are_averaged():
    random = np.random.default_rng(6)
    step = np.repeat(random.standard_normal((20, 256)), 4, axis=1)
    pooled = similarity_tree(step).series
    assert pooled.shape == (20, 256)
    np.testing.assert_allclose(pooled, step[:, ::4], rtol=1e-5)
