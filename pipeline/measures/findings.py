"""Health rules: what is wrong in a training, where and when.

Each rule is one small function from series to findings; `find_all` runs them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.measures.filter_anomalies import NORMAL_MAD

__all__ = [
    "RULES",
    "ClassSeries",
    "FilterSeries",
    "Finding",
    "FindingThresholds",
    "NodeSeries",
    "RunSeries",
    "find_all",
]

SEVERITIES = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    rule : str
        The rule's name.
    severity : {"error", "warning", "info"}
    node, class_ : str
        Where; empty where it does not apply.
    iteration : int
        When it began.
    value : float
        The number behind it.
    message : str
        A sentence.
    """

    rule: str
    severity: str
    node: str
    class_: str
    iteration: int
    value: float
    message: str


@dataclass(frozen=True)
class FindingThresholds:
    """When each rule speaks.

    Attributes
    ----------
    exploding_update_ratio : float
        norm2(D) / norm2(P) of a layer over which an update explodes.
    exploding_update_factor : float
        How many times its own median the ratio must be as well.
    vanishing_update_ratio : float
        Update ratio of a layer under which it hardly learns.
    dead_norm : float
        Root mean square weight under which a filter or layer is dead.
    still_snapshots : int
        Successive snapshots for which a layer must not learn, or a filter not change.
    saturated_error : float
        Error of a class from which it is never recognised.
    mass_flip_share : float
        Share of all images that flip at once.
    loss_spike_factor : float
        A loss so many times the median of those before it is a spike.
    forgetting_rise : float
        By how much a class's last error exceeds its least.
    history : int
        Snapshots that a value is compared with.
    per_rule : int
        Findings of one rule at most; the strongest stay.
    """

    exploding_update_ratio: float = 0.3
    exploding_update_factor: float = 5.0
    vanishing_update_ratio: float = 1e-7
    dead_norm: float = 1e-12
    still_snapshots: int = 10
    saturated_error: float = 0.99
    mass_flip_share: float = 0.1
    loss_spike_factor: float = 3.0
    forgetting_rise: float = 0.2
    history: int = 20
    per_rule: int = 50


@dataclass(frozen=True)
class NodeSeries:
    """Statistics of some nodes: float64 [node, column] by name, for columns with a snapshot."""

    names: Sequence[str]
    kinds: Sequence[str]
    iterations: np.ndarray
    statistics: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FilterSeries:
    """Filter measures of one parameter: float32 [filter, column], for columns with a snapshot."""

    parameter: str
    filter_size: int
    iterations: np.ndarray
    norm2: np.ndarray
    change: np.ndarray


@dataclass(frozen=True)
class ClassSeries:
    """Errors and flips of the classes: [class_, column], for columns with outcomes."""

    names: Sequence[str]
    sizes: np.ndarray
    iterations: np.ndarray
    error: np.ndarray
    flips: np.ndarray


@dataclass(frozen=True)
class RunSeries:
    """Everything the rules look at; what was not recorded is None or empty."""

    nodes: NodeSeries | None = None
    classes: ClassSeries | None = None
    filters: Iterable[FilterSeries] = ()
    scalar_iterations: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    scalars: Mapping[str, np.ndarray] = field(default_factory=dict)


def find_all(run: RunSeries, thresholds: FindingThresholds | None = None) -> list[Finding]:
    """Run every rule.

    Returns
    -------
    list of Finding
        The gravest first, then the strongest of each rule.
    """
    limits = thresholds or FindingThresholds()
    found: list[Finding] = []
    # The filters may be a generator over a long run: one walk serves both of their rules.
    filters = [finding for series in run.filters for finding in _filters(series, limits)]
    for rule in RULES:
        ours = [*rule(run, limits)]
        found += sorted(ours, key=lambda finding: -abs(finding.value))[: limits.per_rule]
    for name in ("dead_filter", "frozen_filter"):
        found += [finding for finding in filters if finding.rule == name][: limits.per_rule]
    return sorted(found, key=lambda finding: SEVERITIES[finding.severity])


