"""Straightforward NumPy twins of what the pipeline stores, in float64, from the recorded values."""

import numpy as np


def node_values(log, iteration, name, *, gradient=False):
    """All weights at and below a node, from the log's own bytes."""
    from deeptracker.pipeline.sources import open_source, read_values, to_float

    source = open_source(log)
    found = []
    for parameter in source.parameters:
        if name in ("", parameter.name) or parameter.name.startswith(name + "."):
            ref = source.locate(parameter.name, iteration, gradient)
            if ref is not None:
                raw = read_values(ref, 0, ref.size)
                found.append(to_float(raw, ref.dtype).astype(np.float64))
    return np.concatenate(found)


def node_statistics(values, previous, thresholds):
    """Every statistic of a node; None as `previous` where there is no earlier snapshot."""
    finite = values[np.isfinite(values)]
    found = {
        "count": finite.size,
        "nonfinite": values.size - finite.size,
        "sum": finite.sum(),
        "mean": finite.mean(),
        "std": finite.std(),
        "var": finite.var(),
        "min": finite.min(),
        "max": finite.max(),
        "norm0": np.count_nonzero(finite),
        "norm1": np.abs(finite).sum(),
        "norm2": np.sqrt((finite**2).sum()),
    }
    if previous is not None:
        both = np.isfinite(values) & np.isfinite(previous)
        change, before = (values - previous)[both], previous[both]
        found["update_ratio"] = np.linalg.norm(change) / np.linalg.norm(before)
        found["change_ratio"] = [
            np.mean(np.abs(change) > threshold * np.abs(before)) for threshold in thresholds
        ]
    return found


def quartiles(values):
    """The least weight whose rank reaches the share."""
    ordered = np.sort(values[np.isfinite(values)])
    ranks = [max(1, int(np.ceil(share * len(ordered)))) for share in (0.25, 0.5, 0.75)]
    return [ordered[rank - 1] for rank in ranks]


def filter_measures(values, previous):
    """Every filter measure; `values` and `previous` are [filter, weight]."""
    found = {
        "std": values.std(axis=1),
        "norm1": np.abs(values).sum(axis=1),
        "norm2": np.sqrt((values**2).sum(axis=1)),
    }
    if previous is not None:
        change = values - previous
        euclidean = np.sqrt((change**2).sum(axis=1))
        manhattan = np.abs(change).sum(axis=1)
        norms = np.linalg.norm(values, axis=1) * np.linalg.norm(previous, axis=1)
        found |= {
            "change_euclidean": euclidean,
            "change_manhattan": manhattan,
            "change_cosine": 1 - (values * previous).sum(axis=1) / norms,
            "change_relative_norm1": manhattan / np.abs(previous).sum(axis=1),
            "change_relative_norm2": euclidean / np.linalg.norm(previous, axis=1),
        }
    return found


def pyramid_level(values, weights_per_row):
    """Mean, min and max under each row."""
    starts = np.arange(0, len(values), weights_per_row)
    sizes = np.diff([*starts, len(values)])
    return {
        "mean": np.add.reduceat(values, starts) / sizes,
        "min": np.minimum.reduceat(values, starts),
        "max": np.maximum.reduceat(values, starts),
    }


def left_anomalies(correct, window):
    """Mark [image, t] where correctness was constant over the window before t and differs at t."""
    images, length = correct.shape
    found = np.zeros((images, length), bool)
    for image in range(images):
        for t in range(window, length):
            before = correct[image, t - window : t]
            found[image, t] = (before == before[0]).all() and correct[image, t] != before[0]
    return found


def anomalies(correct, window, rule):
    """Images anomalous by a rule; the right one is the left one on the reversed sequence."""
    left = left_anomalies(correct, window)
    right = left_anomalies(correct[:, ::-1], window)[:, ::-1]
    return {"left": left, "right": right, "full": left & right}[rule]