def not_finite(run: RunSeries, _limits: FindingThresholds) -> Iterator[Finding]:
    """Find weights or gradients that are NaN or infinite."""
    for prefix, what in (("", "weights"), ("grad_", "gradients")):
        for node, name, counts in _series(run, f"{prefix}nonfinite", "parameter"):
            for column in _beginnings(counts > 0):
                yield Finding(
                    "not_finite",
                    "error",
                    name,
                    "",
                    int(node.iterations[column]),
                    float(counts[column]),
                    f"{name}: {counts[column]:.0f} {what} are NaN or infinite",
                )


def exploding_update(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find steps that are large against a layer's weights and against its own history."""
    for node, name, ratio in _series(run, "update_ratio", "layer"):
        usual = _median_before(ratio, limits.history)
        over = (ratio > limits.exploding_update_ratio) & (
            ratio > limits.exploding_update_factor * usual
        )
        for column in _beginnings(over):
            yield Finding(
                "exploding_update",
                "warning",
                name,
                "",
                int(node.iterations[column]),
                float(ratio[column]),
                f"{name}: moved by {ratio[column]:.0%} of its norm in one snapshot",
            )


def still_layer(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find layers that do not change at all (frozen), or hardly (vanishing)."""
    for node, name, ratio in _series(run, "update_ratio", "layer"):
        for rule, still, words in (
            ("frozen_layer", ratio == 0, "does not change"),
            (
                "vanishing_update",
                (ratio > 0) & (ratio < limits.vanishing_update_ratio),
                "hardly changes",
            ),
        ):
            for first, length in _stretches(still):
                if length >= limits.still_snapshots:
                    yield Finding(
                        rule,
                        "warning",
                        name,
                        "",
                        int(node.iterations[first]),
                        float(length),
                        f"{name}: {words} for {length} snapshots",
                    )


def dead_layer(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find layers all of whose weights are zero."""
    for node, name, norm in _series(run, "norm2", "layer"):
        for column in _beginnings(norm <= limits.dead_norm):
            yield Finding(
                "dead_layer",
                "error",
                name,
                "",
                int(node.iterations[column]),
                float(norm[column]),
                f"{name}: all weights are zero",
            )


def saturated_class(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find classes that are never recognised, to the end of the training."""
    classes = run.classes
    if classes is None or not classes.error.size:
        return
    for number, name in enumerate(classes.names):
        stretches = _stretches(classes.error[number] >= limits.saturated_error)
        columns = classes.error.shape[1]
        for first, length in stretches:
            if first + length == columns and length >= min(limits.still_snapshots, columns):
                yield Finding(
                    "saturated_class",
                    "warning",
                    "",
                    name,
                    int(classes.iterations[first]),
                    float(length),
                    f"class {name}: never recognised in the last {length} snapshots",
                )


def mass_flip(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find iterations at which far more images flip than before."""
    classes = run.classes
    if classes is None or not classes.flips.size:
        return
    flips = classes.flips.sum(axis=0).astype(np.float64)
    images = max(1, int(np.sum(classes.sizes)))
    over = flips >= limits.mass_flip_share * images
    over &= flips > _median_before(flips, limits.history) + 6 * _spread_before(
        flips, limits.history
    )
    for column in _beginnings(over):
        yield Finding(
            "mass_flip",
            "warning",
            "",
            "",
            int(classes.iterations[column]),
            float(flips[column]),
            f"{flips[column]:.0f} of {images} images changed their correctness at once",
        )


def loss_spike(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find losses far above those before them."""
    for name in ("train_loss", "validation_loss"):
        if name not in run.scalars:
            continue
        loss = np.asarray(run.scalars[name], np.float64)
        known = np.flatnonzero(np.isfinite(loss))
        values = loss[known]
        usual = _median_before(values, limits.history)
        over = values > limits.loss_spike_factor * usual
        over &= values > usual + 6 * _spread_before(values, limits.history)
        for column in _beginnings(over):
            yield Finding(
                "loss_spike",
                "warning",
                "",
                "",
                int(run.scalar_iterations[known[column]]),
                float(values[column]),
                f"{name} rose to {values[column]:.3g}, {values[column] / usual[column]:.1f} times "
                "what was usual",
            )


def forgetting(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find classes that were recognised better earlier."""
    classes = run.classes
    if classes is None or not classes.error.size:
        return
    for number, name in enumerate(classes.names):
        error = classes.error[number].astype(np.float64)
        known = np.flatnonzero(np.isfinite(error))
        if not known.size:
            continue
        best = known[np.argmin(error[known])]
        rise = error[known[-1]] - error[best]
        if rise > limits.forgetting_rise:
            yield Finding(
                "forgetting",
                "warning",
                "",
                name,
                int(classes.iterations[best]),
                float(rise),
                f"class {name}: the error rose by {rise:.0%} from its least",
            )


def _filters(series: FilterSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find filters that are zero, or do not change, to the end of the training."""
    layer = series.parameter.rpartition(".")[0] or series.parameter
    size = np.sqrt(max(1, series.filter_size))
    for rule, still, words in (
        ("dead_filter", series.norm2 <= limits.dead_norm * size, "is zero"),
        ("frozen_filter", series.change == 0, "does not change"),
    ):
        at_end = still.shape[1] - 1 - np.argmin(still[:, ::-1], axis=1)
        lengths = np.where(still.all(axis=1), still.shape[1], still.shape[1] - 1 - at_end)
        for row in np.flatnonzero(lengths >= limits.still_snapshots):
            first = still.shape[1] - int(lengths[row])
            yield Finding(
                rule,
                "info",
                layer,
                "",
                int(series.iterations[first]),
                float(lengths[row]),
                f"{series.parameter}: filter {row} {words} in the last {lengths[row]} snapshots",
            )


RULES = (
    not_finite,
    exploding_update,
    still_layer,
    dead_layer,
    saturated_class,
    mass_flip,
    loss_spike,
    forgetting,
)


def _series(
    run: RunSeries, statistic: str, kind: str
) -> Iterator[tuple[NodeSeries, str, np.ndarray]]:
    nodes = run.nodes
    if nodes is None or statistic not in nodes.statistics:
        return
    for number, (name, its_kind) in enumerate(zip(nodes.names, nodes.kinds, strict=True)):
        if its_kind == kind:
            yield nodes, name, np.asarray(nodes.statistics[statistic][number])


def _stretches(marks: np.ndarray) -> list[tuple[int, int]]:
    """Give (first, length) of every run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    return [
        (int(first), int(end - first)) for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def _beginnings(marks: np.ndarray) -> list[int]:
    return [first for first, _ in _stretches(marks)]


def _median_before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the median of the `history` values before each; infinite below five."""
    before = _before(values, history)
    finite = np.where(np.isfinite(before), before, np.nan)
    known = np.isfinite(before).sum(axis=1)
    return np.where(known >= 5, _median(finite), np.inf)


def _spread_before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the deviation usual among the values before each; 0 where there is no median."""
    middle = _median_before(values, history)
    usual = np.isfinite(middle)
    deviations = np.abs(_before(values, history) - np.where(usual, middle, 0)[:, None])
    return np.where(usual, NORMAL_MAD * _median(deviations), 0.0)


def _before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the `history` values before each, [column, before]; NaN where there are fewer."""
    padded = np.concatenate([np.full(history, np.nan), np.asarray(values, np.float64)])
    return np.lib.stride_tricks.sliding_window_view(padded, history)[: len(values)]


def _median(rows: np.ndarray) -> np.ndarray:
    """Give the median of each row's numbers; NaN, which sort last, are none."""
    ordered = np.sort(rows, axis=1)
    count = np.maximum((~np.isnan(rows)).sum(axis=1), 1)
    low, high = (
        np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
        for place in ((count - 1) // 2, count // 2)
    )
    # Of two infinite values the sum over two is not the middle.
    return np.where(low == high, low, (low + high) / 2)
